"""Plug-in 1's queue: an asynchronous invocation is tried as long as Lambda tries it, so that a busy machine loses none.

MiniStack gives every event three tries. Lambda counts only those in which the function ran and failed; an event that
found no room, or met an error of the service, goes back to the queue for up to six hours (Lambda Developer Guide, on
errors and retries of asynchronous invocations). The pauses are scaled as the state machine's are. The six hours are
not, as no time limit is: an event is never lost because this machine is slow.
"""

from __future__ import annotations

import contextvars
import logging
import threading
import time
from typing import Any

from ministack.services import lambda_svc

from localcloud.asl_interpreter import scaled

FIRST_PAUSE, LONGEST_PAUSE = 1.0, 300.0  # seconds before an event that found no room is tried again, doubled each time
FAILURE_PAUSE = 60.0  # after the first failure; twice that after the second
RETRIES, MOST_AGE = 2, 21_600.0  # where the function's configuration says nothing else
LEAST_PAUSE = 0.05  # real seconds, however far the waits are scaled down: a queue must not spin
logger = logging.getLogger("localcloud.lambda_queue")


def deliver(func: dict[str, Any], event: Any) -> str:
    """Invoke a function until it succeeds; return "" then, and else why the event went to its failure destination."""
    settings = func.get("event_invoke_config") or (func.get("event_invoke_configs") or {}).get("$LATEST") or {}
    left, most_age = settings.get("MaximumRetryAttempts", RETRIES), settings.get("MaximumEventAgeInSeconds", MOST_AGE)
    began, throttled, failed = time.monotonic(), 0, 0
    while True:
        result = attempt(as_it_is_now(func), event)
        if not result.get("error"):
            return ""
        if result.get("throttle"):
            pause = min(LONGEST_PAUSE, FIRST_PAUSE * 2 ** min(throttled, 10))
            throttled += 1
        else:
            failed += 1
            pause = FAILURE_PAUSE * failed
        pause = max(LEAST_PAUSE, scaled(pause))
        over = "RetriesExhausted" if failed > left else ""
        if over or time.monotonic() - began + pause > most_age:
            give_up(func, settings, event, result)
            return over or "EventAgeExceeded"
        time.sleep(pause)


def as_it_is_now(func: dict[str, Any]) -> dict[str, Any]:
    """Return the function's record of this moment: its code, variables or concurrency may have changed meanwhile."""
    config = func.get("config") or func
    record, config_now, _ = lambda_svc._get_func_record_for_ref(config["FunctionArn"])
    if not record or not config_now:
        return func
    changed = lambda_svc._execution_record_for_config(record, {**config_now, "FunctionArn": config["FunctionArn"]})
    return dict(changed)


def attempt(func: dict[str, Any], event: Any) -> dict[str, Any]:
    """Try once; an error of this cloud is no failure of the function, and the event goes back to the queue."""
    try:
        return dict(lambda_svc._execute_function(func, event))
    except Exception:
        logger.exception("%s could not be invoked; its event is tried again", name_of(func))
        return {"error": True, "throttle": True}


def give_up(func: dict[str, Any], settings: dict[str, Any], event: Any, result: dict[str, Any]) -> None:
    """Send an event to where the function's failures go."""
    config = func.get("config") or func
    target = (settings.get("DestinationConfig") or {}).get("OnFailure", {}).get("Destination")
    target = target or (config.get("DeadLetterConfig") or {}).get("TargetArn")
    logger.warning("%s: an event is given up%s", name_of(func), "" if target else ", and nobody gets it")
    if target:
        lambda_svc._route_async_failure(target, name_of(func), event, result)


def name_of(func: dict[str, Any]) -> str:
    return str((func.get("config") or func).get("FunctionName", "a function"))


def accept(func: dict[str, Any], event: Any) -> None:
    """Take an event and return at once."""

    def run() -> None:
        account, region = lambda_svc._account_region_from_function_config(func.get("config") or func)
        lambda_svc._request_account_id.set(account)
        lambda_svc._request_region.set(region)
        deliver(func, event)

    context = contextvars.copy_context()
    threading.Thread(target=context.run, args=(run,), name=f"queue-{name_of(func)}", daemon=True).start()


def install() -> None:
    """Put this queue in place of MiniStack's; what announces events looks the name up at every call."""
    lambda_svc.invoke_async_with_retry = accept
