"""A notification on its way out: as JSON for machines, as text for a mailbox, within the limits of SNS."""

from __future__ import annotations

from dropcut.domain.keys import split
from dropcut.domain.model import Cause, Notice
from dropcut.domain.text import printable, sentence
from dropcut.notifications.schemas import Notification

SUBJECT_LIMIT = 99  # SNS: ASCII, under 100 characters, no line breaks


def as_notice(body: Notification, cause: Cause | None = None) -> Notice:
    """Put a notification into its envelope. `cause` is that of a bad ending, whose body has the reason's words only."""
    return Notice(
        event_id=body.event_id,
        status=body.status,
        folder=printable(body.folder) or "/",
        subject=subject(body),
        message={"default": body.as_text(), "email": email_text(body, cause)},
    )


def subject(body: Notification) -> str:
    place = body.clip or body.sidecar
    name = printable(split(place.key).name) if place else "files from before"
    text = f"Dropcut {body.status}: {name}".encode("ascii", "replace").decode()
    return text if len(text) <= SUBJECT_LIMIT else text[: SUBJECT_LIMIT - 3] + "..."


def email_text(body: Notification, cause: Cause | None = None) -> str:
    lines = [body.summary, ""]
    for n, found in enumerate(body.problems, 1):
        field, fix = found.field or "the sidecar", sentence(found.fix)
        wrong = f"{found.value} {found.problem}".strip()
        lines.append(f"{n}. {field}: {wrong}. To mend it: {fix}")
    if body.more_problems:
        lines.append(f"... and {body.more_problems} more; see the error file.")
    lines += [f"Note: {printable(warning)}." for warning in body.warnings]
    if lines[-1]:
        lines.append("")
    lines += [body.what_to_do, ""]
    places = {
        "Clip": body.clip,
        "Sidecar": body.sidecar,
        "Output": body.output,
        "Manifest": body.manifest,
        "Error file": body.error,
    }
    lines += [f"{name + ':':<12}s3://{place.bucket}/{printable(place.key)}" for name, place in places.items() if place]
    if body.cost:
        unknown = "nothing" if body.status in ("FAILED", "DELAYED") else "not known yet"
        unknown = "not confirmed" if cause is Cause.UNCONFIRMED else unknown
        charged = unknown if body.cost.charged_usd is None else dollars(body.cost.charged_usd)
        label = "Paid once:" if body.status in ("UNCHANGED", "RESTORED") else "Cost:"
        lines.append(f"{label:<12}{charged} (estimated {dollars(body.cost.estimated_usd)})")
    for name, value in (("Request id", body.request_id), ("Edit", body.edit_id), ("Drop", body.drop_id)):
        lines += [f"{name + ':':<12}{value}"] if value else []
    return "\n".join(lines) + "\n"


def dollars(amount: float) -> str:
    """$0.945 and $1.68: a third decimal only where there is one."""
    return f"${amount:.3f}".removesuffix("0")
