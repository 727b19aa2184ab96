"""What a Lambda worker finds: its variables, its role's credentials, the task root, the layers; and boto3.

Nothing else, so that a dependency missing from a layer is missing here too.
"""

from __future__ import annotations

import functools
import hashlib
import io
import os
import shutil
import tempfile
import zipfile
from pathlib import Path
from typing import Any

from ministack.core import lambda_runtime
from ministack.services import lambda_svc


def worker_environment(config: dict[str, Any], task_root: Path, layers: list[Path], api_port: int) -> dict[str, str]:
    """What Lambda sets for a function, the function's variables, and where this cloud is."""
    name, log = config["FunctionName"], config.get("LoggingConfig") or {}
    region, libraries = os.environ["AWS_DEFAULT_REGION"], [task_root, *layers]
    return {
        **{key: str(value) for key, value in lambda_svc._runtime_env_vars(config).items()},
        **{key: value for key, value in lambda_runtime.execution_credentials(config).items() if value},
        "_HANDLER": config["Handler"],
        "AWS_EXECUTION_ENV": "AWS_Lambda_" + config["Runtime"],
        "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(config.get("MemorySize", 128)),
        "AWS_LAMBDA_FUNCTION_NAME": name,
        "AWS_LAMBDA_FUNCTION_VERSION": config.get("Version", "$LATEST"),
        "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
        "AWS_LAMBDA_LOG_FORMAT": log.get("LogFormat", "Text"),
        "AWS_LAMBDA_LOG_LEVEL": log.get("ApplicationLogLevel", ""),
        "AWS_LAMBDA_LOG_GROUP_NAME": log.get("LogGroup", "/aws/lambda/" + name),
        "AWS_LAMBDA_LOG_STREAM_NAME": "localcloud",
        "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{api_port}",
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ENDPOINT_URL": os.environ["AWS_ENDPOINT_URL"],
        "LAMBDA_TASK_ROOT": str(task_root),
        "HOME": tempfile.gettempdir(),
        "TMPDIR": tempfile.gettempdir(),
        "LANG": "en_US.UTF-8",
        "TZ": ":UTC",
        "PATH": os.defpath,
        "PYTHONPATH": os.pathsep.join([str(task_root), *(str(layer / "python") for layer in layers)]),
        "LD_LIBRARY_PATH": os.pathsep.join(str(root / "lib") for root in libraries),
    }


@functools.lru_cache(maxsize=64)
def digest_of(archive: bytes) -> str:
    """A package's name by its content; each start of a worker asks again, and a layer has tens of megabytes."""
    return hashlib.sha256(archive).hexdigest()


def unpack(archive: bytes, cache: Path) -> Path:
    """The folder of a package, unpacked once for every cloud on this machine, so that its bytecode is kept too."""
    folder = cache / digest_of(archive)
    if folder.is_dir():
        os.utime(folder)
        return folder
    cache.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(dir=cache, prefix="unfinished-"))
    with zipfile.ZipFile(io.BytesIO(archive)) as package:
        lambda_svc._extract_zip_preserving_mode(package, str(unfinished))
    try:
        unfinished.rename(folder)
    except OSError:  # Another worker was quicker.
        shutil.rmtree(unfinished, ignore_errors=True)
    return folder
