"""Plug-in 3: what MiniStack 1.5.33 leaves out and the application needs, one small fix each."""

from __future__ import annotations

import contextvars
import fnmatch
import functools
import json
import logging
import re
from typing import Any

from ministack.core import iam_evaluator
from ministack.core.iam_evaluator import enforce
from ministack.core.router import extract_access_key_id, extract_region
from ministack.services import dynamodb, eventbridge, lambda_svc, s3

logger = logging.getLogger("localcloud.gaps")
_version_id: contextvars.ContextVar[str | None] = contextvars.ContextVar("version_id", default=None)
_stock_fire = s3._fire_s3_event
_stock_dispatch = eventbridge._dispatch_event
_stock_invoke = eventbridge._invoke_target
_stock_s3 = s3.handle_request
_stock_update = dynamodb._apply_update_expression

CLAUSE = re.compile(r"(?<![#:\w.])(SET|REMOVE|ADD|DELETE)(?=\s)", re.IGNORECASE)
PATH = r"[#\w][\w.#\[\]-]*"
ACTIONS = {  # what one action of a clause looks like
    "SET": re.compile(rf"{PATH}\s*=[^=]+", re.DOTALL),
    "REMOVE": re.compile(PATH),
    "ADD": re.compile(rf"{PATH}\s+:\w+"),
    "DELETE": re.compile(rf"{PATH}\s+:\w+"),
}


def fire_s3_event(*arguments: Any, version_id: str | None = None, **rest: Any) -> None:
    """Remember the version for `dispatch_event`: MiniStack knows it here, and leaves it out of the event there."""
    token = _version_id.set(version_id)
    try:
        _stock_fire(*arguments, version_id=version_id, **rest)
    finally:
        _version_id.reset(token)


def dispatch_event(event: dict[str, Any], view: Any = None) -> None:
    """Put `version-id` into an S3 event of a versioned bucket, as AWS does."""
    version_id = _version_id.get()
    if event.get("Source") == "aws.s3" and version_id and version_id != "null":
        detail = json.loads(event["Detail"])
        detail["object"]["version-id"] = version_id
        event, view = {**event, "Detail": json.dumps(detail)}, None
    _stock_dispatch(event, view)


def invoke_target(target: dict[str, Any], event: dict[str, Any], rule: dict[str, Any], view: Any = None) -> None:
    """Spare a function that does not let the rule invoke it; the event goes to the target's dead-letter queue."""
    arn = target.get("Arn", "")
    if arn.startswith("arn:aws:lambda:") and not may_invoke(arn, rule["Arn"]):
        logger.warning("%s may not invoke %s", rule["Arn"], arn)
        queue = (target.get("DeadLetterConfig") or {}).get("Arn")
        if queue:
            _stock_invoke({"Arn": queue}, event, rule, view)
        return
    _stock_invoke(target, event, rule, view)


def may_invoke(function_arn: str, rule_arn: str) -> bool:
    """True if the function's resource policy lets EventBridge invoke it for this rule."""
    found = lambda_svc.function_policy_for_arn(function_arn)
    for statement in found[0].get("Statement", []) if found else []:
        principal = statement.get("Principal")
        conditions = statement.get("Condition") or {}
        sources = [value.get("AWS:SourceArn") or value.get("aws:SourceArn") or "*" for value in conditions.values()]
        if principal == {"Service": "events.amazonaws.com"} and all(fnmatch.fnmatchcase(rule_arn, s) for s in sources):
            return True
    return False


def dispatch_to_lambda(arn: str, payload: str) -> None:
    """Invoke asynchronously, through Lambda's queue and its failure destination; MiniStack tries once."""
    function, config, name = lambda_svc._get_func_record_for_ref(arn)
    if not function or not config:
        logger.warning("no function %s", name)
        return
    lambda_svc.invoke_async_with_retry(lambda_svc._execution_record_for_config(function, config), json.loads(payload))


async def handle_s3(
    method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, Any], **more: Any
) -> Any:
    """Answer 403, not 404, for a missing key to who may not list the bucket: a code path that AWS is known for."""
    answer = await _stock_s3(method, path, headers, body, query, **more)
    if answer[0] == 404 and method in ("GET", "HEAD") and "versionId" not in query and not more.get("internal"):
        bucket, key = s3._parse_bucket_key(path, headers)
        if key and s3._ensure_bucket(bucket) is not None and not may_list(bucket, headers, query):
            return s3._error("AccessDenied", "Access Denied", 403)
    return answer


def may_list(bucket: str, headers: dict[str, str], query: dict[str, Any]) -> bool:
    """True if the caller of this request has s3:ListBucket on the bucket."""
    caller, region = extract_access_key_id(headers, query), extract_region(headers, query)
    return enforce(caller, "s3:ListBucket", "s3", region, resource_arn=f"arn:aws:s3:::{bucket}") is None


@functools.lru_cache(4096)
def compile_wildcards(pattern: str, ignore_case: bool) -> re.Pattern[str]:
    """An IAM pattern whose * and ? stand for any character, a line break in an S3 key included."""
    parts = {"*": ".*", "?": "."}
    regex = "".join(parts.get(character) or re.escape(character) for character in pattern)
    return re.compile(rf"{regex}\Z", re.DOTALL | (re.IGNORECASE if ignore_case else 0))


def problem_in_update(expression: str) -> str | None:
    """What DynamoDB refuses about an update expression, in its words, or None."""
    _, *rest = CLAUSE.split(expression)
    clauses = [name.upper() for name in rest[::2]]
    for name, body in zip(clauses, rest[1::2], strict=True):
        if clauses.count(name) > 1:
            return f'Invalid UpdateExpression: The "{name}" section can only be used once in an update expression;'
        for action in re.split(r",(?![^(]*\))", body):
            if not ACTIONS[name].fullmatch(action.strip()):
                return f'Invalid UpdateExpression: Syntax error; near: "{action.strip()}"'
    return None


def apply_update(item: dict[str, Any], expression: str, *rest: Any, **more: Any) -> Any:
    """Refuse an action in the wrong clause; MiniStack takes `REMOVE a, b = :b` and removes b."""
    problem = problem_in_update(expression)
    if problem:
        raise ValueError(problem)
    return _stock_update(item, expression, *rest, **more)


def install() -> None:
    """Put these in place of MiniStack's; it looks the names up at every call."""
    iam_evaluator._fnmatch_compile = compile_wildcards
    s3._fire_s3_event = fire_s3_event
    s3.handle_request = handle_s3
    dynamodb._apply_update_expression = apply_update
    eventbridge._dispatch_event = dispatch_event
    eventbridge._invoke_target = invoke_target
    eventbridge._dispatch_to_lambda = dispatch_to_lambda
