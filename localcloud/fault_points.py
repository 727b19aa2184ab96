"""Shows a director the points at which the embedded cloud itself can fail, and does there what it answers.

The state machine's tasks, each entry into a state, each announcement of EventBridge to a function, each asynchronous
invocation. The director also hears when executions and asynchronous invocations begin and end, so that it knows when
nothing more will happen.
"""

from __future__ import annotations

import contextvars
import json
import os
import threading
from typing import Any

from ministack.services import eventbridge, lambda_svc, stepfunctions

from localcloud import asl_interpreter, lambda_queue
from localcloud.fault_hooks import SUBJECT, VARIABLE, Scene, ask, hook_botocore, replace, scene

_walking: contextvars.ContextVar[tuple[str, str]] = contextvars.ContextVar("walking", default=("", ""))


def tell(kind: str, text: str, /, **facts: Any) -> dict[str, Any]:
    """Say what happened to whom, if it is anybody's business."""
    found = SUBJECT.search(text)
    return ask({"kind": kind, "about": found.group(), **facts}) if found else {}


def input_of(env: Any) -> tuple[str, str]:
    """The ARN of the execution that an environment of the interpreter belongs to, and its input."""
    execution = env.states.context_object.context_object_data["Execution"]
    return str(execution["Id"]), json.dumps(execution["Input"])


def in_scene(stock: Any) -> Any:
    """A task's try, whose calls to services are its effects."""

    def eval_execution(self: Any, env: Any) -> None:
        arn, text = input_of(env)
        here = Scene(self.name, text, execution=arn)
        scene.set(here)  # the interpreter gives each try a thread of its own
        here.ask("before", "invocation")
        stock(self, env)

    return eval_execution


def entered(stock: Any) -> Any:
    """A state; the director may end the execution as it is entered, and then the state does nothing."""

    def eval_body(self: Any, env: Any) -> None:
        arn, text = input_of(env)
        _walking.set((arn, text))
        answer = tell("state", text, who=self.name, execution=arn, type=self.state_type.name)
        if answer.get("do") == "time out":
            env.set_timed_out()
        if env.is_running():
            stock(self, env)

    return eval_body


def counted(stock: Any) -> Any:
    """A pause of an execution, in a Wait state or between two tries: the director counts its seconds as written."""

    def scaled(seconds: float) -> float:
        arn, text = _walking.get()
        tell("pause", text, execution=arn, seconds=seconds)
        return float(stock(seconds))

    return scaled


def announce(stock: Any) -> Any:
    """An event on its way to a function: lost, doubled or late if the director says so."""

    def deliver(arn: str, payload: str) -> None:
        answer = tell("event", payload, who=arn, text=payload)
        if answer.get("do") != "lose":
            threading.Event().wait(float(answer.get("seconds", 0)))
            for _ in range(1 + (answer.get("do") == "double")):
                stock(arn, payload)
        tell("event handled", payload)

    def dispatch(arn: str, payload: str) -> None:
        tell("event announced", payload)
        context = contextvars.copy_context()  # MiniStack keeps the account there
        threading.Thread(target=context.run, args=(deliver, arn, payload), daemon=True).start()

    return dispatch


def accept(stock: Any) -> Any:
    """An asynchronous invocation on its way into Lambda's queue."""

    def take(func: dict[str, Any], event: Any) -> None:
        tell("invocation accepted", json.dumps(event))
        stock(func, event)

    return take


def deliver(stock: Any) -> Any:
    """An asynchronous invocation in the queue: over when a try succeeds or the event is given up."""

    def run(func: dict[str, Any], event: Any) -> str:
        given_up = str(stock(func, event))
        tell("invocation over", json.dumps(event), failed=bool(given_up))
        return given_up

    return run


def emit(stock: Any) -> Any:
    """The beginning or the end of an execution; told after its event, so that what the event starts is known first."""

    def emit_status(execution: dict[str, Any]) -> None:
        stock(execution)
        tell("execution", execution["input"], execution=execution["executionArn"], status=execution["status"])

    return emit_status


def with_director(stock: Any) -> Any:
    """A worker's variables, and where the director listens."""

    def variables(config: dict[str, Any]) -> dict[str, Any]:
        return {**stock(config), VARIABLE: os.environ[VARIABLE]}

    return variables


def install(director: str) -> None:
    """Put these around the embedded cloud's own; called when all the plug-ins are in."""
    os.environ[VARIABLE] = director
    hook_botocore()
    asl_interpreter.load()
    from moto.stepfunctions.parser.asl.component.state.exec.state_task.service.state_task_service import (
        StateTaskService,
    )
    from moto.stepfunctions.parser.asl.component.state.exec.state_task.state_task_lambda import StateTaskLambda
    from moto.stepfunctions.parser.asl.component.state.state import CommonStateField

    replace(asl_interpreter, scaled=counted(asl_interpreter.scaled))
    for task in (StateTaskService, StateTaskLambda):
        replace(task, _eval_execution=in_scene(task._eval_execution))
    replace(CommonStateField, _eval_body=entered(CommonStateField._eval_body))
    replace(eventbridge, _dispatch_to_lambda=announce(eventbridge._dispatch_to_lambda))
    replace(
        lambda_svc,
        invoke_async_with_retry=accept(lambda_svc.invoke_async_with_retry),
        _runtime_env_vars=with_director(lambda_svc._runtime_env_vars),
    )
    replace(lambda_queue, deliver=deliver(lambda_queue.deliver))
    replace(stepfunctions, _emit_execution_status_event=emit(stepfunctions._emit_execution_status_event))
