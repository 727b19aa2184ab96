"""Which rows of the provider's history are an attempt's own, and which only look as if they were."""

from __future__ import annotations

import re

from dropcut.domain.identity import mark
from dropcut.domain.model import Edit, HistoryRow
from dropcut.domain.pricing import MODEL

MOST_CANDIDATES = 5  # shown to a person, who has to look each of them up
EARLY, LATE = 5 * 60, 15 * 60  # seconds around the sending: clocks differ, and a submission may queue
A_MARK = re.compile(r"([0-9a-f]{64})/([0-9]{1,9})/clip")  # more digits are no attempt's, and too many no number


def is_ours(row: HistoryRow, edit: Edit) -> bool:
    """True for a row with this attempt's mark. Nothing else makes a row ours: two edits may be alike."""
    return mark(edit.edit_id, edit.attempt, "") in row.video_url_path


def marked(row: HistoryRow) -> tuple[str, int] | None:
    """The edit and the attempt that a row's address names, whosever they are; None where it names none."""
    found = A_MARK.search(row.video_url_path)
    return (found[1], int(found[2])) if found else None


def candidates(rows: list[HistoryRow], edit: Edit) -> tuple[str, ...]:
    """Request ids that a person should look at, the likeliest first; they are never adopted without one."""
    ours = [row for row in rows if is_ours(row, edit)]  # more than one, or it would have been adopted
    alike = sorted((row for row in rows if _looks_like(row, edit)), key=lambda row: _distance(row, edit))
    return tuple(dict.fromkeys(row.request_id for row in ours + alike))[:MOST_CANDIDATES]


def _looks_like(row: HistoryRow, edit: Edit) -> bool:
    """Nothing in it speaks against it: no other mark, no other model, prompt or time."""
    shown = row.request_id.isprintable() and len(row.request_id) <= 200
    if not shown or marked(row) or row.model not in ("", MODEL):
        return False
    begins = row.prompt.rstrip(".… \n")  # long prompts may be cut, and marked as cut
    if not str(edit.request.get("prompt", "")).startswith(begins):
        return False
    if row.created_at is None or edit.sent_at is None:
        return bool(begins)
    return -EARLY <= row.created_at - edit.sent_at <= LATE


def _distance(row: HistoryRow, edit: Edit) -> tuple[bool, float]:
    """A readable prompt counts more than a near time."""
    apart = LATE if row.created_at is None else abs(row.created_at - (edit.sent_at or row.created_at))
    return (not row.prompt, apart)
