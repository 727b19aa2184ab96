"""Whatever order uploads are announced in, however often, and wherever a start breaks off: the same edits begin."""

from __future__ import annotations

from contextlib import suppress

from hypothesis import given, settings
from hypothesis import strategies as st

from dropcut.domain.pairing import Pair, pairs_of
from dropcut.workflow.start_edit import start_edit
from tests.fakes.examples import INBOX
from tests.fakes.services import FakeServices, Interruption, Killed, die

NAMES = ("a.mp4", "a.mov", "a.json", "a.mp4.json", "A.MP4", "b.MP4", "b.JSON", "b.json", "b.mp4.mp4", "c.mp4",
         "c.d.json", "trip/a.mp4", "trip/a.json", "a.manifest.json", "_a.json", "notes.txt")  # fmt: skip
FILES = st.sets(st.sampled_from(NAMES), min_size=1)
MANY = settings(max_examples=120, deadline=None, derandomize=True)


def uploaded(files: set[str]) -> FakeServices:
    world = FakeServices()
    for name in sorted(files):
        world.files.put(INBOX, name, name.encode())
    return world


def started(world: FakeServices) -> set[Pair]:
    return {(drop.clip_key, drop.sidecar_key) for drop in world.executions.started.values()}


def expected(files: set[str]) -> set[Pair]:
    """The pairs that a person sees who looks at the folder."""
    return {pair for name in files for pair in pairs_of(name, sorted(files))}


@MANY
@given(st.data(), FILES)
def test_any_order_and_repetition_of_announcements_starts_the_same_drops(data: st.DataObject, files: set[str]) -> None:
    world, others = uploaded(files), uploaded(files)
    for name in sorted(files):
        start_edit(others, INBOX, name)
    for name in [*data.draw(st.permutations(sorted(files))), *data.draw(st.lists(st.sampled_from(sorted(files))))]:
        start_edit(world, INBOX, name)
    assert world.executions.started == others.executions.started
    assert started(world) == expected(files)
    assert set(world.journal.halves) == set(others.journal.halves)


@MANY
@given(st.data(), FILES)
def test_announcements_that_overtake_uploads_and_each_other_lose_no_pair(data: st.DataObject, files: set[str]) -> None:
    """Uploads come one after another, and each is announced at some time after it."""
    world, there, announced = FakeServices(), list[str](), list[str]()
    order = data.draw(st.permutations(sorted(files)))
    while len(announced) < len(files):
        waiting = [name for name in there if name not in announced]
        if len(there) < len(files) and (not waiting or data.draw(st.booleans())):
            name = order[len(there)]
            world.files.put(INBOX, name, name.encode())
            there.append(name)
        else:
            name = data.draw(st.sampled_from(waiting))
            start_edit(world, INBOX, name)
            announced.append(name)
    assert expected(files) <= started(world)
    for clip, sidecar in expected(files):
        assert not {(INBOX, clip), (INBOX, sidecar)} & set(world.journal.halves), "nobody waits whose partner is there"
    for drop in world.executions.started.values():
        assert world.journal.drops[drop.drop_id].drop.drop_id == drop.drop_id, "noted before it was started"


@MANY
@given(st.data(), FILES, st.integers(1, 20), st.booleans())
def test_repeating_a_broken_off_start_starts_the_same_drops(
    data: st.DataObject, files: set[str], at: int, late: bool
) -> None:
    world = uploaded(files)
    for name in data.draw(st.permutations(sorted(files))):
        with suppress(Killed):
            start_edit(Interruption(world, {at}, die, late).services(), INBOX, name)
        start_edit(world, INBOX, name)  # Lambda tries an asynchronous invocation again
    assert started(world) == expected(files)
