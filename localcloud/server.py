"""The embedded cloud's own process: MiniStack on an inherited socket, with the three plug-ins put in before it serves.

Started by `localcloud.cloud.start_cloud` only. It ends when its standard input does.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib
import json
import os
import resource
import sys
import threading
from pathlib import Path
from typing import Any


def prepare_environment(settings: dict[str, Any]) -> None:
    """MiniStack reads its settings from the environment while it is imported."""
    os.environ.update(
        GATEWAY_PORT=str(settings["port"]),
        MINISTACK_HOST="127.0.0.1",
        AWS_ENDPOINT_URL=f"http://127.0.0.1:{settings['port']}",
        AWS_ACCESS_KEY_ID="test",
        AWS_SECRET_ACCESS_KEY="test",
        AWS_DEFAULT_REGION=settings["region"],
        AUTH="true",  # IAM enforced, for the functions' roles and for the state machine's
        SFN_WAIT_SCALE=str(settings["wait_scale"]),
        LOCALCLOUD_LONGEST_WAIT=str(settings["longest_wait"]),
        LAMBDA_ACCOUNT_CONCURRENCY=str(settings["concurrency"]),  # MiniStack's default goes by the machine's memory
        IOT_MTLS_ENABLED="0",
        SFTP_ENABLED="0",
    )


def watch_parent() -> None:
    """End with the process that started this one; it holds the other end of standard input and never writes."""
    while os.read(0, 1024):
        pass
    threading.Timer(3.0, os._exit, (1,)).start()  # A worker that cannot be ended must not keep the cloud.
    with contextlib.suppress(Exception):
        from localcloud import lambda_runtime

        lambda_runtime.end_workers()  # Waits until they are gone, so that `stop` leaves nothing behind.
    os._exit(0)


def raise_file_limit() -> None:
    """A hundred executions at once hold more connections than the usual 1024 descriptors."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 65536) if hard > 0 else soft, hard))


def load_slow_parts() -> None:
    """What the first deployment needs and takes a second or two to import, while the cloud answers already."""
    from localcloud import asl_interpreter

    asl_interpreter.load()
    importlib.import_module("samtranslator.translator.transform")


def main() -> None:
    settings = json.loads(sys.argv[1])
    prepare_environment(settings)
    raise_file_limit()
    threading.Thread(target=watch_parent, name="watch-parent", daemon=True).start()

    from hypercorn.asyncio import serve
    from hypercorn.config import Config
    from ministack import app

    from localcloud import (
        gaps,
        lambda_ahead,
        lambda_debugger,
        lambda_queue,
        lambda_runtime,
        mail,
        step_functions,
        template_gaps,
    )

    lambda_runtime.install(settings)
    lambda_queue.install()
    step_functions.install()
    gaps.install()
    template_gaps.install()
    lambda_ahead.install()
    lambda_debugger.install(settings["debugged"])
    mail.install(Path(settings["workdir"]))
    if settings["director"]:
        from localcloud import fault_points

        fault_points.install(settings["director"])

    threading.Thread(target=load_slow_parts, name="load-slow-parts", daemon=True).start()
    config = Config()
    config.bind = [f"fd://{settings['fd']}"]
    config.keep_alive_timeout = 75
    config.loglevel = "WARNING"
    config.backlog = 256
    asyncio.run(serve(app.app, config))


if __name__ == "__main__":
    main()
