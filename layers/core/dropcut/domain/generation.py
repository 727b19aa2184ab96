"""What is known of a generation: the state machine's document `$.generation`, which each step reads and gives anew."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from typing import Any

from dropcut.domain.model import Delay, Edit, known_fields
from dropcut.domain.patience import Patience


class Outcome(StrEnum):
    """What a step found out. The state machine's Choices name these words, and their Default stands for the others."""

    SUBMITTED = "submitted"  # accepted: the ledger has its request id
    DELAYED = "delayed"  # not sent yet, for want of room or credits, or of a worker that lives
    DELAYED_NEWS = "delayed_news"  # the same, and there is a notice to send about it
    NOT_SENT = "not_sent"  # the ledger proves it, so submit_edit may try again
    LEFT = "left"  # to another execution, or over and told
    SUPERSEDED = "superseded"  # newer files have an edit of their own
    CALLED_OFF = "called_off"  # its files were deleted before it was sent
    LOOKING = "looking"  # the request history does not say it yet
    NOT_FOUND = "not_found"  # a lost submission that the history never showed
    RUNNING = "running"
    OVERDUE = "overdue"  # running or looked for as before, and there is a notice to send about it
    GONE = "gone"  # the request record is; the history is asked from now on
    COMPLETED = "completed"
    FAILED = "failed"
    TRY_AGAIN = "try_again"  # failed for lack of capacity, and proven free
    LOST = "lost"  # the provider did not say in seven days how it ended


@dataclass(frozen=True, kw_only=True)
class Generation:
    """One account of a generation. It is small, and grown by each look; the ledger alone guards the money."""

    outcome: Outcome | None = None  # None before the first step, and for a word of a later version
    edit_id: str = ""
    request_id: str | None = None
    attempt: int = 0
    tries: int = 0  # submissions of this execution; 0 where that is not known
    submitted_at: float | None = None
    polls: int = 0
    looks: int = 0  # into the request history, for the result
    wait_seconds: int = 0  # until the next look or try
    waited_seconds: float = 0  # since the submission, all pauses that are over
    searches: int = 0  # in the request history, for a lost submission
    unreadable: int = 0  # searches that the provider did not answer
    provider_status: str | None = None  # its own word, cut
    failure: str | None = None  # what the provider said, which its history has still to confirm as free
    asked: int = 0  # times that the history was asked for that
    told_overdue: bool = False
    delayed_by: str | None = None  # a Delay
    patience: Patience = field(default_factory=Patience)
    notice: dict[str, Any] | None = None  # to be sent before the next pause

    def age(self, now: float) -> float:
        """Return the seconds since the submission, by the clock or by the counted pauses: the longer one is right."""
        return max(now - (self.submitted_at or now), self.waited_seconds)

    def after_the_pause(self) -> Generation:
        """Count the pause that is over. What was told before it is not told again."""
        return replace(self, waited_seconds=self.waited_seconds + self.wait_seconds, notice=None)

    def afresh(self, edit_id: str, outcome: Outcome, **facts: Any) -> Generation:
        """Begin a new account, which carries on what must outlive a submission and nothing else."""
        kept = Generation(edit_id=edit_id, outcome=outcome, tries=self.tries, patience=self.patience)
        return replace(kept, **facts)

    def submitted(self, edit: Edit, first_wait: int) -> Generation:
        """Begin the account of a submission that the ledger has a request id of."""
        facts = {"request_id": edit.request_id, "attempt": edit.attempt, "submitted_at": edit.submitted_at}
        return self.afresh(edit.edit_id, Outcome.SUBMITTED, tries=self.tries + 1, wait_seconds=first_wait, **facts)

    def as_json(self) -> dict[str, Any]:
        """Write everything that has a value: release 0.1.0 expects each counter to be there, also where it is 0."""
        document = {one.name: getattr(self, one.name) for one in fields(self)} | {"patience": self.patience.as_json()}
        if self.delayed_by:  # what release 0.1.0 reads, should the stack be rolled back to it
            document |= {"told": self.patience.told[-1] if self.patience.told else None, "delays": self.patience.delays}
            document["delayed_seconds"] = self.patience.waited(Delay(self.delayed_by))
        return {name: value for name, value in document.items() if value is not None}

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> Generation:
        """Read what any version wrote: unknown fields are ignored, and missing ones have defaults."""
        known, said = known_fields(cls, document), document.get("outcome")
        known["outcome"] = Outcome(str(said)) if said in list(Outcome) else None
        return cls(**known | {"patience": Patience.of(document)})
