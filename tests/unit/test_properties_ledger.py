"""No sequence of drops, answers, crashes, stops and repetitions pays twice, goes backwards or leaks a place.

Hypothesis walks real executions over the real handlers, state by state, and interferes wherever it likes.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from typing import Any, TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from dropcut.domain.errors import DeliveryFailed, InsufficientCredits, ProviderBusy, ProviderRefused, SubmissionUnknown
from dropcut.domain.model import Limits, State
from dropcut.workflow.recheck_edits import recheck_edits
from dropcut.workflow.start_edit import start_edit
from dropcut.workflow.sweep_drops import UNSENT_AFTER, UNTOUCHED_FOR, sweep_drops
from tests.fakes.examples import INBOX, OUTBOX, PLENTY, a_sidecar
from tests.fakes.provider import FakeProvider, FakeResults
from tests.fakes.runs import Run, Runs
from tests.fakes.services import FakeServices, Interruption, Killed, die, fail
from tests.fakes.watched import AT_THE_PROVIDER, Books, WatchedLedger
from tests.fakes.worlds import VIDEO

LIMITS = [
    PLENTY,
    Limits(usd_per_day=Decimal(2), in_flight=1),
    Limits(usd_per_day=Decimal(9), in_flight=2, spending=False),
]
ANSWERS = [ProviderBusy("429"), InsufficientCredits("You have 0.5 credits."), ProviderRefused("HTTP 400"),
           *[SubmissionUnknown("HTTP 502 after the request was sent")] * 3]  # fmt: skip
Found = TypeVar("Found")
ENDS = {State.DELIVERED, State.FAILED, State.IN_DOUBT, State.UNDELIVERED}
PICK, LATE = st.integers(0, 5), st.booleans()
CALL = st.integers(1, 14)  # most functions make no more
MOST_STEPS = 3000  # of one execution, when all is well again

DROP = {"name": st.sampled_from("ab"), "prompt": st.sampled_from(["a noir film", "winter"]), "at": st.integers(0, 6)}
ANSWER = {"answer": st.sampled_from(ANSWERS), "lost": st.booleans(), "no_results": st.booleans()}
END = {"why": st.sampled_from(["", "", "capacity", "policy"]), "cost": st.sampled_from([None, "1.68", "1.26"])}
ON = {"pick": PICK, "steps": st.integers(0, 12)}
BREAK = {**ON, "at": CALL, "late": LATE, "what": st.sampled_from([die, fail])}
BETWEEN = {**ON, "also": PICK, "at": CALL, "late": LATE, "what": st.sampled_from(["stop", "stop", "go on", "sweep"])}
NETS = {"pick": PICK, "at": st.integers(0, 12), "late": LATE, "seconds": st.sampled_from([0, UNTOUCHED_FOR + 1, 4000])}
WHAT_MAY_HAPPEN: list[tuple[str, dict[str, Any]]] = [
    ("files_are_dropped", DROP),
    ("somebody_interferes", {"pick": PICK, "limits": st.sampled_from([None, *LIMITS])}),
    ("it_will_answer_badly", ANSWER),
    ("a_generation_ends", {"pick": PICK, **END}),
    ("it_forgets", {"pick": PICK}),
    *[("an_execution_goes_on", ON)] * 2,
    *[("a_function_breaks_off", BREAK)] * 2,
    *[("something_happens_while_a_function_runs", BETWEEN)] * 2,
    ("the_nets_are_drawn_in", NETS),
]
HAPPENINGS = st.one_of([st.tuples(st.just(name), st.fixed_dictionaries(how)) for name, how in WHAT_MAY_HAPPEN])


def one_of(found: list[Found], pick: int) -> list[Found]:
    """One of them, whichever; none where there is none."""
    return [found[pick % len(found)]] if found else []


class EditsAndMoney(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.world = FakeServices(results=FakeResults(VIDEO))
        self.books = Books(self.world.provider)
        self.world.ledger = self.ledger = WatchedLedger(self.books)
        self.world.__post_init__()
        self.runs = Runs(self.world)
        self.taken_back: list[str] = []  # what was sent although its files were gone or others
        self.world.provider.submit = self.submit  # type: ignore[method-assign]

    @rule(happening=HAPPENINGS)
    def next(self, happening: tuple[str, dict[str, Any]]) -> None:
        """One rule for all: of many, Hypothesis would leave most out of most examples."""
        name, how = happening
        getattr(self, name)(**how)

    # ---- what people do ------------------------------------------------------------------------------------------

    def files_are_dropped(self, name: str, prompt: str, at: int) -> None:
        """`at`: the call at which the function dies; the rest is left to the sweep."""
        self.world.files.put(INBOX, f"{name}.mp4", b"a clip")
        self.world.files.put(INBOX, f"{name}.json", a_sidecar(prompt=prompt))
        with suppress(Killed):
            start_edit(Interruption(self.world, {at}, die).services(), INBOX, f"{name}.json")

    def somebody_interferes(self, pick: int, limits: Limits | None) -> None:
        """Limits are set; or a file is deleted; or an execution is stopped and an output deleted."""
        if limits:
            self.world.limits = limits
            return
        if pick % 2:
            self.world.files.delete(INBOX, "ab"[pick // 2 % 2] + (".mp4" if pick < 3 else ".json"))
            return
        self.world.files.delete(OUTBOX, "a.mp4")
        for run in one_of(self.runs.running(), pick):
            run.end("ABORTED")

    def submit(self, request: dict[str, Any], video_url: str) -> str:
        """The provider's, with a look into the inbox: what is sent is what lies there."""
        (edit,) = [edit for edit in self.ledger.edits.values() if f"/{edit.edit_id}/" in video_url]
        keys = (edit.drop.clip_key, edit.drop.sidecar_key)
        if not all(self.world.files.head(INBOX, key) for key in keys):
            self.taken_back.append(f"{edit.drop.clip_key} is gone")
        elif json.loads(self.world.files.text(INBOX, edit.drop.sidecar_key))["prompt"] != request["prompt"]:
            self.taken_back.append(f"{edit.drop.sidecar_key} asks for something else")
        return FakeProvider.submit(self.world.provider, request, video_url)

    # ---- what the provider does ----------------------------------------------------------------------------------

    def it_will_answer_badly(self, answer: Exception, lost: bool, no_results: bool) -> None:
        self.world.provider.answers, self.world.provider.loses_requests = [answer], lost
        self.world.results.error = DeliveryFailed("HTTP 403") if no_results else None

    def a_generation_ends(self, pick: int, why: str, cost: str | None) -> None:
        for request_id in one_of(self.at_work(), pick):
            if why:
                self.world.provider.fail(why, request_id, cost)
            else:
                self.world.provider.finish(request_id, cost)

    def it_forgets(self, pick: int) -> None:
        for request_id in one_of(sorted(self.world.provider.records), pick):
            self.world.provider.forget(request_id)

    def at_work(self) -> list[str]:
        rows = self.world.provider.rows.items()
        return [name for name, row in rows if row.progress.status not in ("COMPLETED", "FAILED")]

    # ---- what the product does, and what happens to it -----------------------------------------------------------

    def an_execution_goes_on(self, pick: int, steps: int) -> None:
        for run in one_of(self.runs.running(), pick) * steps:
            run.go_on()

    def a_function_breaks_off(self, pick: int, steps: int, at: int, late: bool, what: Callable[[], None]) -> None:
        self.an_execution_goes_on(pick, steps)
        for run in one_of(self.runs.running(), pick):
            run.to_its_next_task()
            run.go_on(Interruption(self.world, {at}, what, late))

    def something_happens_while_a_function_runs(
        self, pick: int, steps: int, also: int, at: int, late: bool, what: str
    ) -> None:
        self.an_execution_goes_on(pick, steps)
        for run, other in zip(one_of(self.runs.running(), pick), one_of(self.runs.running(), also), strict=True):
            run.to_its_next_task()
            ways = {"stop": lambda: self.stop_and_settle(run), "go on": other.go_on}  # noqa: B023
            run.go_on(Interruption(self.world, {at}, ways.get(what, self.sweep), late))

    def stop_and_settle(self, run: Run) -> None:
        run.end("ABORTED")
        run.settle()

    def the_nets_are_drawn_in(self, pick: int, at: int, late: bool, seconds: int) -> None:
        """An ending is settled, and the sweep runs."""
        broken = Interruption(self.world, {at}, die, late).services()
        with suppress(Killed):
            for run in one_of(self.runs.over(), pick):
                run.settle(broken)
            self.world.clock.now += seconds
            self.sweep(broken)

    def sweep(self, services: Any = None) -> None:
        """Everything that runs by the clock."""
        sweep_drops(services or self.world)
        with suppress(RuntimeError):
            recheck_edits(services or self.world)

    # ---- what must hold ------------------------------------------------------------------------------------------

    @invariant()
    def no_edit_takes_a_step_that_the_providers_books_do_not_prove(self) -> None:
        assert self.ledger.wrong == []

    @invariant()
    def nothing_is_bought_whose_files_are_replaced_or_gone(self) -> None:
        assert self.taken_back == []

    @invariant()
    def no_message_repeats_a_reason(self) -> None:
        told = [notice["event_id"] for notice in self.world.topic.published if notice["status"] == "DELAYED"]
        assert len(told) == len(set(told))

    @invariant()
    def of_each_edit_at_most_one_generation_may_cost_anything(self) -> None:
        for edit_id in self.world.ledger.edits:
            assert len([name for name in self.books.accepted(edit_id) if self.books.may_cost(name)]) <= 1

    @invariant()
    def places_are_the_edits_that_may_be_at_the_provider(self) -> None:
        open_there = {name for name, edit in self.world.ledger.edits.items() if edit.state in AT_THE_PROVIDER}
        assert self.world.ledger.places == open_there

    @invariant()
    def each_day_is_committed_to_what_it_reserved_and_was_charged(self) -> None:
        for day in self.world.ledger.money.values():
            assert day["committed_usd"] == day["reserved_usd"] + day["charged_usd"]
            assert min(day["committed_usd"], day["reserved_usd"], day["charged_usd"]) >= 0

    def teardown(self) -> None:
        """Then everything works again: after a while every edit has ended, and everybody was told."""
        self.world.limits, self.world.results.error, self.world.provider.answers = PLENTY, None, []
        for _ in range(6):
            for run in self.runs.running():
                self.walk_to_its_end(run)
            self.world.clock.now += UNSENT_AFTER + UNTOUCHED_FOR
            self.sweep()
        assert self.runs.running() == []
        assert self.world.ledger.places == set()
        for edit in self.world.ledger.edits.values():
            assert edit.state in ENDS
            replaced = edit.edit_id in self.ledger.withdrawn  # the drop that took its place speaks
            assert edit.notified_at or replaced, edit
            assert not replaced or (edit.state is State.FAILED and "SUPERSEDED" in self.outcomes(edit.edit_id)), edit
            paid = [name for name in self.books.accepted(edit.edit_id) if self.books.may_cost(name)]
            assert not paid or edit.request_id == paid[0], "what was in doubt is found"
            assert paid or edit.state is not State.DELIVERED
        for drop in self.world.journal.drops.values():
            assert drop.outcome, "something is on record about every drop"
            assert drop.to_sweep_since is None, "and was said"

    def outcomes(self, edit_id: str) -> set[str]:
        return {drop.outcome for drop in self.world.journal.drops.values() if drop.edit_id == edit_id}

    def walk_to_its_end(self, run: Run) -> None:
        for _ in range(MOST_STEPS):
            if run.status != "RUNNING":
                return
            for request_id in self.at_work():
                self.world.provider.finish(request_id)
            run.go_on()
        raise AssertionError(f"it does not end: {run.state} {run.document.get('generation')}")


TestEditsAndMoney = EditsAndMoney.TestCase
TestEditsAndMoney.settings = settings(
    max_examples=100,
    stateful_step_count=60,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
