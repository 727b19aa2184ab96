"""News that is no ending: why something waits, and what was left alone. Each is said once."""

from __future__ import annotations

from typing import Any

from dropcut.domain.dates import iso
from dropcut.domain.keys import SIDECAR_SUFFIX, is_clip, split
from dropcut.domain.model import Delay, Drop, Edit, Half, Limits
from dropcut.domain.pairing import partner_names
from dropcut.domain.text import printable, sentence
from dropcut.notifications.endings import about_edit, event_id
from dropcut.notifications.schemas import Notification, S3Object

DELAYS = {
    Delay.SPENDING_OFF: (
        "spending is switched off (SpendingEnabled)",
        "It goes on by itself once SpendingEnabled is true again.",
    ),
    Delay.DAY_LIMIT: (
        "the dollars of today (UTC) are used up (MaxUsdPerDay is {usd})",
        "It goes on by itself on a day (UTC) that has room for it, or once MaxUsdPerDay is raised.",
    ),
    Delay.IN_FLIGHT_LIMIT: (
        "{most} other edits are at the provider, and more are not let in at once (MaxEditsInFlight)",
        "It goes on by itself when there is room.",
    ),
    Delay.CREDITS: (
        "the credits at the provider do not suffice",
        "Add credits there, and it goes on by itself. After {hours} hours (CreditWaitHours) it ends as FAILED, unpaid.",
    ),
    Delay.BROKEN_OFF: (
        "the step that sends it breaks off before it sends anything",
        "Dropcut keeps trying. Whoever runs it finds the cause in the log of submit_edit.",
    ),
}


def why_delayed(delay: Delay, limits: Limits | None) -> tuple[str, str]:
    """The limit with its value, and what lets the edit go on. Only the reasons that quote limits need them."""
    if limits is None:
        return DELAYS[delay]
    usd, hours = f"${limits.usd_per_day:.2f}", f"{limits.credit_wait_hours:g}"
    why, to_do = (text.format(usd=usd, most=limits.in_flight, hours=hours) for text in DELAYS[delay])
    return why, to_do


def delayed(edit: Edit, drop: Drop, delay: Delay, limits: Limits | None) -> Notification:
    """Not sent yet, for want of room or credits, or of a worker that lives. Said once for each reason."""
    why, to_do = why_delayed(delay, limits)
    patience = "" if delay is Delay.CREDITS else "After seven days it ends as FAILED, unpaid. "
    return Notification(
        event_id=event_id(drop.drop_id, "DELAYED", delay),
        status="DELAYED",
        **about_edit(edit, drop),
        summary=f"{printable(drop.clip_key)} waits: {why}. Nothing was sent and nothing was paid.",
        what_to_do=f"{to_do} {patience}To take it back before, delete the clip or its sidecar.",
    )


def overdue(edit: Edit, minutes: int) -> Notification:
    """The provider takes unusually long. Nothing is lost; the person should not wonder."""
    return Notification(
        event_id=event_id(edit.edit_id, "OVERDUE", edit.attempt),
        status="OVERDUE",
        **about_edit(edit),
        summary=f"{printable(edit.drop.clip_key)} was sent {minutes} minutes ago as request {edit.request_id} and is "
        "not finished; four minutes are usual.",
        what_to_do="There is nothing to do. It is asked for on, for up to seven days, and never bought again.",
    )


def not_yet_delivered(edit: Edit) -> Notification:
    """It is paid and made, and cannot be copied; a person may have to mend something while the file is still there."""
    why = sentence(edit.reason) if edit.reason else "the log of the functions says why."
    return Notification(
        event_id=event_id(edit.edit_id, "OVERDUE", edit.attempt, "delivery", edit.carrier),
        status="OVERDUE",
        **about_edit(edit),
        summary=f"{printable(edit.drop.clip_key)} was edited as request {edit.request_id}, but the result could not be "
        f"copied into the outbox yet: {why}",
        what_to_do="If the reason is on your side, mend it: the copy is tried again at pauses of up to six hours, for "
        "the seven days that the provider keeps the file. Nothing is bought again.",
    )


def found(edit: Edit) -> Notification:
    """It was in doubt, and the provider's history shows its request after all. Said once for each attempt."""
    drop = edit.carried_drop
    return Notification(
        event_id=event_id(edit.edit_id, "FOUND", edit.attempt),
        status="FOUND",
        **about_edit(edit, drop),
        summary=f"{printable(drop.clip_key)} was in doubt. The provider's request history now shows it as request "
        f"{printable(str(edit.request_id))}, so Dropcut carries on with that request. Nothing is bought again.",
        what_to_do="There is nothing to do. Another message says how it ends.",
    )


def left_alone(inbox: str, number: int, active_since: float) -> Notification:
    """What lay in the inbox before the stack did: said once, and never bought."""
    pairs = "1 pair of clip and sidecar" if number == 1 else f"{number} pairs of clip and sidecar"
    return Notification(
        event_id=event_id(inbox, "LEFT_ALONE", iso(active_since)),
        status="LEFT_ALONE",
        folder="",
        clip=None,
        sidecar=None,
        summary=f"{pairs} lay in {inbox} before {iso(active_since)}, when this stack was made. Nothing was started.",
        what_to_do="To have one edited, upload its clip or its sidecar again. No further notice is sent.",
    )


def unversioned(bucket: str, key: str, day: str) -> Notification:
    """The inbox keeps no versions, so its files cannot be told from those that replace them. Said once a day."""
    return Notification(
        event_id=event_id(bucket, "LEFT_ALONE", "VERSIONING", day),
        status="LEFT_ALONE",
        **_about_file(S3Object(bucket=bucket, key=key), clip=is_clip(key)),
        summary=f"{printable(key)} was uploaded while the versioning of {bucket} was suspended. Dropcut leaves such "
        "files alone: they could change while they are edited. Nothing was started and nothing was paid.",
        what_to_do="Switch versioning on:\n\n"
        f"  aws s3api put-bucket-versioning --bucket {bucket} --versioning-configuration Status=Enabled\n\n"
        "Then upload the clip and the sidecar again, and all other files that you uploaded meanwhile. This notice is "
        "sent once a day at most.",
    )


def nameless(half: Half) -> Notification:
    """One notice for a file that is called just `.mp4` or `.json`: no other file can belong to it."""
    suffix = split(half.key).suffix
    clip = suffix.lower() != SIDECAR_SUFFIX
    return Notification(
        **_about_half(half, clip=clip),
        summary=f"{printable(half.key)} has no name before {suffix}, so no other file can belong to it. Nothing was "
        "started and nothing was paid.",
        what_to_do=f"Upload it with a name, such as beach{suffix}, beside {'beach.json' if clip else 'beach.mp4'}. "
        "No further notice is sent.",
    )


def waiting(half: Half, hint: str) -> Notification:
    """One notice for a file whose partner has not come; `hint` is a sentence on why that may be, or nothing."""
    clip, names = is_clip(half.key), " or ".join(printable(name) for name in partner_names(half.key))
    missing = f"{'a sidecar' if clip else 'a clip'}: {names}"
    summary = f"{printable(half.key)} waits for {missing}. Nothing was started and nothing was paid. {hint}"
    return Notification(
        **_about_half(half, clip=clip),
        summary=summary.rstrip(),
        what_to_do="Upload the missing file into the same folder, or one of them again under a fitting name. "
        "The edit then starts by itself. No further notice is sent.",
    )


def _about_half(half: Half, *, clip: bool) -> dict[str, Any]:
    place = S3Object(bucket=half.bucket, key=half.key, version_id=half.version)
    event = event_id(half.key, "WAITING", half.bucket, half.version)
    return {"event_id": event, "status": "WAITING", **_about_file(place, clip=clip)}


def _about_file(place: S3Object, *, clip: bool) -> dict[str, Any]:
    """The fields of a notification about one file that has no partner."""
    files = {"clip": place, "sidecar": None} if clip else {"clip": None, "sidecar": place}
    return {"folder": split(place.key).folder, **files}
