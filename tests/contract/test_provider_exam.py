"""The fake provider and Segmind's client (against the simulator) sit the same exam."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

import pytest

from dropcut.domain.errors import InsufficientCredits, SubmissionUnknown
from dropcut.domain.model import Progress
from dropcut.domain.pricing import MODEL
from dropcut.ports import Provider
from localcloud.simulator import Simulator
from tests.contract.customers import REQUEST, client
from tests.fakes.provider import FakeProvider


@dataclass
class Exam:
    provider: Provider
    video_url: str
    refuse_next: Callable[[], None]
    lose_next: Callable[[], None]
    finish: Callable[[str], None]
    fail_next: Callable[[], None]

    def ended(self, request_id: str) -> Progress:
        for _ in range(600):
            progress = self.provider.status(request_id)
            if progress.status in ("COMPLETED", "FAILED"):
                return progress
            time.sleep(0.03)
        raise AssertionError("it never ended")


def fake_exam(video_url: str) -> Exam:
    fake = FakeProvider(time.time)
    return Exam(
        fake,
        video_url,
        refuse_next=lambda: fake.answers.append(InsufficientCredits("no credits")),
        lose_next=lambda: fake.answers.append(SubmissionUnknown("no answer")),
        finish=lambda request_id: fake.finish(request_id, cost="0.945"),
        fail_next=lambda: setattr(fake, "ends_at_once", Progress(status="FAILED", error="too wide")),
    )


def simulator_exam(simulator: Simulator, video_url: str) -> Exam:
    def hurry(_: str) -> None:
        simulator.advance(60)

    def fail_next() -> None:
        simulator.settings(generation_seconds=0.05)
        simulator.inject({"stage": "submit", "kind": "failed", "text": "too wide"})

    return Exam(
        client(simulator),
        video_url,
        refuse_next=lambda: simulator.inject({"stage": "submit", "kind": "no_credits"}),
        lose_next=lambda: simulator.inject({"stage": "submit", "kind": "answer_lost"}),
        finish=hurry,
        fail_next=fail_next,
    )


@pytest.fixture(params=["fake", "segmind"])
def exam(request: pytest.FixtureRequest, clip_url: str) -> Exam:
    if request.param == "fake":
        return fake_exam(clip_url)
    return simulator_exam(request.getfixturevalue("simulator"), clip_url)


def test_every_submission_is_a_request_of_its_own(exam: Exam) -> None:
    """There is no idempotency key: sending the same twice is buying it twice."""
    one, other = (exam.provider.submit(REQUEST, exam.video_url) for _ in range(2))
    assert one != other
    assert {row.request_id for row in exam.provider.search(time.time())} == {one, other}


def test_a_submission_is_under_way_until_it_ends(exam: Exam) -> None:
    request_id = exam.provider.submit(REQUEST, exam.video_url)
    assert exam.provider.status(request_id).status in ("QUEUED", "PROCESSING")
    known = exam.provider.past(request_id)
    assert known
    assert known.status == "PENDING"
    assert (known.charged_usd, known.result_url) == (None, None)


def test_a_finished_generation_is_told_in_status_result_and_history(exam: Exam) -> None:
    request_id = exam.provider.submit(REQUEST, exam.video_url)
    exam.finish(request_id)
    assert (exam.ended(request_id).status, exam.ended(request_id).charged_usd) == ("COMPLETED", Decimal("0.945"))
    result, known = exam.provider.result(request_id), exam.provider.past(request_id)
    assert known
    assert result.result_url
    assert (known.status, known.charged_usd, known.result_url) == ("COMPLETED", Decimal("0.945"), result.result_url)


def test_a_failed_generation_has_a_reason_and_no_cost(exam: Exam) -> None:
    exam.fail_next()
    request_id = exam.provider.submit(REQUEST, exam.video_url)
    for progress in (exam.ended(request_id), exam.provider.past(request_id)):
        assert progress
        assert (progress.status, progress.error, progress.result_url) == ("FAILED", "too wide", None)
    assert progress
    assert (exam.ended(request_id).charged_usd, progress.charged_usd) == (None, Decimal(0)), (
        "only the row names the cost"
    )


def test_a_refused_submission_leaves_nothing_behind(exam: Exam) -> None:
    exam.refuse_next()
    with pytest.raises(InsufficientCredits):
        exam.provider.submit(REQUEST, exam.video_url)
    assert exam.provider.search(time.time()) == []
    assert exam.provider.submit(REQUEST, exam.video_url)


def test_a_submission_without_an_answer_is_in_the_history(exam: Exam) -> None:
    exam.lose_next()
    with pytest.raises(SubmissionUnknown):
        exam.provider.submit(REQUEST, exam.video_url)
    (row,) = exam.provider.search(time.time())
    assert row.video_url_path == "/" + exam.video_url.partition("?")[0].rpartition("/")[2]
    assert (row.model, row.prompt) == (MODEL, REQUEST["prompt"])
    assert exam.provider.status(row.request_id).status in ("QUEUED", "PROCESSING")
    assert exam.provider.row(row.request_id) == row, "and by its id, for a person who has one"


def test_the_history_of_some_days_is_read_alone(exam: Exam) -> None:
    request_id, now, day = exam.provider.submit(REQUEST, exam.video_url), time.time(), 86_400
    for days in ((now,), (now - 9 * day,), (now - 9 * day, now), (now, now), (now - day, now - day)):
        rows, whole = exam.provider.search_all(*days)
        assert ([row.request_id for row in rows], whole) == ([request_id], True), "a day more on both sides"
    assert exam.provider.search_all(now - 9 * day, now - 3 * day) == ([], True)


def test_an_unknown_request_is_gone_and_has_no_past(exam: Exam) -> None:
    assert exam.provider.status("no-such-request").status == "GONE"
    assert exam.provider.result("no-such-request").status == "GONE"
    assert exam.provider.past("no-such-request") is None
    assert exam.provider.row("no-such-request") is None


def test_a_provider_with_its_key_is_ready(exam: Exam) -> None:
    exam.provider.ready()
