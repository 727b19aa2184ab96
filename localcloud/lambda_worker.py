"""What runs inside a Lambda worker: AWS's own runtime interface client, in a process that dies with the cloud.

Run by the interpreter of `.workshop/lambda`, which has awslambdaric and boto3 and nothing of this repository.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import runpy
import signal
import socket
import sys
import threading
import time
from pathlib import Path
from types import ModuleType
from typing import Any


def die_with_the_cloud() -> None:
    """The cloud holds the other end of standard input; when it is gone, take the whole worker along."""
    while os.read(0, 1024):
        pass
    os.killpg(os.getpid(), signal.SIGKILL)


def provide_runtime_client() -> None:
    """Put this folder's `runtime_client` where awslambdaric looks for its own, on a machine that has no build of it."""
    with contextlib.suppress(ImportError):
        importlib.import_module("runtime_client")
        return
    load_from_here("runtime_client")


def load_from_here(name: str) -> ModuleType:
    """Import a module of this folder, which is not on the import path."""
    spec = importlib.util.spec_from_file_location(name, Path(__file__).with_name(name + ".py"))
    if spec is None or spec.loader is None:
        raise ImportError(name)
    sys.modules[name] = module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def listen_to_a_director() -> None:
    """Let this worker's effects go wrong where a director says so; only a cloud started with one has the variable."""
    if os.environ.get("LOCALCLOUD_DIRECTOR"):
        hooks = load_from_here("fault_hooks")
        hooks.hook_runtime_client()
        hooks.hook_botocore()
        hooks.hook_requests()


def wait_for_debugger(port: int) -> None:
    """Listen where the cloud was told to, and load nothing of the function before somebody is there."""
    debugpy: Any = importlib.import_module("debugpy")  # of .workshop/debug
    while True:  # the port is free once the debugger has left the worker that was here before
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            break
        time.sleep(0.1)
    debugpy.configure(subProcess=False)
    debugpy.listen(("127.0.0.1", port))
    print(f"waiting for a debugger on 127.0.0.1:{port}", flush=True)
    debugpy.wait_for_client()


if __name__ == "__main__":
    threading.Thread(target=die_with_the_cloud, daemon=True).start()
    provide_runtime_client()
    listen_to_a_director()
    if "LOCALCLOUD_DEBUG_PORT" in os.environ:
        wait_for_debugger(int(os.environ["LOCALCLOUD_DEBUG_PORT"]))
    sys.argv = ["awslambdaric", os.environ["_HANDLER"]]
    runpy.run_module("awslambdaric", run_name="__main__", alter_sys=True)
