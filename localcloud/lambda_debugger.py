"""Lets a person look into one function while everything else runs: it waits for a debugger, and nothing hurries it.

Its worker runs the repository's own files, so that a breakpoint needs no path mapping, and finds debugpy behind all
that Lambda would give it. The time-outs that would end it meanwhile are lifted: the function's and the states'.
"""

from __future__ import annotations

import json
import os
import threading
from typing import Any

from ministack.core import lambda_runtime as stock_runtime
from ministack.services import lambda_svc
from ministack.services.cloudformation import provisioners

from localcloud import asl_interpreter
from localcloud.cloud import A_DAY
from localcloud.lambda_runtime import PythonWorker

_debugged: dict[str, Any] = {}
_alone = threading.Lock()  # one port, one worker, one call at a time


def is_debugged(config: dict[str, Any]) -> bool:
    """True for the function with the wanted logical id, in whichever stack."""
    return f"-{_debugged['logical_id']}-" in config["FunctionName"]


class DebuggedWorker(PythonWorker):
    """A worker that listens for a debugger before it loads the function."""

    def __init__(self, func_name: str, config: dict[str, Any], code_zip: bytes) -> None:
        super().__init__(func_name, {**config, "Timeout": int(A_DAY)}, code_zip)

    def _environment(self, api_port: int) -> dict[str, str]:
        usual, root = super()._environment(api_port), _debugged["sources"][0]
        path = [*_debugged["sources"], usual["PYTHONPATH"], _debugged["libraries"]]
        return {
            **usual,
            "LAMBDA_TASK_ROOT": root,
            "PYTHONPATH": os.pathsep.join(path),
            "PYTHONBREAKPOINT": "debugpy.breakpoint",
            "LOCALCLOUD_DEBUG_PORT": str(_debugged["port"]),
        }

    def _await_init(self, _: float | None = None) -> None:
        super()._await_init(A_DAY)


def unhurried(definition: str) -> str:
    """A state machine's definition without the time-outs of its states."""
    document = json.loads(definition)
    for state in document["States"].values():
        state.pop("TimeoutSeconds", None)
    return json.dumps(document)


def install(debugged: dict[str, Any] | None) -> None:
    """Give the function that is looked into a worker of its own kind; nothing where there is none."""
    if not debugged:
        return
    _debugged.update(debugged)
    asl_interpreter.READ_SECONDS = A_DAY
    stock_class, stock_run = stock_runtime._worker_class_for, lambda_svc._execute_function_warm
    stock_definition = provisioners._sfn_definition

    def run(func: dict[str, Any], event: Any, request_id: str) -> Any:
        if not is_debugged(func.get("config") or func):
            return stock_run(func, event, request_id)
        with _alone:
            return stock_run(func, event, request_id)

    stock_runtime._worker_class_for = lambda config: DebuggedWorker if is_debugged(config) else stock_class(config)
    lambda_svc._execute_function_warm = run
    provisioners._sfn_definition = lambda properties: unhurried(stock_definition(properties))
