"""Plug-in 2: MiniStack keeps the Step Functions API, and moto's interpreter runs the executions, as their role.

MiniStack's own interpreter calls services in-process, so that the state machine's role is never checked; it drops SNS
MessageAttributes, ignores the machine's TimeoutSeconds and a retrier's MaxDelaySeconds, and takes a dangling Next.
Not replaced: task tokens and activities, which the application does not use.
"""

from __future__ import annotations

import contextvars
import functools
import json
import logging
import re
import threading
from typing import Any

from ministack.core.responses import error_response_json, json_response, now_iso
from ministack.services import stepfunctions
from ministack.services.cloudformation import provisioners

from localcloud import asl_interpreter

INPUT_LIMIT = 262_144  # bytes, as in AWS
logger = logging.getLogger("localcloud.step_functions")
_live: dict[str, Any] = {}  # the interpreter's environment of each running execution, to stop it


def run_execution(execution_arn: str) -> None:
    """Run one execution to its end; called in a thread of its own by MiniStack's StartExecution."""
    execution = stepfunctions._executions[execution_arn]
    machine = stepfunctions._state_machines[execution["stateMachineArn"]]
    worker = new_worker(execution, machine)
    try:
        worker._execution_logic()
        if _live.get(execution_arn) is worker.env:  # else it was stopped, and redriven before its last task was over
            record_outcome(execution, worker.env)
    except Exception as problem:
        logger.exception("%s", execution_arn)
        stepfunctions._fail_execution(execution, "States.Runtime", str(problem))
    finally:
        if _live.get(execution_arn) is worker.env:
            _live.pop(execution_arn, None)


def new_worker(execution: dict[str, Any], machine: dict[str, Any]) -> Any:
    """moto's worker for this execution; its history is the one that GetExecutionHistory shows, while it runs too."""
    interpreter = asl_interpreter.load()
    from moto.stepfunctions.parser.asl.eval import evaluation_details as details

    arn, role, left = execution["executionArn"], machine["roleArn"], execution.pop("left_at", None)
    _, _, _, region, account, *_ = arn.split(":")

    class Worker(interpreter.ExecutionWorker):  # type: ignore[name-defined, misc]
        def _get_evaluation_entrypoint(self) -> Any:
            return parsed(beginning_at(left["name"], machine["definition"]) if left else machine["definition"])

        def _get_evaluation_environment(self) -> Any:
            env = super()._get_evaluation_environment()
            if left:
                env.states.reset(left["input"])
                env.event_manager._history_event_list += execution["events"]
                env.event_manager._event_id_gen._next_id = len(execution["events"]) + 1
            execution["events"] = env.event_manager._history_event_list
            _live[arn] = env
            return env

    class Silent(interpreter.ExecutionWorkerCommunication):  # type: ignore[name-defined, misc]
        def terminated(self) -> None:
            """`run_execution` waits for the end itself."""

    return Worker(
        details.EvaluationDetails(
            details.AWSExecutionDetails(account, region, role),
            details.ExecutionDetails(
                arn, execution["name"], role, json.loads(execution["input"]), execution["startDate"]
            ),
            details.StateMachineDetails(
                machine["stateMachineArn"], machine["name"], machine["type"], machine["definition"]
            ),
        ),
        Silent(),
        None,
        {},
    )


@functools.lru_cache(64)
def parsed(definition: str) -> Any:
    """A definition as the interpreter walks it, parsed once: it takes a fifth of a second, and executions share it."""
    from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser

    return AmazonStateLanguageParser.parse(definition)[0]


def beginning_at(state: str, definition: str) -> str:
    """The same state machine, entered at another state."""
    return json.dumps({**json.loads(definition), "StartAt": state})


def record_outcome(execution: dict[str, Any], env: Any) -> None:
    """Put the interpreter's final state into MiniStack's record, and tell EventBridge."""
    if execution["status"] != "RUNNING":  # stopped meanwhile
        return
    state = env.program_state()
    outcome = type(state).__name__
    if outcome == "ProgramEnded":
        execution["output"] = execution["events"][-1]["executionSucceededEventDetails"]["output"]
        execution["status"] = "SUCCEEDED"
    elif outcome == "ProgramTimedOut":
        # A copy: the interpreter adds the same event to its own list when the state it is in ends.
        execution["events"] = list(execution["events"])
        stepfunctions._add_event(execution, "ExecutionTimedOut", {"executionTimedOutEventDetails": {}})
        execution["status"] = "TIMED_OUT"
    else:
        failure = getattr(state, "error", None) or {}
        execution["error"], execution["cause"] = failure.get("error"), failure.get("cause")
        execution["status"] = "FAILED"
        entered = [event.get("stateEnteredEventDetails") for event in execution["events"]]
        if last := next(filter(None, reversed(entered)), None):
            execution["left_at"] = {"name": last["name"], "input": json.loads(last["input"])}
    execution["stopDate"] = now_iso()
    stepfunctions._emit_execution_status_event(execution)


def start_execution(data: dict[str, Any]) -> Any:
    """StartExecution with AWS's answer to a repeated name: the same ARN, while the input is that of a live one."""
    name, document = data.get("name"), data.get("input", "{}")
    if name is not None and not re.fullmatch(r"[^\x00-\x20\x7f-\x9f<>{}\[\]?*\"#%\\^|~`$&,;:/]{1,80}", name):
        return error_response_json("InvalidName", f"Invalid Name: '{name}'", 400)
    try:
        json.loads(document)
    except ValueError:
        return error_response_json("InvalidExecutionInput", "Invalid State Machine Execution Input", 400)
    if len(document.encode()) > INPUT_LIMIT:
        return error_response_json("ValidationException", f"input is longer than {INPUT_LIMIT} bytes", 400)
    machine = data.get("stateMachineArn", "")
    running = stepfunctions._executions.get(f"{machine.replace(':stateMachine:', ':execution:')}:{name}")
    if running and running["status"] == "RUNNING" and running["input"] == document:
        return json_response({"executionArn": running["executionArn"], "startDate": running["startDate"]})
    return _stock_start(data)


def stop_execution(data: dict[str, Any]) -> Any:
    """StopExecution that also ends the interpreter, so that the history stops there."""
    execution = stepfunctions._executions.get(data.get("executionArn"))
    env = _live.get(data.get("executionArn", ""))
    if execution:
        execution["events"] = list(execution["events"])
        if env is not None and env.is_running():
            execution["left_at"] = {"name": env.next_state_name, "input": env.states.get_input()}
    answer = _stock_stop(data)
    if env is not None:
        env.set_stop(stop_date=None, error=data.get("error"), cause=data.get("cause"))
    return answer


def redrive_execution(data: dict[str, Any]) -> Any:
    """RedriveExecution, which MiniStack does not have: go on under the same name in the state that did not succeed.

    As in AWS, for what failed or was stopped. Unlike there, not for what timed out, and the history says
    ExecutionStarted where AWS says ExecutionRedriven.
    """
    arn = data.get("executionArn", "")
    execution = stepfunctions._executions.get(arn)
    if execution is None:
        return error_response_json("ExecutionDoesNotExist", f"Execution {arn} not found", 400)
    if execution["status"] not in ("FAILED", "ABORTED") or "left_at" not in execution:
        return error_response_json("ExecutionNotRedrivable", f"Execution {arn} cannot be redriven", 400)
    _live.pop(arn, None)  # what a stopped one still does is nobody's outcome any more
    execution.update(status="RUNNING", stopDate=None, error=None, cause=None, output=None)
    stepfunctions._emit_execution_status_event(execution)
    context = contextvars.copy_context()  # MiniStack keeps the account there
    threading.Thread(target=context.run, args=(run_execution, arn), daemon=True).start()
    return json_response({"redriveDate": now_iso()})


async def handle_request(method: str, path: str, headers: Any, body: Any, query: Any) -> Any:
    """MiniStack's own dispatcher, and RedriveExecution."""
    if headers.get("x-amz-target", "").endswith(".RedriveExecution"):
        return stepfunctions._finalize_response(redrive_execution(json.loads(body)))
    return await _stock_handle(method, path, headers, body, query)


def problem_in_definition(definition: str) -> str | None:
    """What CreateStateMachine refuses in a definition, in words, or None."""
    try:
        document = json.loads(definition)
        asl_interpreter.load()
        from moto.stepfunctions.parser.asl.parse.asl_parser import AmazonStateLanguageParser

        AmazonStateLanguageParser.parse(definition)
    except Exception as problem:  # noqa: BLE001  (the parser raises whatever its grammar's visitors raise)
        said = re.sub(r" expecting \{.*?\}(?=$|')", "", str(problem), flags=re.DOTALL)  # a hundred words of grammar
        return f"Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: {said}'"
    missing = dangling_targets(document)
    if missing:
        return f"Invalid State Machine Definition: 'MISSING_TRANSITION_TARGET: {', '.join(missing)}'"
    return None


def dangling_targets(machine: Any) -> list[str]:
    """The names that StartAt, Next or Default lead to and that are no state, in this machine and those inside it."""
    states = machine.get("States", {})
    targets = [machine.get("StartAt")]
    missing = []
    for state in states.values():
        branches = [*state.get("Branches", []), state.get("Iterator"), state.get("ItemProcessor")]
        missing += [name for branch in branches if branch for name in dangling_targets(branch)]
        rules = [*state.get("Catch", []), *state.get("Choices", [])]
        targets += [state.get("Next"), state.get("Default"), *(rule.get("Next") for rule in rules)]
    return missing + [str(target) for target in targets if target is not None and target not in states]


def definition_from_template(properties: dict[str, Any]) -> str:
    """A template's definition with its substitutions made, YAML or JSON, refused at deploy as AWS refuses it."""
    import yaml

    definition = _stock_definition(properties)
    try:
        document = json.loads(definition)
    except ValueError:
        if any(isinstance(event, yaml.AliasEvent) for event in yaml.parse(definition)):
            raise provisioners._sfn_handler_error(
                "Invalid State Machine Definition: 'SCHEMA_VALIDATION_FAILED: CloudFormation resolves no YAML aliases'"
            ) from None
        document = yaml.safe_load(definition)
    definition = json.dumps(document)
    problem = problem_in_definition(definition)
    if problem:
        raise provisioners._sfn_handler_error(problem)
    return definition


_stock_handle = stepfunctions.handle_request
_stock_start = stepfunctions._start_execution
_stock_stop = stepfunctions._stop_execution
_stock_definition = provisioners._sfn_definition


def install() -> None:
    """Put these in place of MiniStack's; its dispatcher looks the names up at every call."""
    stepfunctions.handle_request = handle_request
    stepfunctions._run_execution = run_execution
    stepfunctions._start_execution = start_execution
    stepfunctions._stop_execution = stop_execution
    stepfunctions._validate_definition_jsonata = problem_in_definition
    provisioners._sfn_definition = definition_from_template
