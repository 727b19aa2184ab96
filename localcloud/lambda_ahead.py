"""Starts the functions that a state machine will call when all goes well, as soon as a stack makes it.

One worker each, one after the other, in the order of the calls: a second processor has something to do while the first
one deploys and answers. Lambda may do so too; AWS's page on the execution environment calls it proactive
initialization. What cannot start says so when it is called.
"""

from __future__ import annotations

import contextlib
import contextvars
import functools
import json
import queue
import re
import threading
from collections.abc import Callable
from typing import Any

from ministack.core import lambda_runtime
from ministack.services import lambda_svc, stepfunctions
from ministack.services.cloudformation import provisioners

FUNCTION = re.compile(r"^arn:aws:lambda:.*:function:([\w-]+)$")
_waiting: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()


def road(machine: dict[str, Any]) -> list[dict[str, Any]]:
    """The states on the way to the end where each question has its first answer that leads on: not round in a loop, not
    to a failure.
    """
    passed: dict[str, dict[str, Any]] = {}
    name = machine["StartAt"]
    while name:
        state = passed[name] = machine["States"][name]
        ways = [rule["Next"] for rule in state.get("Choices", [])] or [state.get("Next")]
        name = next((way for way in ways if way not in passed and not fails(machine, way)), None)
    return list(passed.values())


def fails(machine: dict[str, Any], name: str | None) -> bool:
    return bool(name) and machine["States"][name]["Type"] == "Fail"


def functions_on_the_road(definition: str) -> list[str]:
    """The names of the functions that those states call, in their order."""
    found = [FUNCTION.search(str(state.get("Resource"))) for state in road(json.loads(definition))]
    return [match[1] for match in found if match]


def start_ahead(name: str) -> None:
    """Start a worker of this function unless it has one; a call that comes meanwhile waits for it."""
    func = lambda_svc._functions.get(name) or {}
    config, code = func.get("config", {}), func.get("code_zip")
    if not code or not config["Runtime"].startswith("python"):
        return
    if lambda_runtime._workers.get(lambda_runtime._worker_key(name, config, config["Version"])):
        return
    worker, _ = lambda_runtime.acquire_worker(name, config, code, qualifier=config["Version"])
    with worker._lock:
        lambda_runtime.release_worker(worker)
        if worker._proc is None:
            worker._spawn()


def work() -> None:
    """Start what is waiting, for as long as the cloud lives."""
    while True:
        start = _waiting.get()
        with contextlib.suppress(Exception):  # the call that needs it will fail in the same way, and tell
            start()


def followed(make: Callable[..., Any]) -> Callable[..., Any]:
    """MiniStack's way to make or change a state machine, and then its functions' turn to be started."""

    @functools.wraps(make)
    def handler(*arguments: Any, **more: Any) -> Any:
        made = make(*arguments, **more)
        for name in functions_on_the_road(stepfunctions._state_machines[made[0]]["definition"]):
            account = contextvars.copy_context()  # MiniStack keeps the account and the region of a request there
            _waiting.put(functools.partial(account.run, start_ahead, name))
        return made

    return handler


def install() -> None:
    """Wrap what CloudFormation calls for a state machine."""
    handlers = provisioners._RESOURCE_HANDLERS["AWS::StepFunctions::StateMachine"]
    handlers.update({how: followed(handlers[how]) for how in ("create", "update")})
    threading.Thread(target=work, name="start-ahead", daemon=True).start()
