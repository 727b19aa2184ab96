"""Files that are replaced or deleted while their edit waits are not bought; the newer ones are, once."""

from __future__ import annotations

import random
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from dropcut.domain.errors import InsufficientCredits, LedgerConflict, ProviderBusy
from dropcut.domain.generation import Generation, Outcome
from dropcut.domain.identity import drop_id
from dropcut.domain.model import Drop, Limits, Progress, State
from dropcut.domain.patience import LIMIT_WAIT, Patience
from dropcut.workflow.find_submission import find_submission
from dropcut.workflow.outputs import OWN_METADATA
from dropcut.workflow.prepare_edit import prepare_edit
from dropcut.workflow.submit_edit import submit_edit
from dropcut.workflow.sweep_drops import UNTOUCHED_FOR, sweep_drops
from tests.fakes.examples import INBOX, PLENTY, a_sidecar
from tests.fakes.machine import EARLIER, Machine, definition
from tests.fakes.services import FakeServices, Interruption
from tests.fakes.worlds import FINISHED, a_world

CLOSED = replace(PLENTY, spending=False)
TAKES_BACK = pytest.mark.parametrize("key", ["trip/beach.mp4", "trip/beach.json"])


def dropped_again(world: FakeServices, drop: Drop, **files: bytes) -> Drop:
    """The drop that these files make with what lies there; `clip` and `sidecar` are what is uploaded now."""
    if "clip" in files:
        world.files.put(INBOX, drop.clip_key, files["clip"])
    if "sidecar" in files:
        world.files.put(INBOX, drop.sidecar_key, files["sidecar"])
    return as_it_lies(world, drop)


def as_it_lies(world: FakeServices, drop: Drop) -> Drop:
    clip, sidecar = world.files.head(INBOX, drop.clip_key), world.files.head(INBOX, drop.sidecar_key)
    assert clip
    assert sidecar
    names: dict[str, Any] = {"clip_version": clip.version, "sidecar_version": sidecar.version}
    keys: dict[str, Any] = {"bucket": INBOX, "clip_key": drop.clip_key, "sidecar_key": drop.sidecar_key}
    return replace(drop, drop_id=drop_id(**keys, **names), dropped_at=world.clock.now, **names)


def waiting(limits: Limits = CLOSED) -> tuple[FakeServices, Drop, str, Generation]:
    """An edit that has no room yet."""
    world, drop = a_world()
    world.limits = limits
    world.journal.record_drop(drop, world.clock())
    edit_id = prepare_edit(world, drop)["edit_id"]
    return world, drop, edit_id, submit_edit(world, drop, edit_id, Generation())


def prompts(world: FakeServices) -> list[str]:
    return [request["prompt"] for request, _ in world.provider.submissions]


def an_open_attempt() -> tuple[FakeServices, Drop, str]:
    """An edit whose attempt is reserved, since the provider turned its request away."""
    world, drop = a_world()
    edit_id = prepare_edit(world, drop)["edit_id"]
    world.provider.answers = [ProviderBusy("429")]
    with pytest.raises(ProviderBusy):
        submit_edit(world, drop, edit_id, Generation())
    return world, drop, edit_id


def test_only_the_corrected_prompt_of_a_waiting_edit_is_bought() -> None:
    world, first, edit_id, account = waiting()
    second = dropped_again(world, first, sidecar=a_sidecar(prompt="corrected"))
    corrected = prepare_edit(world, second)["edit_id"]
    world.limits = PLENTY
    assert submit_edit(world, first, edit_id, account).outcome == "superseded"
    assert submit_edit(world, second, corrected, Generation()).outcome == "submitted"
    assert prompts(world) == ["corrected"]
    assert world.journal.drops[first.drop_id].outcome == "SUPERSEDED"
    old = world.ledger.edits[edit_id]
    assert (old.state, old.delayed_by, old.notice, old.attempt) == (State.FAILED, None, None, 0)
    world.clock.now += UNTOUCHED_FOR + 1
    assert edit_id not in [one.edit_id for one in world.journal.unfinished(world.clock())], "it left the sweep"


def test_a_new_clip_or_preferred_sidecar_supersedes_the_drop() -> None:
    world, first, edit_id, account = waiting()
    dropped_again(world, first, clip=b"another clip")
    assert submit_edit(world, first, edit_id, account).outcome == "superseded"
    world, first, edit_id, account = waiting()
    world.files.put(INBOX, "trip/beach.mp4.json", a_sidecar(prompt="first of all"))
    assert submit_edit(world, first, edit_id, account).outcome == "superseded"
    assert world.provider.submissions == []


@TAKES_BACK
def test_deleting_either_file_takes_a_waiting_edit_back_and_says_so(key: str) -> None:
    world, drop, edit_id, account = waiting()
    world.files.delete(INBOX, key)
    assert submit_edit(world, drop, edit_id, account).outcome == "called_off", "though there is no room"
    edit = world.ledger.edits[edit_id]
    assert (edit.state, edit.attempt) == (State.FAILED, 0)
    assert f"{key} was deleted before it was sent" in str(edit.reason)
    assert world.ledger.places == set()


@TAKES_BACK
@pytest.mark.parametrize("path", [None, *EARLIER], ids=lambda path: path.parent.name if path else "today")
def test_the_state_machine_tells_what_was_called_off(key: str, path: Any) -> None:
    world, drop = a_world()
    world.limits = CLOSED
    interruption = Interruption(world, {24}, lambda: world.files.delete(INBOX, key))
    machine = Machine(world, interruption.services(), path) if path else Machine(world, interruption.services())
    assert machine.run(drop) == "Failed"
    assert [notice["status"] for notice in world.topic.published] == ["DELAYED", "FAILED"]
    told = world.topic.published[-1]["message"]["email"]
    assert f"{key} was deleted before it was sent" in told
    assert "again" in told
    assert world.provider.submissions == []


def test_the_state_machine_ends_superseded_without_a_word() -> None:
    world, drop = a_world()
    world.limits = CLOSED
    replaced = Interruption(world, {24}, lambda: world.files.put(INBOX, drop.sidecar_key, a_sidecar(prompt="new")))
    assert Machine(world, replaced.services()).run(drop) == "Superseded"
    assert [notice["status"] for notice in world.topic.published] == ["DELAYED"]
    world.clock.now += UNTOUCHED_FOR + 1
    world.executions.statuses[drop.drop_id] = "SUCCEEDED"
    sweep_drops(world)
    assert len(world.topic.published) == 1


@pytest.mark.parametrize("release", EARLIER, ids=lambda path: path.parent.name)
def test_an_earlier_machine_ends_sensibly_when_its_files_were_replaced(release: Any) -> None:
    world, drop = a_world()
    world.limits = CLOSED
    replaced = Interruption(world, {24}, lambda: world.files.put(INBOX, drop.sidecar_key, a_sidecar(prompt="new")))
    ended = Machine(world, replaced.services(), release).run(drop)
    assert world.provider.submissions == []
    if "Superseded" in [rule["Next"] for rule in definition(release)["States"]["IsSubmitted"]["Choices"]]:
        assert ended == "Superseded"
    else:
        assert ended == "Failed"
        assert "replaced" in world.topic.published[-1]["message"]["email"]


SEEN_LATE: dict[str, Callable[[FakeServices, Drop], Any]] = {
    "replaced": lambda world, drop: world.files.put(INBOX, drop.clip_key, b"another clip"),
    "deleted": lambda world, drop: world.files.delete(INBOX, drop.sidecar_key),
}


@pytest.mark.parametrize("what", SEEN_LATE)
def test_a_change_during_the_freeze_is_seen_before_the_intent(what: str) -> None:
    world, drop = a_world()
    edit_id = prepare_edit(world, drop)["edit_id"]
    seen = Interruption(world, set(), lambda: None)
    submit_edit(seen.services(), drop, edit_id, Generation())
    shared = seen.calls.index("files.share") + 1
    assert "files.head" in seen.calls[shared : seen.calls.index("provider.submit")]
    world, drop = a_world()
    edit_id = prepare_edit(world, drop)["edit_id"]
    late = Interruption(world, {shared}, lambda: SEEN_LATE[what](world, drop), late=True)
    outcome = submit_edit(late.services(), drop, edit_id, Generation()).outcome
    assert outcome == {"replaced": "superseded", "deleted": "called_off"}[what]
    assert world.provider.submissions == []
    assert world.ledger.places == set(), "the attempt is closed, and its money and its place are free"
    assert world.ledger.money["2026-11-24"]["committed_usd"] == 0


# ---- the same files uploaded again are the same edit, which must be bought once and must not be lost -----------------


def identical(world: FakeServices, drop: Drop) -> Drop:
    return dropped_again(world, drop, clip=b"a clip", sidecar=a_sidecar())


def test_an_edit_that_a_newer_drop_prepared_is_left_alone() -> None:
    world, first, edit_id, account = waiting()
    second = identical(world, first)
    assert prepare_edit(world, second) == {**prepare_edit(world, second), "verdict": "ready", "edit_id": edit_id}
    before = world.ledger.edits[edit_id]
    world.limits = PLENTY
    assert submit_edit(world, first, edit_id, account).outcome == "left"
    assert world.ledger.edits[edit_id] == before, "the row is the newer drop's"
    assert world.journal.drops[first.drop_id].outcome == "SUPERSEDED"
    assert submit_edit(world, second, edit_id, Generation()).outcome == "submitted"
    assert len(world.provider.submissions) == 1


def test_an_attempt_that_a_newer_drop_opens_is_left_alone() -> None:
    world, first, edit_id, account = waiting()
    second = identical(world, first)
    prepare_edit(world, second)
    world.limits, world.provider.answers = PLENTY, [ProviderBusy("429")]

    def open_it() -> None:
        with pytest.raises(ProviderBusy):
            submit_edit(world, second, edit_id, Generation())

    during = Interruption(world, {1}, open_it, late=True)  # the first call reads the edit
    assert submit_edit(during.services(), first, edit_id, account).outcome is Outcome.LEFT
    assert during.calls[0] == "ledger.edit"
    edit = world.ledger.edits[edit_id]
    assert (edit.state, edit.owner) == (State.RESERVED, second.drop_id)


def test_an_attempt_that_a_newer_drop_needs_is_still_sent() -> None:
    world, first, edit_id = an_open_attempt()
    second = identical(world, first)
    assert prepare_edit(world, second)["verdict"] == "in_flight", "its attempt is open, so the second ends here"
    assert submit_edit(world, first, edit_id, Generation()).outcome == "submitted"


def test_a_wait_for_credits_goes_on_for_a_newer_drop() -> None:
    world, first = a_world()
    edit_id = prepare_edit(world, first)["edit_id"]
    world.provider.answers = [InsufficientCredits("no credits")]
    late = Interruption(world, set(), lambda: None)
    submit_edit(late.services(), first, edit_id, Generation())
    sent = late.calls.index("provider.submit") + 1
    world, first = a_world()
    prepare_edit(world, first)
    world.provider.answers = [InsufficientCredits("no credits")]
    verdicts = []
    during = Interruption(world, {sent}, lambda: verdicts.append(prepare_edit(world, identical(world, first))))
    account = submit_edit(during.services(), first, edit_id, Generation())
    assert [verdict["verdict"] for verdict in verdicts] == ["in_flight"]
    assert submit_edit(world, first, edit_id, account).outcome == "submitted"


def test_a_drop_continues_when_the_attempt_it_relied_on_closes() -> None:
    world, first, edit_id = an_open_attempt()
    second = identical(world, first)
    ended: list[Outcome | None] = []
    during = Interruption(world, set(), lambda: ended.append(submit_edit(world, first, edit_id, Generation()).outcome))
    seen = Interruption(world, set(), lambda: None)
    prepare_edit(seen.services(), replace(second, drop_id="only counted"))
    during.at = {seen.calls.index("journal.end_drop") + 1}
    assert prepare_edit(during.services(), second)["verdict"] == "ready"
    assert ended == ["superseded"], "it could not know yet that the second one would rely on it"
    assert submit_edit(world, second, edit_id, Generation()).outcome == "submitted"


@pytest.mark.parametrize("busy", [False, True], ids=["first try", "reserved before"])
@pytest.mark.parametrize("seeds", range(0, 400, 50))
def test_the_same_files_uploaded_twice_are_bought_exactly_once(seeds: int, busy: bool) -> None:
    """The first drop's submission, and the second one's arrival and submission, call by call in any order."""
    for seed in range(seeds, seeds + 50):
        world, first = a_world()
        edit_id = prepare_edit(world, first)["edit_id"]
        world.provider.answers = [ProviderBusy("429")] if busy else []
        going_on = partial(submitted, drop=first, edit_id=edit_id)
        Turns(world, seed).play(going_on, partial(uploaded_again, world=world, first=first))
        assert len(world.provider.rows) == 1, seed
        (edit,) = world.ledger.edits.values()
        assert edit.state is State.SUBMITTED, seed
        assert world.ledger.places == {edit_id}, seed


def uploaded_again(services: Any, world: FakeServices, first: Drop) -> None:
    second, prepared = identical(world, first), dict[str, Any]()
    while not prepared:
        with suppress(LedgerConflict):  # the state machine tries it again
            prepared = prepare_edit(services, second)
    if prepared["verdict"] == "ready":
        submitted(services, second, prepared["edit_id"])


def submitted(services: Any, drop: Drop, edit_id: str) -> None:
    """SubmitEdit as the state machine enters it, until it says something else than that nothing was sent."""
    account = Generation()
    for _ in range(6):
        with suppress(LedgerConflict, ProviderBusy):  # FindSubmission finds it unsent
            account = submit_edit(services, drop, edit_id, account)
            if account.outcome != "not_sent":
                return


class Turns:
    """Lets pieces of work make their calls to the world one at a time, in an order drawn by the seed."""

    def __init__(self, world: FakeServices, seed: int) -> None:
        self._world, self._chance = world, random.Random(seed)
        self._change, self._live, self._turn = threading.Condition(), set[int](), 0

    def play(self, *works: Callable[[Any], None]) -> None:
        self._live = set(range(len(works)))
        self._pick()
        wrong: list[BaseException] = []
        threads = [threading.Thread(target=self._do, args=(one, work, wrong)) for one, work in enumerate(works)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert wrong == []

    def _pick(self) -> None:
        with self._change:
            self._turn = self._chance.choice(sorted(self._live) or [0])
            self._change.notify_all()

    def _do(self, one: int, work: Callable[[Any], None], wrong: list[BaseException]) -> None:
        taking = Interruption(self._world, set(), lambda: None)
        taking.call = lambda name, method, *args, **more: self._call(one, method, *args, **more)  # type: ignore[method-assign]
        try:
            self._await(one)  # even the first step may be the other one's
            work(taking.services())
        except BaseException as error:  # noqa: BLE001 - said by the thread that waits
            wrong.append(error)
        finally:
            self._live.discard(one)
            self._pick()

    def _call(self, one: int, method: Callable[..., Any], *args: Any, **more: Any) -> Any:
        self._await(one)
        try:
            return method(*args, **more)
        finally:
            self._pick()

    def _await(self, one: int) -> None:
        with self._change:
            self._change.wait_for(lambda: self._turn == one)


def test_deleted_files_are_not_submitted_again_after_a_capacity_failure() -> None:
    world, drop = a_world()
    world.provider.ends_at_once = Progress(status="FAILED", error="capacity")
    calls = Interruption(world, set(), lambda: None)
    Machine(world, calls.services()).run(drop)
    closing = calls.calls.index("ledger.close_unpaid") + 1
    world, drop = a_world()
    world.provider.ends_at_once = Progress(status="FAILED", error="capacity")
    deleted = Interruption(world, {closing}, lambda: world.files.delete(INBOX, drop.clip_key))
    assert Machine(world, deleted.services()).run(drop) == "Failed"
    assert len(world.provider.submissions) == 1
    assert "was deleted before it was sent" in world.topic.published[-1]["message"]["email"]


def test_an_edit_that_a_person_took_up_needs_no_files() -> None:
    world, drop = a_world()
    world.provider.ends_at_once = FINISHED
    edit_id = prepare_edit(world, drop)["edit_id"]
    submit_edit(world, drop, edit_id, Generation())
    world.files.delete(INBOX, drop.clip_key)
    assert submit_edit(world, drop, edit_id, Generation()).outcome == "submitted"
    assert len(world.provider.submissions) == 1


def named_by_two() -> tuple[FakeServices, Drop, str, Generation]:
    """An edit that waits, of a clip whose sidecar has the clip's whole name; another sidecar lies beside it."""
    world, drop = a_world()
    world.limits = CLOSED
    own = world.files.put(INBOX, "trip/beach.mp4.json", a_sidecar())
    drop = as_it_lies(world, replace(drop, sidecar_key=own.key))
    edit_id = prepare_edit(world, drop)["edit_id"]
    return world, drop, edit_id, submit_edit(world, drop, edit_id, Generation())


@pytest.mark.parametrize("newer", [False, True])
def test_deleting_the_sidecar_that_counts_calls_off_the_edit(newer: bool) -> None:
    world, drop, edit_id, account = named_by_two()
    if newer:  # it was told by a notice that the other one comes first
        world.clock.now += 60
        world.files.put(INBOX, "trip/beach.json", a_sidecar(prompt="which one counts?"))
    world.files.delete(INBOX, drop.sidecar_key)
    assert submit_edit(world, drop, edit_id, account).outcome == "called_off"
    assert f"{drop.sidecar_key} was deleted before it was sent" in str(world.ledger.edits[edit_id].reason)


def test_a_renamed_sidecar_with_its_own_drop_supersedes_silently() -> None:
    world, drop, edit_id, account = named_by_two()
    world.clock.now += 60
    world.files.put(INBOX, "trip/beach.json", a_sidecar(prompt="under another name"))
    world.files.delete(INBOX, drop.sidecar_key)
    world.journal.record_drop(as_it_lies(world, replace(drop, sidecar_key="trip/beach.json")), world.clock())
    assert submit_edit(world, drop, edit_id, account).outcome == "superseded"


def test_a_clip_version_deleted_for_good_calls_off_the_edit() -> None:
    world, first = a_world()
    world.files.put(INBOX, first.clip_key, b"another clip", "c2")
    world.clock.now += 5
    world.limits = CLOSED
    drop = dropped_again(world, first, sidecar=a_sidecar(prompt="for the newer clip"))
    edit_id = prepare_edit(world, drop)["edit_id"]
    account = submit_edit(world, drop, edit_id, Generation())
    world.files.objects[INBOX, drop.clip_key].pop()
    assert submit_edit(world, drop, edit_id, account).outcome == "called_off"


def test_a_clip_replaced_by_an_output_calls_off_the_edit() -> None:
    """An output that is copied over its clip begins nothing, so nobody else would speak for the files."""
    world, drop, edit_id, account = waiting()
    world.clock.now += 60
    world.files.put(INBOX, drop.clip_key, b"an output", **{OWN_METADATA: edit_id})
    assert submit_edit(world, drop, edit_id, account).outcome == "called_off"


def test_a_drop_out_of_patience_leaves_the_newer_drops_edit() -> None:
    """Told that its time was over, unpaid, it would be bought all the same."""
    world, first, edit_id, _ = waiting()
    prepare_edit(world, identical(world, first))
    prepared, over = world.ledger.edits[edit_id], Patience(seconds={"workers": LIMIT_WAIT}, returns=9)
    account = find_submission(world, first, edit_id, Generation(patience=over))
    assert account.outcome == "left"
    assert world.ledger.edits[edit_id] == prepared


def test_one_drop_still_buys_files_uploaded_between_two_looks() -> None:
    """The first drop sees half of the upload, a pair that nobody dropped; the second one relies on its attempt."""
    world, first = a_world()
    edit_id = prepare_edit(world, first)["edit_id"]
    drops, verdicts = [first], list[str]()
    plan: list[tuple[str, Callable[[], None]]] = [
        ("files.share", lambda: None),
        ("files.head", lambda: None),  # of the clip
        ("files.head", lambda: drops.append(identical(world, first))),
        ("ledger.close_unpaid", lambda: verdicts.append(prepare_edit(world, drops[1])["verdict"])),
    ]
    going_on = Interruption(world, set(), lambda: None)

    def call(name: str, method: Callable[..., Any], *args: Any, **more: Any) -> Any:
        if plan and plan[0][0] == name:
            plan.pop(0)[1]()
        return method(*args, **more)

    going_on.call = call  # type: ignore[method-assign]
    account = submit_edit(going_on.services(), first, edit_id, Generation())
    assert verdicts == ["in_flight"]
    assert account.outcome == "not_sent"
    assert submit_edit(world, first, edit_id, account).outcome == "submitted"
