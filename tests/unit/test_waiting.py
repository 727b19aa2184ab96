"""How long to wait: seldom enough for a rate limit, often enough for a person, and long enough for the money."""

from __future__ import annotations

from dropcut.domain.pauses import ASK_HISTORY_UNTIL, POLL_UNTIL, SEARCHES, next_history_look, next_poll


def test_polls_begin_at_ten_seconds_and_grow_to_thirty() -> None:
    pauses = [next_poll(polls) for polls in range(1, 40)]
    assert pauses[0] == 10
    assert pauses == sorted(pauses)
    assert set(pauses[9:]) == {30}


def test_a_pause_is_a_whole_number_of_seconds() -> None:
    for count in (0, 1, 5, 1000):
        assert isinstance(next_poll(count), int)
        assert isinstance(next_history_look(count), int)


def test_looks_into_the_history_grow_from_five_minutes_to_six_hours() -> None:
    pauses = [next_history_look(looks) for looks in range(30)]
    assert pauses[0] == 300
    assert pauses == sorted(pauses)
    assert pauses[-1] == 6 * 3600


def test_the_number_of_history_looks_is_bounded() -> None:
    waited, looks = 0, 0
    while waited < ASK_HISTORY_UNTIL:
        waited, looks = waited + next_history_look(looks), looks + 1
    assert looks < 60


def test_polling_ends_before_the_provider_forgets() -> None:
    assert POLL_UNTIL + 30 + 100 < 3600, "the last pause and the function's own time must fit into the hour"


def test_a_lost_submission_is_looked_for_over_at_least_five_minutes() -> None:
    assert len(SEARCHES) >= 3
    assert sum(SEARCHES) >= 300
    assert list(SEARCHES) == sorted(SEARCHES)
