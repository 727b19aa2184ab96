"""The whole application, standing on this machine: embedded cloud, provider simulator, and this repository's template.

with stand_up(workdir) as standing:
    standing.cloud.client("s3").upload_file("beach.mp4", standing.outputs["InboxBucket"], "trip/beach.mp4")
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from localcloud.cloud import CONCURRENCY, Cloud, Debugged, start_cloud
from localcloud.deploy import deploy
from localcloud.simulator import Simulator, start_simulator

STACK = "dropcut"
API_KEY_PARAMETER = "/dropcut/api-key"


@dataclass(frozen=True)
class Standing:
    """What stands: the cloud, the provider, and the outputs of the deployed template."""

    cloud: Cloud
    provider: Simulator
    outputs: dict[str, str]


@contextlib.contextmanager
def stand_up(
    workdir: Path,
    *,
    speed: float = 1.0,
    port: int = 0,
    parameters: Mapping[str, str] | None = None,
    provider: Mapping[str, Any] | None = None,
    debugged: Debugged | None = None,
    concurrency: int = CONCURRENCY,
) -> Iterator[Standing]:
    """Start everything, deploy, and stop everything at the end.

    `speed` divides the provider's times and the state machine's waits alike; `parameters` are the template's and
    `provider` the simulator's settings that differ; `debugged` is the function that waits for a debugger; no more than
    `concurrency` functions run at once. Raises CloudFailed, SimulatorFailed, DeployFailed, PackagingFailed.
    """
    with (
        beside(lambda: start_simulator(workdir, time_scale=1 / speed, **(provider or {}))) as simulated,
        start_cloud(workdir, wait_scale=1 / speed, port=port, debugged=debugged, concurrency=concurrency) as cloud,
    ):
        simulator = simulated()
        put_api_key(cloud, simulator.api_key)
        wanted = {**local_parameters(simulator.url), **(parameters or {})}
        yield Standing(cloud, simulator, deploy(cloud, stack_name=STACK, parameters=wanted))


@contextlib.contextmanager
def beside(start: Callable[[], Simulator]) -> Iterator[Callable[[], Simulator]]:
    """Start the simulator while the caller starts the cloud, a processor each; what it gives waits for it."""
    with ThreadPoolExecutor(max_workers=1) as thread:
        starting = thread.submit(start)
        try:
            yield starting.result
        finally:
            if not starting.exception():
                starting.result().stop()


def put_api_key(cloud: Cloud, api_key: str, name: str = API_KEY_PARAMETER) -> None:
    """What a person does once before `sam deploy`."""
    cloud.client("ssm").put_parameter(Name=name, Value=api_key, Type="SecureString", Overwrite=True)


def local_parameters(provider_url: str) -> dict[str, str]:
    """The template's parameters that must differ on a laptop; all else is what a real deployment has."""
    return {
        "ApiKeyParameterName": API_KEY_PARAMETER,
        "ProviderUrl": provider_url,
        "ProviderHistoryUrl": provider_url,
        "ResultHosts": provider_url,
        "RequireTls": "false",  # plain http on loopback; a Deny on that would shut everybody out
    }
