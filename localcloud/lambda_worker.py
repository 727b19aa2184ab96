"""What runs inside a Lambda worker: AWS's own runtime interface client, in a process that dies with the cloud.

Run by the interpreter of `.workshop/lambda`, which has awslambdaric and boto3 and nothing of this repository.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import runpy
import signal
import sys
import threading
import time
from pathlib import Path


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
    spec = importlib.util.spec_from_file_location("runtime_client", Path(__file__).with_name("runtime_client.py"))
    if spec and spec.loader:
        sys.modules["runtime_client"] = module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)


def live_at_another_time() -> None:
    """Shift `time.time` by LOCALCLOUD_CLOCK_OFFSET seconds, so that a test need not wait out a week.

    Only the function's own idea of the time moves: timeouts count by another clock, signatures and credentials by none.
    """
    offset, true_time = float(os.environ.get("LOCALCLOUD_CLOCK_OFFSET", "0")), time.time
    if offset:
        time.time = lambda: true_time() + offset


if __name__ == "__main__":
    threading.Thread(target=die_with_the_cloud, daemon=True).start()
    provide_runtime_client()
    live_at_another_time()
    sys.argv = ["awslambdaric", os.environ["_HANDLER"]]
    runpy.run_module("awslambdaric", run_name="__main__", alter_sys=True)
