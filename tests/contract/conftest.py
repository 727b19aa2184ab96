"""The real things that the adapters talk to: the embedded cloud, the provider simulator, and web servers."""

from __future__ import annotations

import functools
import itertools
import time
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

import boto3
import pytest
from segmind import SegmindClient

from checks.documents import TEMPLATE, load
from dropcut.adapters.s3 import S3Files
from dropcut.bootstrap import PLAIN, SIGNED
from localcloud.clips import make_clip
from localcloud.cloud import ADMINISTRATOR, Cloud, start_cloud
from localcloud.simulator import Simulator, start_simulator
from tests.contract.customers import REQUEST
from tests.contract.segmind_hosts import SegmindHosts
from tests.contract.storage import Storage
from tests.contract.web import Scripted, Shelf, serving
from tests.fakes.examples import INBOX, OUTBOX, WORKROOM
from tests.fakes.files import FakeFiles

_numbers = itertools.count()
KEYS = {
    "aws_access_key_id": ADMINISTRATOR["AWS_ACCESS_KEY_ID"],
    "aws_secret_access_key": ADMINISTRATOR["AWS_SECRET_ACCESS_KEY"],
}


@pytest.fixture(scope="session")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cloud]:
    with start_cloud(tmp_path_factory.mktemp("cloud"), wait_scale=0.01) as running:
        yield running


@pytest.fixture(scope="session")
def dynamodb(cloud: Cloud) -> Any:
    return boto3.resource("dynamodb", endpoint_url=cloud.endpoint, region_name=cloud.region, config=PLAIN, **KEYS)


@pytest.fixture
def netrc_and_proxy(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine with a password for the server in its netrc, and a proxy that does not answer."""
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login me password topsecret\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")


@pytest.fixture
def table(dynamodb: Any) -> Any:
    """An empty ledger table, as the template defines it."""
    properties = load(TEMPLATE)["Resources"]["LedgerTable"]["Properties"]
    wanted = {"BillingMode", "AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes"}
    definition = {name: value for name, value in properties.items() if name in wanted}
    return dynamodb.create_table(TableName=f"ledger-{next(_numbers)}", **definition)


@pytest.fixture(scope="session")
def s3(cloud: Cloud) -> Any:
    client = boto3.client("s3", endpoint_url=cloud.endpoint, region_name=cloud.region, config=SIGNED, **KEYS)
    for bucket in (INBOX, OUTBOX, WORKROOM):
        client.create_bucket(Bucket=bucket)
        if bucket != WORKROOM:
            client.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    return client


@pytest.fixture
def s3_files(s3: Any) -> S3Files:
    return S3Files(s3, lambda: (s3, time.time() + 3600), workroom=WORKROOM, outbox=OUTBOX)


@pytest.fixture(params=["fake", "s3"])
def exam(request: pytest.FixtureRequest) -> Storage:
    if request.param == "fake":
        fake = FakeFiles(time.time)
        return Storage(fake, lambda bucket, key, data, **metadata: fake.put(bucket, key, data, **metadata).version)
    s3 = request.getfixturevalue("s3")

    def put(bucket: str, key: str, data: bytes, **metadata: str) -> str:
        return str(s3.put_object(Bucket=bucket, Key=key, Body=data, Metadata=metadata)["VersionId"])

    return Storage(request.getfixturevalue("s3_files"), put)


@pytest.fixture
def folder(request: pytest.FixtureRequest) -> str:
    """A folder of this test's own: S3's buckets are shared."""
    return f"{request.node.name}/"


@pytest.fixture
def server() -> Iterator[Scripted]:
    """A web server that says what it is told to."""
    scripted = Scripted()
    with serving(scripted):
        yield scripted


@pytest.fixture(scope="session")
def clip_url() -> Iterator[str]:
    """Where the provider can fetch a good clip of three seconds."""
    clip: Path = make_clip(seconds=3)
    shelf = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Shelf, directory=str(clip.parent)))
    with serving(shelf) as address:
        yield f"{address}/{clip.name}?X-Amz-Signature=topsecret"


@pytest.fixture(scope="session")
def simulator_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Simulator]:
    with start_simulator(tmp_path_factory.mktemp("simulator"), queue_seconds=0.0, history_seconds=0.0) as running:
        yield running


@pytest.fixture
def simulator(simulator_process: Simulator) -> Simulator:
    """A provider that remembers nothing and takes its time."""
    simulator_process.reset(generation_seconds=60.0)
    return simulator_process


@pytest.fixture
def hosts(simulator: Simulator, monkeypatch: pytest.MonkeyPatch) -> SegmindHosts:
    """The provider's own host names, answered by the simulator."""
    return SegmindHosts(simulator.url, monkeypatch)


@pytest.fixture
def sdk(hosts: SegmindHosts, simulator: Simulator) -> Iterator[SegmindClient]:
    """The official SDK's client as its users make it; closed here, for which it has no word of its own."""
    client = SegmindClient(api_key=simulator.api_key)
    yield client
    client._client.close()


@pytest.fixture
def request_body(simulator: Simulator, clip_url: str) -> dict[str, Any]:
    """A good request, to a provider that is quick."""
    simulator.settings(generation_seconds=0.05)
    return {**REQUEST, "video_url": clip_url}
