"""One stand for each process that runs tests: the embedded cloud, the provider's simulator, and this template."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from localcloud.clips import make_clip
from localcloud.messages import watch_topic
from localcloud.standing import Standing, stand_up

pytest.register_assert_rewrite("tests.e2e.outcomes", "tests.e2e.stand")  # or a failed assertion shows no values

from tests.e2e.debugging import announce, debugged  # noqa: E402
from tests.e2e.local_powers import Powers  # noqa: E402
from tests.e2e.stand import Stand, unique  # noqa: E402

WAIT_SCALE = 0.005  # the state machine's minute lasts 0.3 s
PARAMETERS = {
    "MaxUsdPerDay": "10000",
    "MaxEditsInFlight": "20",
    "FirstWaitSeconds": "120",  # 0.6 s: by then a generation is done
    "SettleSeconds": "120",
    "HalfWaitMinutes": "1",
}
PROVIDER = {"generation_seconds": 0.3, "queue_seconds": 0.05, "history_seconds": 0.1, "credits": 10_000.0}

LONGEST = ("test_readme_commands.py", "test_resolve.py", "test_faults.py")  # minutes each


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin the longest of these files before the others, or at the end one process works and the rest watch."""
    here = Path(__file__).parent
    mine = iter(
        sorted((item for item in items if item.path.parent == here), key=lambda it: it.path.name not in LONGEST)
    )
    items[:] = [next(mine) if item.path.parent == here else item for item in items]


@pytest.fixture(scope="session")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standing]:
    """Everything started and deployed once."""
    folder = tmp_path_factory.mktemp("stand")
    with stand_up(folder, parameters=PARAMETERS, provider=PROVIDER, debugged=debugged()) as standing:
        announce(standing.cloud)
        standing.cloud.set_wait_scale(WAIT_SCALE)
        yield standing


@pytest.fixture(scope="session")
def _shared(standing: Standing) -> Iterator[Stand]:
    with watch_topic(standing.cloud, standing.outputs["NotificationTopicArn"]) as watch:
        yield Stand(standing.cloud, standing.outputs, standing.provider, watch)


@pytest.fixture
def stand(_shared: Stand) -> Iterator[Stand]:
    """The stand, whose books are looked at after each test: no attempt was ever sent to be accepted twice."""
    yield _shared
    accepted = Counter(post["video_url"] for post in _shared.provider.requests() if post["accepted"])
    assert [url for url, times in accepted.items() if times > 1] == [], "an attempt was bought twice"
    assert _shared.provider.faults()["waiting"] == [], "a fault was queued and never met"


@pytest.fixture
def powers(stand: Stand) -> Powers:
    """Power over the embedded cloud below the stand."""
    return Powers(stand, WAIT_SCALE)


@pytest.fixture
def deaf_to_uploads(powers: Powers) -> Iterator[None]:
    """Nobody hears of an upload while the test runs, unless it lets them."""
    powers.announce_uploads(False)
    yield
    powers.announce_uploads(True)


@pytest.fixture
def folder() -> str:
    """A folder of this test's own, with its slash."""
    return unique("trip") + "/"


@pytest.fixture(scope="session")
def clip() -> bytes:
    """Three seconds with sound, the shortest that the provider takes."""
    return make_clip(seconds=3.0).read_bytes()
