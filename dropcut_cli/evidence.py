"""What speaks for a person's word about a held edit, and what speaks against it. Pure.

A word against the provider's own records is refused: of all that can be typed, only these words can lead to paying
twice.
"""

from __future__ import annotations

import json
from dataclasses import dataclass

from dropcut.domain.dates import iso
from dropcut.domain.model import Edit, HistoryRow
from dropcut.domain.recognition import candidates, is_ours, marked
from dropcut.domain.text import printable
from dropcut.notifications.endings import USUAL_STACK, to_type
from dropcut_cli.errors import Refused

ROWS_LAND_WITHIN = 24 * 3600  # seconds; rows of the history may come hours late, and nobody promises how many


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What was looked up for a decision."""

    who: str
    now: float
    outbox: str
    stack: str = USUAL_STACK
    execution: str = ""  # a name that no execution has yet
    running: bool = False  # the execution that carried the edit has not ended
    holders: frozenset[str] = frozenset()  # edits that have this request
    row: HistoryRow | None = None  # what the provider's history has under the request id
    known: bool | None = None  # whether the provider knows the request at all; None where it could not be asked
    rows: tuple[HistoryRow, ...] | None = None  # the history since the sending; None where it could not be read
    whole: bool = True  # these are all rows since then


def is_proven(edit: Edit, facts: Facts) -> bool:
    """The provider's history shows the request with this attempt's mark."""
    return facts.row is not None and marked(facts.row) == (edit.edit_id, edit.attempt)


def for_request(edit: Edit, request_id: str, facts: Facts) -> str:
    """What speaks for a request that is to be adopted. Refused where something speaks against it."""
    named = marked(facts.row) if facts.row else None
    others = sorted(facts.holders - {edit.edit_id})
    if others:
        raise Refused(f"Request {request_id} belongs to another edit: {', '.join(others)}.")
    if facts.running:
        raise Refused("The execution that carried this edit has not ended yet. Try again when it has.")
    if facts.known is False:
        raise Refused(f"The provider knows no request {request_id}. Its rows may land hours late: try again then.")
    if named and named != (edit.edit_id, edit.attempt):
        raise Refused(f"Request {request_id} was sent for edit {named[0]}, attempt {named[1]}: its video_url says so.")
    if is_proven(edit, facts):
        return "Confirmed by the provider's history: the request's video_url has this attempt's path."
    if facts.known is None:
        return "Not confirmed: the provider could not be asked about the request."
    return "Not confirmed: the provider knows the request, but shows no path to recognise it by." + _looks(facts.row)


def _looks(row: HistoryRow | None) -> str:
    if row is None:
        return ""
    return f" It was made {iso(row.created_at) or 'at an unknown time'} with the prompt {json.dumps(row.prompt[:80])}."


def for_not_billed(edit: Edit, facts: Facts, *, early: bool) -> str:
    """What speaks for it that nothing was accepted: a whole history without this attempt's mark, a day later."""
    resolve = f"{to_type(facts.stack)} resolve {edit.edit_id}"
    if facts.rows is None:
        raise Refused("The provider's history could not be read, and what it shows may be this submission. Try later.")
    ours = [row.request_id for row in facts.rows if is_ours(row, edit)]
    if ours:
        there = f"The provider's history has this attempt as request {printable(', '.join(ours))}: it was accepted."
        raise Refused(f"{there} Carry on with it:\n\n  {resolve} --adopt {printable(ours[0])}")
    if not facts.whole:
        raise Refused(f"Since then the history has more than the {len(facts.rows)} requests that were read.")
    said_from = (edit.sent_at or edit.drop.dropped_at) + ROWS_LAND_WITHIN
    if facts.now < said_from and not early:
        late = "It is not in the provider's history, but it was sent less than a day ago, and rows may land hours late."
        now = "If the provider itself told you that it took nothing, add --early"
        raise Refused(f"{late} Say it again after {iso(said_from)}. {now}; else it may pay twice.")
    return _absent(edit, facts, said_from)


def _absent(edit: Edit, facts: Facts, said_from: float) -> str:
    said = ["Looked up: the provider's history has no request with this attempt's path."]
    if alike := candidates(list(facts.rows or ()), edit):
        said.append(f"Look at these first, which may be it without the path: {', '.join(alike)}.")
    if facts.now < said_from:
        said.append("It was sent less than a day ago: if its row still lands, dropping the files again pays twice.")
    return " ".join(said)
