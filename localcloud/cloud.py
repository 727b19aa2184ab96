"""Starts and stops the embedded cloud: MiniStack in a process of its own, on loopback, with IAM enforced.

    with start_cloud(Path(".workshop/run")) as cloud:
        cloud.client("s3").list_buckets()

The cloud lives as long as the pipe to its standard input: when this process ends, however it ends, the cloud and
its Lambda workers end too. Its state is in memory and goes with it.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import math
import os
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from localcloud.loopback import direct

REPOSITORY = Path(__file__).resolve().parent.parent
WORKSHOP = REPOSITORY / ".workshop"
ADMINISTRATOR = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}  # MiniStack's root credentials
READ_SECONDS = 60.0
A_DAY = 86_400.0  # a person who looks at variables is in no hurry
CONCURRENCY = 1000  # functions at once: an account's usual limit; a young one may have 10
PATIENCE_SECONDS = 60.0  # a start takes about 1 s; this is for a machine that is busy with something else


class CloudFailed(Exception):
    """The embedded cloud did not start; the text ends with the last lines of its log."""


class Cloud:
    """A running embedded cloud. Use `start_cloud`; it is also a context manager that stops it."""

    region = "us-east-1"
    account_id = "000000000000"

    def __init__(self, process: subprocess.Popen[bytes], port: int, workdir: Path, *, read_seconds: float) -> None:
        self.endpoint = f"http://127.0.0.1:{port}"
        self.workdir = workdir
        self._read_seconds = read_seconds
        self._process = process
        self._clients: dict[str, Any] = {}
        self._lock = threading.Lock()

    @property
    def pid(self) -> int:
        return self._process.pid

    def client(self, service: str) -> Any:
        """A boto3 client with administrator credentials; one per service, safe to share between threads."""
        with self._lock:
            if service not in self._clients:
                self._clients[service] = self._new_client(service)
            return self._clients[service]

    def _new_client(self, service: str) -> Any:
        import boto3
        from botocore.config import Config

        return boto3.client(
            service,
            endpoint_url=self.endpoint,
            region_name=self.region,
            aws_access_key_id=ADMINISTRATOR["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=ADMINISTRATOR["AWS_SECRET_ACCESS_KEY"],
            config=Config(
                signature_version="s3v4" if service == "s3" else None,
                read_timeout=self._read_seconds,
                max_pool_connections=32,
                proxies={},
            ),
        )

    def environment(self) -> dict[str, str]:
        """What `aws` and `sam` need in their environment to talk to this cloud."""
        where = {"AWS_ENDPOINT_URL": self.endpoint, "AWS_REGION": self.region, "AWS_DEFAULT_REGION": self.region}
        return {**where, **ADMINISTRATOR}

    def set_wait_scale(self, wait_scale: float) -> None:
        """Change how long the state machines' waits and retry pauses last from now on (1.0: as written)."""
        self._post("/_ministack/config", {"stepfunctions._SFN_WAIT_SCALE": wait_scale})

    def _post(self, path: str, body: dict[str, Any]) -> None:
        request = urllib.request.Request(self.endpoint + path, json.dumps(body).encode(), method="POST")
        with direct().open(request, timeout=PATIENCE_SECONDS):
            pass

    def is_running(self) -> bool:
        return self._process.poll() is None

    def stop(self) -> None:
        """End the cloud and its workers; nothing is left. May be called twice."""
        for client in self._clients.values():
            client.close()
        self._clients.clear()
        stdin = self._process.stdin
        if stdin is not None and not stdin.closed:
            with contextlib.suppress(OSError):
                stdin.close()
        try:
            self._process.wait(timeout=5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()


@dataclass(frozen=True)
class Debugged:
    """A function that runs from the repository and waits for a debugger (see `lambda_debugger`)."""

    logical_id: str  # as the template has it
    sources: list[str]  # folders: its own, then those that are looked at before the layers
    libraries: str  # the folder that holds debugpy
    port: int


def start_cloud(
    workdir: Path,
    *,
    wait_scale: float = 1.0,
    longest_wait: float = math.inf,
    port: int = 0,
    debugged: Debugged | None = None,
    director: str = "",
    concurrency: int = CONCURRENCY,
) -> Cloud:
    """Start an embedded cloud that logs under `workdir`, and return when it answers.

    `wait_scale` multiplies the pauses of the state machines and of Lambda's queue, not their time limits, and none of
    them then lasts more than `longest_wait` real seconds; `port` 0 takes a free one. While `concurrency` functions run,
    Lambda answers a further call with TooManyRequestsException and keeps a further event in its queue. A `director`
    (host:port) is asked at every effect what shall go wrong there: see localcloud/fault_hooks.py. Raises CloudFailed.
    """
    workdir.mkdir(parents=True, exist_ok=True)
    # The cloud inherits a socket that listens already: nobody else can take the port, and an early request waits.
    with listen(port) as listener:
        port = listener.getsockname()[1]
        settings = {
            "fd": listener.fileno(),
            "port": port,
            "wait_scale": wait_scale,
            "longest_wait": longest_wait,
            "director": director,
            "concurrency": concurrency,
            "workdir": str(workdir.resolve()),
            "region": Cloud.region,
            "lambda_python": str(WORKSHOP / "lambda" / "bin" / "python"),
            "code_cache": str(WORKSHOP / "build" / "code"),
            "debugged": debugged and asdict(debugged),
        }
        process = spawn(settings, listener.fileno(), workdir)
        cloud = Cloud(process, port, workdir, read_seconds=A_DAY if debugged else READ_SECONDS)
    try:
        importlib.import_module("boto3")  # every caller needs it next, and it takes as long as the cloud's start
        wait_until_healthy(cloud)
    except BaseException:
        cloud.stop()
        raise
    return cloud


def listen(port: int) -> socket.socket:
    """A socket that listens on loopback; raises CloudFailed where the port is taken or may not be used."""
    try:
        return socket.create_server(("127.0.0.1", port), backlog=256)
    except OSError as problem:
        raise CloudFailed(f"Port {port} cannot be used: {problem.strerror}. Port 0 takes a free one.") from problem


def spawn(settings: dict[str, Any], fd: int, workdir: Path) -> subprocess.Popen[bytes]:
    """Start the process, away from this terminal's Ctrl-C and from the user's AWS settings."""
    scratch = workdir.resolve() / "tmp"
    scratch.mkdir(exist_ok=True)
    environment = {name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL") if name in os.environ}
    environment.update(HOME=str(scratch), TMPDIR=str(scratch), PYTHONPATH=str(REPOSITORY))
    with (workdir / "cloud.log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "localcloud.server", json.dumps(settings)],
            cwd=REPOSITORY,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            pass_fds=[fd],
            start_new_session=True,
        )


def wait_until_healthy(cloud: Cloud) -> None:
    """One request is enough: it waits in the socket's queue until the cloud serves it, or fails when the cloud dies."""
    try:
        with direct().open(cloud.endpoint + "/_ministack/health", timeout=PATIENCE_SECONDS):
            return
    except (OSError, urllib.error.URLError) as problem:
        log = (cloud.workdir / "cloud.log").read_text(errors="replace").splitlines()[-20:]
        raise CloudFailed(f"The embedded cloud did not start: {problem}\n" + "\n".join(log)) from problem
