"""What runs inside a Lambda worker: AWS's own runtime interface client, in a process that dies with the cloud.

Run by the interpreter of `.workshop/lambda`, which has awslambdaric and boto3 and nothing of this repository.
"""

from __future__ import annotations

import os
import runpy
import signal
import sys
import threading


def die_with_the_cloud() -> None:
    """The cloud holds the other end of standard input; when it is gone, take the whole worker along."""
    while os.read(0, 1024):
        pass
    os.killpg(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    threading.Thread(target=die_with_the_cloud, daemon=True).start()
    sys.argv = ["awslambdaric", os.environ["_HANDLER"]]
    runpy.run_module("awslambdaric", run_name="__main__", alter_sys=True)
