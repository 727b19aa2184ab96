"""What the person who drops files is told: one notification for each ending, as JSON and as text for a mailbox."""

from __future__ import annotations

import json
import shlex
from dataclasses import replace
from itertools import accumulate
from typing import Any, cast

from dropcut.domain.decisions import has_no_result, unconfirmed
from dropcut.domain.identity import digest, mark
from dropcut.domain.keys import manifest_beside, split
from dropcut.domain.model import Cause, Clip, Drop, Edit, State
from dropcut.domain.text import printable, quote, sentence
from dropcut.intake.problem import Problem
from dropcut.notifications.schemas import Cost, ErrorFile, Notification, ProblemLine, S3Object, Source, Status

SHOWN_PROBLEMS = 50  # in a message: a state machine's data is at most 256 KiB, and the error file has more of them
PROBLEM_BYTES = 40_000  # of all that are shown there
FILED_PROBLEMS = 200  # in an error file: nobody mends more of them at once
FILED_BYTES = 200_000  # of all that are there, so that the file stays below 256 KB
USUAL_STACK = "dropcut"  # the operator's command looks there unless it is told another one
PROBLEM_LIMIT = 300  # characters of each part of a problem; keys of a sidecar may be as long as the sidecar


FIX = "Do what what_to_do says."  # of a problem whose mend is more than a line
BUY_AGAIN = 'To buy the same edit once more on purpose, put "rerun": {rerun} into the sidecar.'


def event_id(owner: str, status: str, *more: object) -> str:
    """One event, one id, however often it is sent."""
    return digest("event", owner, status, *more)[:32]


def about_drop(drop: Drop) -> dict[str, Any]:
    """The fields of a notification that every drop has."""
    return {
        "folder": split(drop.clip_key).folder,
        "clip": S3Object(bucket=drop.bucket, key=drop.clip_key, version_id=drop.clip_version),
        "sidecar": S3Object(bucket=drop.bucket, key=drop.sidecar_key, version_id=drop.sidecar_version),
        "drop_id": drop.drop_id,
    }


def about_edit(edit: Edit, drop: Drop | None = None) -> dict[str, Any]:
    return {
        **about_drop(drop or edit.drop),
        "edit_id": edit.edit_id,
        "cost": cost(edit),
        "request_id": edit.request_id,
        "warnings": edit.warnings,
    }


def cost(edit: Edit) -> Cost:
    charged = None if edit.charged_usd is None else float(edit.charged_usd)
    return Cost(estimated_usd=float(edit.estimated_usd), charged_usd=charged)


def source(drop: Drop, clip: Clip | None) -> Source:
    about = about_drop(drop)
    return Source(clip=about["clip"], sidecar=about["sidecar"], **(clip.as_json() if clip else {}))


def rejected(drop: Drop, problems: list[Problem], outbox: str) -> Notification:
    shown = _fitting(problems, SHOWN_PROBLEMS, PROBLEM_BYTES)
    number = "one thing is" if len(problems) == 1 else f"{len(problems)} things are"
    return Notification(
        event_id=event_id(drop.drop_id, "REJECTED"),
        status="REJECTED",
        **about_drop(drop),
        summary=f"{printable(drop.clip_key)} was not edited, and nothing was paid: {number} not right.",
        what_to_do="Correct the files and drop them again.",
        problems=shown,
        more_problems=len(problems) - len(shown),
        error=S3Object(bucket=outbox, key=drop.outbox.error),
    )


def _fitting(problems: list[Problem], most: int, most_bytes: int) -> tuple[ProblemLine, ...]:
    """As many as there is room for. SNS and Step Functions take 256 KiB, in which every line stands twice."""
    lines = [problem_line(problem) for problem in problems[:most]]  # the others are not even looked at
    sizes = accumulate(len(line.as_text().encode()) for line in lines)
    return tuple(line for line, size in zip(lines, sizes, strict=True) if size <= most_bytes)


def problem_line(problem: Problem) -> ProblemLine:
    """Sidecars are written by hand: a key or a signed address in the wrong place must not be sent around."""
    return ProblemLine(**{name: quote(text, PROBLEM_LIMIT) for name, text in problem._asdict().items()})


def error_file(body: Notification, drop: Drop, clip: Clip | None, problems: list[Problem]) -> ErrorFile:
    filed = _fitting(problems, FILED_PROBLEMS, FILED_BYTES)
    return ErrorFile(
        status=body.status,
        summary=body.summary,
        what_to_do=body.what_to_do,
        problems=filed,
        more_problems=len(problems) - len(filed),
        edit_id=body.edit_id,
        drop_id=drop.drop_id,
        source=source(drop, clip),
        request_id=body.request_id,
        cost=body.cost,
    )


def delivered(edit: Edit, drop: Drop, video: S3Object, manifest: S3Object) -> Notification:
    return Notification(
        event_id=event_id(edit.edit_id, "DELIVERED", edit.attempt),
        status="DELIVERED",
        **about_edit(edit, drop),
        summary=f"{printable(drop.clip_key)} is edited. The result is {printable(video.key)} in the outbox.",
        what_to_do="There is nothing to do. The manifest beside the video says what was asked, paid and made.",
        output=video,
        manifest=manifest,
    )


def manifest_key(edit: Edit) -> str:
    """Where a delivered edit's manifest lies. Release 0.1.0 noted the video only, which it always lay beside."""
    output = edit.output or {}
    return str(output.get("manifest") or manifest_beside(str(output.get("key"))))


def unchanged(edit: Edit, drop: Drop, outbox: str, *, still_there: bool, manifest: bool = True) -> Notification:
    """The same files were dropped again after their edit was delivered; `manifest`: it lies in its place."""
    output = edit.output or {}
    place = S3Object(bucket=outbox, key=str(output.get("key")), version_id=output.get("version"))
    where = f"its output is {printable(place.key)}, as before"
    to_do = BUY_AGAIN.format(rerun=edit.rerun + 1)
    if not still_there:
        where = (
            f"its output {printable(place.key)} was since replaced or deleted, and that version of it no longer exists"
        )
    return Notification(
        event_id=event_id(drop.drop_id, "UNCHANGED"),
        status="UNCHANGED",
        **about_edit(edit, drop),
        summary=f"{printable(drop.clip_key)} was edited before with the same request; nothing was bought, {where}.",
        what_to_do=to_do,
        output=place,
        manifest=S3Object(bucket=outbox, key=manifest_key(edit)) if manifest else None,
    )


def restored(edit: Edit, drop: Drop, outbox: str) -> Notification:
    """The same files were dropped again, and their paid output, or its manifest, had been replaced or deleted."""
    output = edit.output or {}
    place = S3Object(bucket=outbox, key=str(output.get("key")), version_id=output.get("version"))
    return Notification(
        event_id=event_id(drop.drop_id, "RESTORED"),
        status="RESTORED",
        **about_edit(edit, drop),
        summary=f"{printable(drop.clip_key)} was edited before with the same request. Nothing was bought, and its "
        f"output is back with its manifest: {printable(place.key)}.",
        what_to_do=BUY_AGAIN.format(rerun=edit.rerun + 1),
        output=place,
        manifest=S3Object(bucket=outbox, key=manifest_key(edit)),
    )


def held(edit: Edit, drop: Drop, outbox: str, stack: str = USUAL_STACK) -> Notification:
    """The same files were dropped again while their edit is held for a person: the same words, for this drop.

    The very drop that holds it, entered once more, says nothing new: its message keeps its id.
    """
    return failed(drop, edit, edit.state, edit.reason or "it is held", outbox, cause=edit.cause, stack=stack)


ENDINGS = {
    State.FAILED: (
        "was not edited, and nothing was paid",
        "Mend what the reason names, then drop the files again: that starts a new attempt.",
    ),
    State.IN_DOUBT: (
        "was sent to the provider, and whether it was accepted is not known",
        (
            "It is not sent again by itself, since that could pay twice. Dropcut keeps looking for seven days after "
            "the sending. If the provider's request history shows it, Dropcut carries on and sends a message. You can "
            "wait for that, or decide earlier. Whoever runs Dropcut types, at the top of its repository, to see what "
            "is known of it:\n\n"
            "  {dropcut} status {edit_id}\n\n"
            "Look into the provider's request history for a request whose video_url has {mark}. Its row may land "
            "hours late. {candidates}If it is there, carry on with it; that buys nothing:\n\n"
            "  {dropcut} resolve {edit_id} --adopt REQUEST_ID\n\n"
            "If it is still not there after a day, and the credits did not drop, it was most likely never accepted. "
            "Say so, then drop the files again, which buys the edit anew; earlier than that it may pay twice:\n\n"
            "  {dropcut} resolve {edit_id} --not-billed\n\n"
            "If nobody will find out, end it, counted as spent:\n\n  {dropcut} resolve {edit_id} --give-up"
        ),
    ),
    State.UNDELIVERED: (
        "was accepted by the provider as request {request_id}, but its result could not be copied into the outbox",
        (
            "Look that request up in the provider's request history: it names the result file, which is kept for "
            "seven days; after them only the provider's support can help. Nothing is bought again. When what the "
            "reason names is mended, whoever runs Dropcut has it delivered, at the top of its repository:\n\n"
            "  {dropcut} status {edit_id}\n"
            "  {dropcut} resolve {edit_id} --adopt {request_id}\n\n"
            "If it cannot be had any more, end it, counted as spent:\n\n  {dropcut} resolve {edit_id} --give-up"
        ),
    ),
    State.ABANDONED: (
        "is not edited, and nothing was bought now",
        'A person gave up on this edit. To buy it again on purpose, put "rerun": {rerun} into the sidecar.',
    ),
}


NO_RESULT = (
    "was failed by the provider as request {request_id}, which charged for it all the same, so there is no result",
    (
        "There is nothing to deliver. Ask the provider for the money, naming the request. Then end the edit, whose "
        "charge stays counted:\n\n  {dropcut} resolve {edit_id} --give-up"
    ),
)
NOT_CONFIRMED = (
    "was failed by the provider as request {request_id}; failures are free by its word, and its history did not say so",
    (
        "Look that request up in the provider's request history. If it names a charge, ask the provider for the money. "
        "Nothing is bought again by itself. If nothing was charged, fix the cause and upload one of the files again: "
        "that starts a new attempt."
    ),
)
AGAIN = {  # what to do where nothing has to be mended
    Cause.CALLED_OFF: "If you want it after all, upload the clip and its sidecar again.",
    Cause.NOT_BILLED: "To buy it, upload the clip or its sidecar again, as it is.",
    Cause.NOT_THE_FILES: "Upload the clip or its sidecar again, as it is. If the edit ends like this once more, "
    "whoever runs Dropcut finds the cause in the log of submit_edit.",
}
NOT_RESTORED = (
    "was edited before, but its output could not be put back into its place, and nothing was bought now",
    "Mend what the reason names, then drop the files again: that puts it back, for nothing.",
)


def failed(
    drop: Drop,
    edit: Edit | None,
    status: State,
    reason: str,
    outbox: str,
    *,
    cause: Cause | None = None,
    stack: str = USUAL_STACK,
    paid_before: bool = False,
) -> Notification:
    """A bad ending. `status` says what is known about the money, and so do the words."""
    summary, to_do = NOT_RESTORED if paid_before else _ending(edit, status)
    if status is State.FAILED and not paid_before and cause in AGAIN:
        to_do = AGAIN[cause]
    attempt = edit.attempt if edit else 0
    again = [edit.execution] if edit and edit.execution else []  # taken up, it may end in the same way once more
    known = _known(edit, stack) if edit else {}
    about = about_edit(edit, drop) if edit else about_drop(drop)
    return Notification(
        event_id=event_id(drop.drop_id, status, edit.edit_id if edit and attempt else "", attempt, *again),
        status=cast("Status", status.value),
        **about,
        summary=f"{printable(drop.clip_key)} {summary.format(**known)}: {sentence(reason)}",
        what_to_do=to_do.format(**known),
        error=error_file_of(edit, drop, outbox),
    )


def resolved(edit: Edit, at: float, outbox: str, stack: str = USUAL_STACK) -> Notification:
    """A person ended a held edit. The id is its own, for there may have been a message of that status before."""
    body = failed(edit.carried_drop, edit, edit.state, str(edit.reason), outbox, cause=edit.cause, stack=stack)
    return replace(body, event_id=event_id(edit.edit_id, edit.state, edit.attempt, at))


def _ending(edit: Edit | None, status: State) -> tuple[str, str]:
    if edit and has_no_result(edit):
        return NO_RESULT
    return NOT_CONFIRMED if edit and unconfirmed(edit) else ENDINGS[status]


def error_file_of(edit: Edit | None, drop: Drop, outbox: str) -> S3Object | None:
    """Where the error file lies: where the message of the edit's end says, else beside the output's usual place."""
    said = edit.notice.message.get("default") if edit and edit.notice else None
    if not said:
        return S3Object(bucket=outbox, key=drop.outbox.error)
    there = json.loads(said).get("error")  # null where it could not be written
    return S3Object(bucket=there["bucket"], key=there["key"]) if there else None


def to_type(stack: str) -> str:
    """The operator's command for this stack."""
    return "./dropcut" if stack == USUAL_STACK else f"./dropcut --stack {stack}"


def _known(edit: Edit, stack: str) -> dict[str, Any]:
    """What the endings quote of an edit."""
    alike = ", ".join(edit.candidates)
    return {
        "edit_id": edit.edit_id,
        "dropcut": to_type(stack),
        "request_id": shlex.quote(printable(str(edit.request_id))),  # it is typed into a shell
        "mark": mark(edit.edit_id, edit.attempt, ""),
        "candidates": f"Of that time, and perhaps it, which only a person can tell: {alike}. " if alike else "",
        "rerun": edit.rerun + 1,
    }
