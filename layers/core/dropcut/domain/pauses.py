"""How long to wait before the next free look, in seconds.

Polling from zero with plain back-off asks most often when nothing can be ready yet; a first wait near the tenth
percentile and then growing steps give a tenth of the polls for the same delay (generation: about 200 s, sigma 60 s).
"""

from __future__ import annotations

FIRST_STEP, GROWTH, LONGEST_STEP = 10, 1.15, 30
POLL_UNTIL = 55 * 60  # after submission: the provider forgets a request one hour after it was submitted
VISIBLE_AFTER = 60  # a 404 younger than this may be replication, not expiry
SEARCHES = (30, 60, 90, 120, 180)  # pauses between searches for a lost submission: eight minutes in all
MAX_UNREADABLE = 12  # searches that the provider did not answer
OVERDUE_AFTER = 40 * 60  # after submission: late enough to tell a person, early enough to look before the hour is over
RESULT_LIVES = ASK_HISTORY_UNTIL = 7 * 24 * 3600  # a result file is deleted then (provider docs, logging)
RECHECKED_FOR = 7 * 24 * 3600  # after the sending: a result file that is found later is deleted


def next_poll(polls: int) -> int:
    """The pause after that many polls: 10 s growing by 15 % to 30 s."""
    return round(min(FIRST_STEP * GROWTH ** min(max(0, polls - 1), 100), LONGEST_STEP))


def next_history_look(looks: int) -> int:
    """From five minutes growing to six hours."""
    return round(min(300 * 1.6 ** min(looks, 20), 6 * 3600))


def next_recheck(looks: int) -> int:
    """The pause before an edit in doubt is looked for again: a quarter of an hour growing to six hours."""
    return round(min(900 * 1.6 ** min(looks, 20), 6 * 3600))
