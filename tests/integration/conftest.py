"""One embedded cloud for each process that runs tests, with the probe application in it."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from localcloud.cloud import Cloud, start_cloud
from localcloud.deploy import deploy
from tests.integration.machines import Machines

PROBE = Path(__file__).parent / "fixtures" / "embedded_cloud"


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    """A running embedded cloud whose waits take a hundredth of their time."""
    with start_cloud(tmp_path_factory.mktemp("cloud"), wait_scale=0.01) as running:
        yield running


@pytest.fixture(scope="session")
def probe(cloud: Cloud) -> dict[str, str]:
    """The outputs of the probe application, deployed once."""
    cloud.client("ssm").put_parameter(Name="/embedded-cloud/secret", Value="open sesame", Type="SecureString")
    cloud.client("ssm").put_parameter(Name="/embedded-cloud/other", Value="not yours", Type="SecureString")
    return deploy(cloud, stack_name="probe", parameters={"Stage": "integration"}, root=PROBE)


@pytest.fixture
def unique() -> Callable[[str], str]:
    """Names that no other test uses."""
    return lambda prefix: f"{prefix}-{uuid.uuid4().hex[:10]}"


@pytest.fixture
def machines(cloud: Cloud, probe: dict[str, str], unique: Callable[[str], str]) -> Machines:
    return Machines(cloud, probe, unique)
