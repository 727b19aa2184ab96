"""How long Lambda's queue in the embedded cloud tries to get rid of an event."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from ministack.services import lambda_svc

from localcloud import lambda_queue

THROTTLED: dict[str, Any] = {"error": True, "throttle": True}
FAILED: dict[str, Any] = {"error": True, "body": {"errorType": "ValueError"}}
DONE: dict[str, Any] = {"body": None}
FUNCTION = {"config": {"FunctionName": "start_edit", "FunctionArn": "arn:aws:lambda:us-east-1:000000000000:function:x"}}


class Queue:
    """The queue with a clock of its own, a function that ends its tries as told, and no cloud."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now, self.pauses, self.letters = 0.0, list[float](), list[Any]()
        self._patch = monkeypatch
        monkeypatch.setattr(lambda_queue, "time", self)
        monkeypatch.setattr(lambda_queue, "scaled", lambda seconds: seconds)
        monkeypatch.setattr(lambda_queue, "as_it_is_now", lambda func: func)
        monkeypatch.setattr(lambda_svc, "_route_async_failure", lambda *given: self.letters.append(given))

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds

    def deliver(self, tries: Iterator[Any] | list[Any], **settings: Any) -> str:
        """What becomes of an event whose tries end so; an exception among them is raised."""
        left = iter(tries)

        def execute(func: dict[str, Any], event: Any) -> dict[str, Any]:
            result = next(left)
            if isinstance(result, Exception):
                raise result
            return dict(result)

        self._patch.setattr(lambda_svc, "_execute_function", execute)
        settings = {"DestinationConfig": {"OnFailure": {"Destination": "queue"}}, **settings}
        return lambda_queue.deliver({**FUNCTION, "event_invoke_config": settings}, {"key": "trip/beach.mp4"})


@pytest.fixture
def queue(monkeypatch: pytest.MonkeyPatch) -> Queue:
    return Queue(monkeypatch)


def test_a_throttled_event_is_tried_for_six_hours_at_growing_pauses(queue: Queue) -> None:
    assert queue.deliver(iter(lambda: THROTTLED, None)) == "EventAgeExceeded"
    assert queue.pauses[:10] == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300]
    assert 6 * 3600 - 300 <= queue.now <= 6 * 3600
    assert len(queue.letters) == 1


def test_what_the_function_had_no_room_for_counts_as_no_failure(queue: Queue) -> None:
    tries = [THROTTLED, FAILED, *[THROTTLED] * 20, FAILED, THROTTLED, DONE]
    assert queue.deliver(tries) == ""
    assert queue.letters == []


def test_a_failed_event_becomes_a_dead_letter_after_two_retries(queue: Queue) -> None:
    assert queue.deliver([FAILED] * 3) == "RetriesExhausted"
    assert queue.pauses == [60, 120]
    assert len(queue.letters) == 1


@pytest.mark.parametrize("retries", [0, 1])
def test_a_function_may_want_fewer_retries(queue: Queue, retries: int) -> None:
    assert queue.deliver([FAILED] * (1 + retries), MaximumRetryAttempts=retries) == "RetriesExhausted"


def test_an_event_may_be_too_old_sooner(queue: Queue) -> None:
    assert queue.deliver(iter(lambda: THROTTLED, None), MaximumEventAgeInSeconds=60) == "EventAgeExceeded"
    assert queue.now <= 60


def test_an_error_of_the_cloud_itself_loses_no_event(queue: Queue) -> None:
    assert queue.deliver([OSError("too many open files"), DONE]) == ""
