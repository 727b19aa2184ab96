"""Plug-in 1: Lambda functions run on AWS's own runtime interface client, each worker with a clean environment.

MiniStack's own Python worker reports every exception as Runtime.HandlerError, so that no Retry or Catch by class name
would ever match. This one is MiniStack's Runtime API server with a different program in front of it; what that program
finds is in `lambda_sandbox`.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import queue
import select
import signal
import socketserver
import subprocess
import sys
import termios
import threading
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

from ministack.core import lambda_runtime
from ministack.services import lambda_svc

from localcloud.lambda_sandbox import unpack, worker_environment

# Further invocations wait for one of these: more than the processors can run are slower, not faster, at 60 MB each.
WORKERS_PER_FUNCTION = min(8, max(2, os.cpu_count() or 2))
LOG_LINES = 10_000
DRAIN_SECONDS = 2.0  # a bound, for a child of a worker that never stops talking or ending
_settings: dict[str, Any] = {}
_room: defaultdict[str, threading.BoundedSemaphore] = defaultdict(
    lambda: threading.BoundedSemaphore(WORKERS_PER_FUNCTION)
)


class WorkerProcess(subprocess.Popen[bytes]):
    """Ends with its children and at once, as Lambda ends a sandbox; SIGTERM would wait for the handler."""

    def terminate(self) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)

    kill = terminate


class RuntimeApi(socketserver.ThreadingTCPServer):
    """The Runtime API of one worker, on a free loopback port."""

    daemon_threads = True
    allow_reuse_address = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A worker that was killed leaves its connection broken; that is no news."""


class LoggedOutput:
    """Copies a worker's output into its function's log file on the way to CloudWatch Logs."""

    def __init__(self, stream: Any, path: Path) -> None:
        self.stream, self.log = stream, path.open("ab", buffering=0)
        self._rest, self._idle = b"", False
        self._readable = select.poll()
        self._readable.register(stream, select.POLLIN)

    def readline(self) -> bytes:
        while b"\n" not in self._rest:
            self._idle = True
            self._readable.poll()
            self._idle = False  # Before the pipe is emptied: see `is_drained`.
            piece = os.read(self.stream.fileno(), 65_536)
            if not piece:
                line, self._rest, self._idle = self._rest, b"", True
                break
            self._rest += piece
        else:
            line, newline, self._rest = self._rest.partition(b"\n")
            line += newline
        self.log.write(line.replace(b"\r", b"\n"))  # awslambdaric puts a traceback on one line
        return line

    def is_drained(self) -> bool:
        """True once everything written so far was handed on: nothing in the pipe, and the reader waits for more."""
        with contextlib.suppress(ValueError, OSError):  # closed: nothing will come
            waiting = int.from_bytes(fcntl.ioctl(self.stream.fileno(), termios.FIONREAD, bytes(4)), sys.byteorder)
            return waiting == 0 and self._idle
        return True

    def close(self) -> None:
        self.stream.close()
        self.log.close()


class PythonWorker(lambda_runtime.ProvidedWorker):  # type: ignore[misc]
    """MiniStack's worker for custom runtimes, which speaks the Runtime API, with awslambdaric on the other side."""

    def _spawn(self, init_timeout: float | None = None) -> None:
        self._teardown()
        generation = self._begin_generation()
        try:
            handler = self._build_handler_class(generation, self._pending)
            handler.disable_nagle_algorithm = True  # Or every invocation waits 40 to 90 ms for a delayed ACK.
            self._server = RuntimeApi(("127.0.0.1", 0), handler)
            self._server_thread = self._start("api", self._server.serve_forever, 0.1)
            self._proc = self._launch(self._server.server_address[1])
            log = Path(_settings["workdir"]) / f"lambda-{self.func_name}.log"
            self._output = LoggedOutput(self._proc.stdout, log)
            self._log_thread = self._start("log", self._pump_output, self._output, self._stderr_queue)
            self._await_init(init_timeout)
        except BaseException:
            self._teardown()
            raise

    def _begin_generation(self) -> int:
        with self._state_lock:
            self._generation += 1
            self._stopping = False
            for event in (self._first_poll, self._init_settled, self._response_ready):
                event.clear()
            self._init_error: Any = None
            self._result: dict[str, Any] = {}
            self._current_request_id = None
            self._pending: queue.Queue[Any] = queue.Queue(maxsize=1)
            self._stderr_queue: queue.Queue[str] = queue.Queue(maxsize=LOG_LINES)
            return int(self._generation)

    def _start(self, role: str, work: Any, *arguments: Any) -> threading.Thread:
        thread = threading.Thread(target=work, args=arguments, daemon=True, name=f"{role}-{self.func_name}")
        thread.start()
        return thread

    def _launch(self, api_port: int) -> WorkerProcess:
        environment = self._environment(api_port)
        return WorkerProcess(
            # -P: or the folder of the program would come first on the import path.
            [_settings["lambda_python"], "-P", str(Path(__file__).with_name("lambda_worker.py"))],
            cwd=environment["LAMBDA_TASK_ROOT"],
            env=environment,
            stdin=subprocess.PIPE,  # Never written to: its end is the worker's sign that the cloud is gone.
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def _environment(self, api_port: int) -> dict[str, str]:
        cache = Path(_settings["code_cache"])
        archives = [lambda_svc._resolve_layer_zip(layer) for layer in self.config.get("Layers") or []]
        layers = [unpack(archive, cache) for archive in archives if archive]
        return worker_environment(self.config, unpack(self.code_zip, cache), layers, api_port)

    def _await_init(self, init_timeout: float | None = None) -> None:
        try:
            super()._await_init(init_timeout)
        except RuntimeError as problem:
            if isinstance(self._init_error, dict):
                said, kind = self._init_error.get("errorMessage", ""), self._init_error.get("errorType", "")
                raise lambda_runtime.ProvidedRuntimeError(said, kind) from problem
            raise

    def _drain_stderr_bounded(self, **_: Any) -> str:
        """All lines of this invocation, which were written before its answer; none is left for the next or lost."""
        deadline = time.monotonic() + DRAIN_SECONDS
        while not self._output.is_drained() and time.monotonic() < deadline:
            time.sleep(0.001)
        lines = []
        with contextlib.suppress(queue.Empty):
            while True:
                lines.append(self._stderr_queue.get_nowait())
        return "\n".join(lines)


def run_python(func: dict[str, Any], event: Any, request_id: str) -> dict[str, Any]:
    """Run one invocation when one of the function's workers is free."""
    config = func.get("config") or func
    with _room[config.get("FunctionArn", "")]:
        result: dict[str, Any] = lambda_svc._execute_function_provided_warm(func, event, request_id)
        return result


def end_workers() -> None:
    """Kill every worker and wait until it is gone; the threads that served them end with this process."""
    with lambda_runtime._lock:
        doomed = [worker._proc for pool in lambda_runtime._workers.values() for worker in pool if worker._proc]
    for process in doomed:
        process.kill()
    for process in doomed:
        process.wait(DRAIN_SECONDS)


def install(settings: dict[str, Any]) -> None:
    """Put this runtime in place of MiniStack's for Python functions."""
    _settings.update(settings)
    stock = lambda_runtime._worker_class_for

    def worker_class_for(config: dict[str, Any]) -> Any:
        return PythonWorker if str(config.get("Runtime", "")).startswith("python") else stock(config)

    lambda_runtime._worker_class_for = worker_class_for
    lambda_svc._execute_function_warm = run_python
