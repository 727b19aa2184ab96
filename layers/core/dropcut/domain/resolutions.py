"""What a person decides about a held edit, and what follows from it. Nothing here buys anything.

An edit that is IN_DOUBT or UNDELIVERED waits for somebody who can look where this product cannot: into the provider's
account. That person's word moves the edit, and the ledger keeps who said it. Where it ends the edit, whoever dropped
the files is told: `notifications.endings.resolved` composes that message, and it is written with the edit.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import Any

from dropcut.domain.dates import day_of
from dropcut.domain.model import Cause, Edit, Notice, State


class Decision(StrEnum):
    """The three things that can be true of a held edit."""

    ADOPT = "adopt"  # this request is its attempt's: carry on with it
    NOT_BILLED = "not-billed"  # nothing was accepted: as if the provider had refused it
    GIVE_UP = "give-up"  # nobody will find out, or nobody cares: over, and counted as spent


ALLOWED = {
    Decision.ADOPT: frozenset({State.IN_DOUBT, State.UNDELIVERED}),
    Decision.NOT_BILLED: frozenset({State.IN_DOUBT}),
    Decision.GIVE_UP: frozenset({State.IN_DOUBT, State.UNDELIVERED}),
}
ENDING_ATTRIBUTES = ("reason", "cause", "output", "notice", "event_id", "notified_at")  # gone once it goes on


@dataclass(frozen=True, kw_only=True)
class Resolution:
    """A verdict, and who gives it.

    `request_id`, `execution` (its name) and `proven` belong to ADOPT: that the request is this attempt's, by its mark.
    """

    verdict: Decision
    who: str
    at: float
    note: str = ""
    request_id: str | None = None
    execution: str = ""
    proven: bool = False

    def applied_to(self, edit: Edit) -> Edit:
        """The edit as it is then, less its message. Raises ValueError where the verdict does not fit its state."""
        if edit.state not in ALLOWED[self.verdict]:
            raise ValueError(f"{self.verdict} does not fit an edit that is {edit.state}")
        if self.verdict is Decision.GIVE_UP:
            return replace(edit, state=State.ABANDONED, reason=self.in_words("given up"), cause=None)
        if self.verdict is Decision.NOT_BILLED:
            return replace(edit, state=State.FAILED, reason=self.in_words("held to be unpaid"), cause=Cause.NOT_BILLED)
        fresh: dict[str, Any] = dict.fromkeys(ENDING_ATTRIBUTES)
        answered = edit.request_id == self.request_id and not edit.vouched_by  # it is what the submission was answered
        going: dict[str, Any] = {"request_id": self.request_id, "submitted_at": edit.sent_at}
        going["vouched_by"] = None if self.proven or answered else self.who
        return replace(edit, state=State.SUBMITTED, execution=self.execution, candidates=(), **going, **fresh)

    def require(self, notice: Notice | None) -> Notice:
        """The message, which every end has. Raises ValueError where there is none."""
        if notice is None:
            raise ValueError(f"{self.verdict} ends an edit, so somebody has to be told")
        return notice

    def in_words(self, what: str) -> str:
        note = f": {self.note}" if self.note else ""
        return f"{what} on {day_of(self.at)} by {self.who}{note}"

    def audit(self, before: Edit, after: Edit) -> dict[str, Any]:
        """What the ledger keeps of it, beside the edit."""
        changed = changes(before, after)
        changed.pop("notice", None)  # long, and told by its event_id
        was, is_now = ({name: pair[n] for name, pair in changed.items()} for n in (0, 1))
        return {"who": self.who, "what": str(self.verdict), "note": self.note, "before": was, "after": is_now}


def changes(before: Edit, after: Edit) -> dict[str, tuple[Any, Any]]:
    """The attributes that differ, as they were and as they will be."""
    pairs = {field.name: (getattr(before, field.name), getattr(after, field.name)) for field in fields(Edit)}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}
