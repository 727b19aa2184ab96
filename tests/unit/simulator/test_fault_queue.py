"""Which fault is played for which exchange."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from localcloud.simulator.faults import FaultRefused, Faults, parse_fault


def queue(*faults: Mapping[str, object], seed: int = 7) -> Faults:
    waiting = Faults(seed)
    for fault in faults:
        waiting.add(parse_fault(fault))
    return waiting


def stuck(faults: Faults, generations: int, polls: int) -> list[int]:
    """The generations that a fault took hold of, each polled some times."""
    found = []
    for number in range(generations):
        taken = [faults.take_staying("poll", video_url="", request_id=str(number)) for _ in range(polls)]
        found += [number for fault in taken if fault]
    return found


def test_a_fault_that_stays_is_drawn_once_a_generation() -> None:
    fault = {"stage": "poll", "kind": "never_finishes", "probability": 0.3, "times": 0}
    once, often = stuck(queue(fault), 100, 1), stuck(queue(fault), 100, 50)
    assert once == often
    assert 15 < len(once) < 45


def test_a_fault_may_skip_exchanges_and_repeat() -> None:
    faults = queue({"stage": "history", "kind": "slow", "skip": 1, "times": 2})
    assert [faults.take("history") is not None for _ in range(4)] == [False, True, True, False]


@pytest.mark.parametrize(
    "fault",
    [
        {"stage": "lunch", "kind": "reset"},
        {"stage": "poll", "kind": "answer_lost"},
        {"stage": "submit", "kind": "failed", "reason": "mood"},
        {"stage": "submit", "kind": "reset", "match": {"colour": "red"}},
        {"stage": "submit", "kind": "reset", "speed": 3},
        {"stage": "submit", "kind": "reset", "times": "often"},
        {"stage": "submit", "kind": "reset", "times": -1},
        {"stage": "submit", "kind": "reset", "probability": 7},
        {"stage": "submit"},
    ],
)
def test_a_fault_that_cannot_be_played_is_refused(fault: dict[str, object]) -> None:
    with pytest.raises(FaultRefused):
        parse_fault(fault)


def test_a_fault_that_stays_skips_generations_and_not_polls() -> None:
    fault = {"stage": "poll", "kind": "never_finishes", "skip": 2, "times": 2}
    assert stuck(queue(fault), 6, 10) == [2, 3]


def test_the_same_seed_plays_the_same_faults() -> None:
    fault = {"stage": "poll", "kind": "slow", "probability": 0.5, "times": 0}

    def played(seed: int) -> list[bool]:
        faults = queue(fault, seed=seed)
        return [faults.take("poll") is not None for _ in range(50)]

    assert played(1) == played(1)
    assert played(1) != played(2)


def test_two_faults_of_the_same_words_are_played_twice() -> None:
    fault = {"stage": "poll", "kind": "slow"}
    faults = queue(fault, fault)
    assert [faults.take("poll") is not None for _ in range(3)] == [True, True, False]


def test_a_second_equal_fault_waits_for_the_next_generation() -> None:
    faults = queue(*[{"stage": "poll", "kind": "never_finishes"}] * 2)
    (first,) = faults.take_staying("poll", video_url="", request_id="r1")
    assert faults.take_staying("poll", video_url="", request_id="r1", held={first.kind}) == []
    assert len(faults.take_staying("poll", video_url="", request_id="r2")) == 1


def test_a_fault_waits_for_its_request_its_attempt_or_both() -> None:
    match = {"video_url": "/e1/2/", "request_id": "r2"}
    faults = queue({"stage": "poll", "kind": "slow", "match": match})
    assert faults.take("poll", video_url="https://h/e1/2/clip.mp4", request_id="r1") is None
    assert faults.take("poll", video_url="https://h/e1/1/clip.mp4", request_id="r2") is None
    assert faults.take("result", video_url="https://h/e1/2/clip.mp4", request_id="r2") is None
    assert faults.take("poll", video_url="https://h/e1/2/clip.mp4", request_id="r2") is not None


def test_clearing_drops_what_waits_and_says_how_many() -> None:
    faults = queue({"stage": "poll", "kind": "slow"}, {"stage": "poll", "kind": "never_finishes", "times": 0})
    assert stuck(faults, 2, 2) == [0, 1]
    assert faults.clear() == 2
    assert stuck(faults, 2, 2) == []
    assert faults.report()["waiting"] == []
