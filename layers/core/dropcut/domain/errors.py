"""What can go wrong, named by what is then known about the money.

The class name is the message: Step Functions sees it as the error name and the state machine branches on it.

    DropcutError
    ├── NotSent                 proof: the provider took nothing
    │   ├── ProviderBusy        429, or no connection at all: the same attempt may be sent again
    │   ├── ClipNotShared       the clip's address could not be signed for long enough; likewise
    │   ├── KeyUnreadable       the API key could not be read, so nothing could be sent
    │   ├── InsufficientCredits 402, or 406 about credits: somebody has to top up
    │   ├── LimitReached        a limit of this stack leaves no room; it is asked again later
    │   ├── FilesChanged           its files were replaced or deleted before it was sent
    │   └── ProviderRefused     any other refusal that proves it: sending it again would not help
    ├── SubmissionUnknown       sent, and no answer that can be trusted: never sent again, looked up instead
    ├── ProviderUnreadable      a free read failed (network, 5xx, nonsense): read again later
    ├── FileHidden              S3 refused to hand out a file, or to say whether it is there
    ├── InspectionFailed        a clip could not be inspected, through no fault of its own: try again
    ├── ResultHostUnknown       the result lies on a host that this stack was not told to trust: held
    ├── DeliveryFailed          the copy into the outbox failed and left nothing: try again
    │   └── ResultExpired       the provider keeps result files for seven days, and those are over: held
    ├── NotADrop                an execution was started by hand, with something else: nothing was done
    └── LedgerConflict          somebody else moved the edit first: read it again, never push
        └── RowBusy             another write to the same row was under way; nothing was written
"""

from __future__ import annotations

from dropcut.domain.model import Delay, Drop


class DropcutError(Exception):
    """Everything this package raises on purpose."""


class NotSent(DropcutError):
    """The provider is proven to have accepted nothing."""


class ProviderBusy(NotSent):
    """Rate limited or not reached; the attempt keeps its reservation and may be sent again."""


class ClipNotShared(NotSent):
    """The credentials at hand die before the provider could be sure to have fetched the clip."""


class KeyUnreadable(NotSent):
    """The SSM parameter with the API key is missing, or the function may not read it."""


class InsufficientCredits(NotSent):
    """The account cannot pay for this generation."""


LIMITS = {  # the template's parameter for each
    Delay.SPENDING_OFF: "SpendingEnabled",
    Delay.DAY_LIMIT: "MaxUsdPerDay",
    Delay.IN_FLIGHT_LIMIT: "MaxEditsInFlight",
}


class LimitReached(NotSent):
    """A limit leaves no room for another attempt now. `delay` says which."""

    def __init__(self, delay: Delay) -> None:
        super().__init__(f"the limits of this stack left no room for it in seven days ({LIMITS[delay]})")
        self.delay = delay


class FilesChanged(NotSent):
    """The files that were to be edited are no longer there: `newer` is the pair in their place, or None where `gone`
    names what was deleted.
    """

    def __init__(self, newer: Drop | None, gone: tuple[str, ...] = ()) -> None:
        super().__init__("the files were replaced or deleted before anything was sent")
        self.newer, self.gone = newer, gone


class ProviderRefused(NotSent):
    """The provider answered with a refusal that proves that it took nothing."""


class SubmissionUnknown(DropcutError):
    """The request left, and whether it was accepted is not known."""


class ProviderUnreadable(DropcutError):
    """A read of status, result or history failed; reads cost nothing and are repeated."""


class FileHidden(DropcutError):
    """S3 answered 403. Without the right to list a bucket, a file that is gone looks like one that is forbidden."""


class InspectionFailed(DropcutError):
    """The clip was not read: MediaInfo did not start, or the function that runs it failed."""


class ResultHostUnknown(DropcutError):
    """The result's address is not on the allow-list, so it was not fetched."""


class DeliveryFailed(DropcutError):
    """The result was not copied; the outbox is as it was before."""


class ResultExpired(DeliveryFailed):
    """The result could not be fetched, and the time for which the provider keeps it is over."""


class NotADrop(DropcutError):
    """The input names no clip and no sidecar, so there is nothing to edit and nobody to tell."""

    def __init__(self, *missing: str) -> None:
        super().__init__(
            f"the input has no usable {', '.join(missing)}. Executions are started when a clip and its sidecar are "
            "uploaded; upload them again instead of starting one by hand"
        )


class LedgerConflict(DropcutError):
    """A conditional write found a row in another state than the one decided upon. `writes` tells which of the
    transaction's writes it was, counted from 0.
    """

    def __init__(self, message: str, writes: frozenset[int] = frozenset()) -> None:
        super().__init__(message)
        self.writes = writes


class RowBusy(LedgerConflict):
    """A transaction was cancelled because another one touched the same row; it wrote nothing."""
