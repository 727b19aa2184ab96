"""Understand a drop before it costs anything: read the sidecar, judge what the clip is, price both, or refuse them."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from dropcut.domain.decisions import DropVerdict, OnDrop, on_drop
from dropcut.domain.errors import FileHidden
from dropcut.domain.identity import edit_id
from dropcut.domain.model import Clip, Drop, Edit, Ending, State
from dropcut.domain.pairing import rivals_of
from dropcut.domain.pricing import estimate
from dropcut.intake.clip_rules import clip_problems, key_problems, size_problems, warnings_about
from dropcut.intake.inspection import NOT_UNDERSTOOD, read_inspection
from dropcut.intake.problem import Problem
from dropcut.intake.sidecar import MAX_BYTES, Sidecar, read_sidecar, unused_references
from dropcut.notifications import endings
from dropcut.notifications.envelope import as_notice
from dropcut.ports import Services
from dropcut.workflow.error_files import leave_error_file
from dropcut.workflow.inbox import changed_files, names_like
from dropcut.workflow.outputs import in_place


def prepare_edit(services: Services, drop: Drop, inspection: Any = None) -> dict[str, Any]:
    """Return the verdict, a DropVerdict, and the fields that the next state needs. Where nothing is to be bought they
    become `$.ending`.

    `inspection` is what InspectClip answered; an execution that release 0.1.0 began brings none.
    """
    keys = names_like(services.files, drop.bucket, drop.clip_key)
    found = changed_files(services, drop, keys)
    if found.newer:
        services.journal.end_drop(drop, "SUPERSEDED", services.clock())
        return {"verdict": DropVerdict.SUPERSEDED}
    sidecar, clip, problems = _read(services, drop, keys, found.gone, inspection)
    if problems or sidecar is None or clip is None:
        return _refuse(services, drop, clip, problems)
    edit = _edit(drop, sidecar, clip)
    known = services.ledger.edit(edit.edit_id)
    meaning = on_drop(known, drop.drop_id)
    if meaning is OnDrop.BUY:
        if edit.estimated_usd > services.max_usd_per_day:
            return _refuse(services, drop, clip, [_too_dear(edit, services.max_usd_per_day)])
        return _ready(services, edit, known)
    if known is None or meaning is OnDrop.IN_FLIGHT:
        return _leave_in_flight(services, edit)
    return _nothing_to_buy(services, drop, known, meaning)


def _read(
    services: Services, drop: Drop, keys: list[str], gone: tuple[str, ...], inspection: Any
) -> tuple[Sidecar | None, Clip | None, list[Problem]]:
    """Everything that can be learned from both files, and everything that is wrong with either."""
    if gone:  # taking a file away before it was read is the way to call an edit off
        return None, None, [_deleted(key) for key in gone]
    sidecar, wrong_sidecar = _read_sidecar(services, drop)
    clip, wrong_clip = _judge_clip(services, drop, inspection)
    return sidecar, clip, key_problems(drop) + _name_problems(drop, keys) + wrong_sidecar + wrong_clip


def _read_sidecar(services: Services, drop: Drop) -> tuple[Sidecar | None, list[Problem]]:
    try:
        raw = services.files.read(drop.bucket, drop.sidecar_key, drop.sidecar_version, MAX_BYTES + 1)
    except FileHidden:
        wrong = "may not be read by this stack; it may be archived, or encrypted with another key"
        return None, [Problem("", drop.sidecar_key, wrong, "upload it again as an ordinary file")]
    return read_sidecar(raw)


def _judge_clip(services: Services, drop: Drop, inspection: Any) -> tuple[Clip | None, list[Problem]]:
    facts = services.files.head(drop.bucket, drop.clip_key, drop.clip_version)
    if facts is None:
        return None, [_deleted(drop.clip_key)]
    if found := size_problems(facts.size):
        return None, found
    clip = read_inspection(services.inspector(drop) if inspection is None else inspection)
    if isinstance(clip, Clip) and clip.size != facts.size:
        clip = NOT_UNDERSTOOD
    if isinstance(clip, str):
        return None, [Problem("clip", drop.clip_key, clip, "drop a video saved as mp4 or mov")]
    return clip, clip_problems(clip, services.max_clip_seconds)


def _deleted(key: str) -> Problem:
    return Problem("drop", key, "was deleted before it was read", "drop it again")


def _name_problems(drop: Drop, keys: list[str]) -> list[Problem]:
    rivals = rivals_of(drop.clip_key, keys)
    if not rivals:
        return []
    names = " and ".join(sorted([drop.clip_key, *rivals]))
    return [Problem("drop", names, "would have the same output", "rename one of them, with its sidecar")]


def _too_dear(edit: Edit, max_usd_per_day: Decimal) -> Problem:
    most = f"MaxUsdPerDay is ${max_usd_per_day:.2f}"
    wrong = f"would cost up to ${edit.estimated_usd:.2f}, more than may be spent in a day ({most})"
    return Problem("clip", edit.drop.clip_key, wrong, 'shorten the clip, choose "mode": "std", or raise MaxUsdPerDay')


def _edit(drop: Drop, sidecar: Sidecar, clip: Clip) -> Edit:
    request = sidecar.request(clip.seconds)
    return Edit(
        edit_id=edit_id(drop.bucket, drop.clip_key, clip.sha256, request, sidecar.rerun),
        state=State.PREPARED,
        drop=drop,
        clip=clip,
        request=request,
        estimated_usd=estimate(request["mode"], request["duration"], clip.longest),
        warnings=tuple(warnings_about(clip, request) + unused_references(request)),
        rerun=sidecar.rerun,
    )


def _ready(services: Services, edit: Edit, known: Edit | None) -> dict[str, Any]:
    now = services.clock()
    if known is None or known.state in (State.PREPARED, State.FAILED):
        services.ledger.prepare(edit, now)
    services.journal.end_drop(edit.drop, "EDIT", now, edit.edit_id)
    return {
        "verdict": DropVerdict.READY,
        "edit_id": edit.edit_id,
        "estimated_usd": float(edit.estimated_usd),
        "seconds": edit.clip.seconds,
        "mode": edit.request["mode"],
    }


def _leave_in_flight(services: Services, edit: Edit) -> dict[str, Any]:
    """Another drop has an attempt open. It is looked at again once this is written down: that drop may just have closed
    the attempt for the files of this one, and it looks at what is written here (`submit_edit`).
    """
    services.journal.end_drop(edit.drop, "IN_FLIGHT", services.clock(), edit.edit_id)
    known = services.ledger.edit(edit.edit_id)
    if on_drop(known, edit.drop.drop_id) is OnDrop.BUY:
        return _ready(services, edit, known)
    return {"verdict": DropVerdict.IN_FLIGHT, "edit_id": edit.edit_id}


def _refuse(services: Services, drop: Drop, clip: Clip | None, problems: list[Problem]) -> dict[str, Any]:
    body = endings.rejected(drop, problems, services.outbox)
    text = endings.error_file(body, drop, clip, problems).as_file()
    body = leave_error_file(services, drop, body, text)
    notice = services.journal.tell_end(drop, "REJECTED", as_notice(body), services.clock())
    return Ending.REJECTED.document(notice, verdict=DropVerdict.REJECTED, problems=len(problems))


def _nothing_to_buy(services: Services, drop: Drop, known: Edit, meaning: OnDrop) -> dict[str, Any]:
    """Nothing is bought: the same files were edited before, or their edit is held for a person."""
    if meaning is OnDrop.DELIVERED_BEFORE:
        output, found = known.output or {}, in_place(services, known)
        key, version = str(output.get("key")), str(output.get("version"))
        there = found.video is not None
        if not (there and found.manifest) and (there or services.files.head(services.outbox, key, version)):
            services.journal.end_drop(drop, "PUT_BACK", services.clock(), known.edit_id)
            return {"verdict": DropVerdict.RESTORE, "edit_id": known.edit_id}
        body = endings.unchanged(known, drop, services.outbox, still_there=there, manifest=found.manifest)
    else:
        body = endings.held(known, drop, services.outbox, services.stack)
    notice = services.journal.tell_end(drop, "UNCHANGED", as_notice(body), services.clock(), known.edit_id)
    return Ending.UNCHANGED.document(notice, verdict=DropVerdict.NOTHING_TO_BUY, edit_id=known.edit_id)
