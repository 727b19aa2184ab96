"""The Amazon States Language interpreter that moto carries, with the few of its pieces that do not fit replaced.

Private to moto 5.2.5: the tests in tests/integration/test_embedded_cloud*.py are what an upgrade must pass.
"""

from __future__ import annotations

import functools
import hashlib
import os
import sys
import threading
import time
import types
from enum import StrEnum
from typing import Any

from ministack.services import stepfunctions, sts

READ_SECONDS = 910.0  # a function may take 900
_import_lock = threading.Lock()
_clients_lock = threading.Lock()


class _JobStatus(StrEnum):
    """The one name that the interpreter takes from moto's Batch service."""

    SUBMITTED, PENDING, RUNNABLE, STARTING = "SUBMITTED", "PENDING", "RUNNABLE", "STARTING"
    RUNNING, SUCCEEDED, FAILED = "RUNNING", "SUCCEEDED", "FAILED"


def load() -> types.ModuleType:
    """Import the interpreter, once; half a second to two, so `server` begins it in a thread beside its start."""
    with _import_lock:
        return _load()


@functools.cache
def _load() -> types.ModuleType:
    # moto.batch would import every EC2 instance type there is, which takes longer than all the rest.
    stand_in = types.ModuleType("moto.batch.utils")
    stand_in.JobStatus = _JobStatus  # type: ignore[attr-defined]
    sys.modules.setdefault("moto.batch.utils", stand_in)

    from jsonpath_ng.ext.parser import parse as jsonpath_parse
    from moto.stepfunctions.parser.asl.component.common.retry import retrier_decl
    from moto.stepfunctions.parser.asl.component.state.exec.state_task.state_task_lambda import StateTaskLambda
    from moto.stepfunctions.parser.asl.component.state.wait.wait_function.wait_function import WaitFunction
    from moto.stepfunctions.parser.asl.utils import json_path
    from moto.stepfunctions.parser.backend import execution_worker

    pauses = types.SimpleNamespace(sleep=lambda seconds: time.sleep(scaled(seconds)))
    replace(retrier_decl, "time", pauses)
    replace(json_path, "parse", functools.cache(jsonpath_parse))  # or each reference makes its grammar anew
    replace(WaitFunction, "_wait_interval", wait_interval)
    replace(StateTaskLambda, "_from_error", with_lambda_error_names(StateTaskLambda._from_error))
    for name, module in list(sys.modules.items()):
        if name.startswith("moto.stepfunctions.") and hasattr(module, "boto_client_for"):
            replace(module, "boto_client_for", client_for)
    return execution_worker


def replace(owner: Any, name: str, piece: Any) -> None:
    """Put a piece in place of one that must exist, so that an upgrade that moves it is noticed at once."""
    if not hasattr(owner, name):
        raise AttributeError(f"{owner.__name__} has no {name} to replace")
    setattr(owner, name, piece)


def scaled(seconds: float) -> float:
    """Read at every wait, so that a test can change the scale of a running cloud."""
    longest = float(os.environ.get("LOCALCLOUD_LONGEST_WAIT", "inf"))
    return max(0.0, min(seconds * float(stepfunctions._SFN_WAIT_SCALE), longest))


def wait_interval(_: Any, env: Any, wait_seconds: float) -> None:
    """A Wait state, scaled; moto's own rounds to whole seconds and never ends below one."""
    deadline = time.monotonic() + scaled(wait_seconds)
    while env.is_running() and (left := deadline - time.monotonic()) > 0:
        env.program_state_event.wait(min(left, 1.0))


def with_lambda_error_names(stock: Any) -> Any:
    """Name a refused invocation as AWS does (Lambda.TooManyRequestsException), where moto says `Exception`."""
    from botocore.exceptions import ClientError
    from moto.stepfunctions.parser.asl.component.common.error_name.custom_error_name import CustomErrorName

    def from_error(self: Any, env: Any, ex: Exception) -> Any:
        event = stock(self, env, ex)
        if isinstance(ex, ClientError):
            name = "Lambda." + ex.response["Error"]["Code"]
            event.error_name = CustomErrorName(name)
            event.event_details["lambdaFunctionFailedEventDetails"]["error"] = name
        return event

    return from_error


def client_for(region: str, service: str, state_credentials: Any = None) -> Any:
    """A client of this cloud with the state machine's role; moto's own has no identity and aims at port 5000."""
    role = state_credentials.role_arn if state_credentials else ""
    register_role_session(role)
    with _clients_lock:
        return _client(region, service, role)


@functools.cache
def _client(region: str, service: str, role: str) -> Any:
    import boto3
    from botocore.config import Config

    access_key, secret_key, token = role_keys(role)
    client = boto3.client(
        service,
        region_name=region,
        endpoint_url=os.environ["AWS_ENDPOINT_URL"],
        aws_access_key_id=access_key,
        aws_secret_access_key=secret_key,
        aws_session_token=token,
        # One attempt: retrying is the state machine's business.
        config=Config(
            retries={"total_max_attempts": 1}, read_timeout=READ_SECONDS, max_pool_connections=100, proxies={}
        ),
    )
    client.meta.events.register("after-call", ensure_request_id)
    return client


def ensure_request_id(parsed: dict[str, Any], **_: Any) -> None:
    """moto puts the request id into every cause, and not every answer of MiniStack has one."""
    parsed.setdefault("ResponseMetadata", {}).setdefault("RequestId", "00000000-0000-0000-0000-000000000000")


def role_keys(role: str) -> tuple[str, str, str]:
    """The access key, secret key and session token that stand for a role's session."""
    digest = hashlib.sha256(role.encode()).hexdigest()
    return "ASIA" + digest[:16].upper(), "secret" + digest, "token" + digest


def register_role_session(role: str) -> None:
    """Make the session known to MiniStack's IAM; every time, since a reset forgets it."""
    access_key, secret_key, token = role_keys(role)
    account, name = role.split(":")[4], role.rsplit("/", 1)[-1]
    sts.register_session(
        access_key,
        {
            "Arn": f"arn:aws:sts::{account}:assumed-role/{name}/states",
            "UserId": f"{name}:states",
            "SecretAccessKey": secret_key,
            "SessionToken": token,
        },
    )
