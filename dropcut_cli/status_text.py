"""The documents of `dropcut status` as text for a person."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from dropcut.domain.model import Cause
from dropcut.domain.text import printable
from dropcut.notifications.envelope import dollars

Document = dict[str, Any]
PROMPT = 72  # characters of the prompt that are shown
STATES = {
    "PREPARED": "understood and priced; nothing was sent",
    "RESERVED": "its money is reserved; nothing was sent",
    "SUBMITTING": "it may have been sent, and no answer is written yet",
    "SUBMITTED": "the provider is at it",
    "COMPLETED": "the provider is done; it is being delivered",
    "DELIVERED": "its output lies in the outbox",
    "FAILED": "its last attempt is over, and nothing was paid; dropped again, it is tried once more",
    "IN_DOUBT": "sent, and nobody knows whether it was accepted: held for a person",
    "UNDELIVERED": "accepted and probably paid, but not copied: held for a person",
    "ABANDONED": "a person gave up on it; it is bought again only with a higher rerun",
}


def edit_text(status: Document) -> str:
    """One edit, label by label, and what can be typed next."""
    lines = [f"{label + ':':<12}{text}" for label, text in _edit_lines(status) if text]
    for step in status["next"]:
        lines += ["", f"If {step['when']}:", f"  {step['command']}"]
    return "\n".join(lines) + "\n"


def _edit_lines(status: Document) -> Iterator[tuple[str, str]]:
    clip, money, execution = status["clip"], status["money"], status["execution"]
    yield "Edit", status["edit_id"]
    yield "State", f"{status['state']}: {_state(status)}"
    yield "Reason", printable(status["reason"] or "")
    yield "Clip", f"{_address(clip)} ({clip['seconds']:.1f} s, {clip['width']}x{clip['height']})"
    yield "Prompt", _short(str(status["request"].get("prompt", "")))
    yield "Money", _money(money)
    for attempt in status["attempts"]:
        yield f"Attempt {attempt['number']}", _attempt(attempt)
    yield "Perhaps", ", ".join(map(printable, status["candidates"]))
    if waiting := status["waits_for"]:
        yield "Waits", f"since {waiting['since']}: {waiting['why']}. {waiting['to_do']}".rstrip()
    if looked_for := status["looked_for"]:
        yield "Looked for", f"{looked_for['times']} times since; again after {looked_for['again_at']}"
    yield "Execution", f"{execution['name']} {_execution(execution)}"
    if output := status["output"]:
        yield "Output", _address(output)
    if message := status["message"]:
        yield "Message", f"{message['status']}, {'sent ' + str(message['sent_at']) if message['sent_at'] else 'unsent'}"
    for audit in status["audit"]:
        yield "Resolved", _audit(audit)
    yield "Also", ", ".join(f"edit {name[:12]} of the same clip" for name in status["other_edits_of_this_clip"])


def _state(status: Document) -> str:
    if status["waits_for"]:
        return "nothing is sent; it waits to be sent"
    if status["cause"] == Cause.UNCONFIRMED:
        return "over, and nobody has confirmed that it was free"
    return STATES[status["state"]]


def _money(money: Document) -> str:
    charged, day = money["charged_usd"], money["reserved_day"]
    said = f"estimated {dollars(money['estimated_usd'])}, "
    said += "charge not known" if charged is None else f"charged {dollars(charged)}"
    return f"{said}; {dollars(money['counted_usd'])} counted in {day}" if day else f"{said}; nothing reserved"


def _attempt(attempt: Document) -> str:
    sent = f"sent {attempt['sent_at']}" if attempt["sent_at"] else f"opened {attempt['opened_at']}"
    request = f"request {printable(attempt['request_id'])}" if attempt["request_id"] else "no request id"
    return f"{sent}, {request}, {printable(attempt['outcome'] or 'no outcome yet')}"


def _execution(execution: Document) -> str:
    if execution["status"] is None:
        return "does not exist"
    return f"{execution['status']} in {execution['state']}" if execution["state"] else str(execution["status"])


def _audit(audit: Document) -> str:
    before, after = ((audit[name] or {}).get("state") for name in ("before", "after"))
    note = f" ({printable(audit['note'])})" if audit["note"] else ""
    return f"{audit['at']} {audit['what']} by {printable(audit['who'])}{note}: {before} -> {after}"


def drop_text(drop: Document) -> str:
    """A drop that came to no edit, or half of one."""
    return "".join(f"{label.capitalize() + ':':<12}{printable(str(text))}\n" for label, text in drop.items() if text)


def overview_text(document: Document) -> str:
    """One line for each edit that is open, delayed or held, the dollars of the day, and the slots in use."""
    today, flight = document["today"], document["in_flight"]
    lines = [_line(edit) for edit in document["edits"]] or ["No edit is open, delayed or held."]
    spent, most = dollars(today["committed"]), dollars(today["limit_usd"])
    count = f"{dollars(today['charged'])} charged, {dollars(today['reserved'])} reserved"
    lines += ["", f"Today ({today['day']}, UTC): {spent} of {most} (MaxUsdPerDay): {count}."]
    lines.append(f"At the provider: {flight['places']} of {flight['limit']} (MaxEditsInFlight).")
    if not document["spending_enabled"]:
        lines.append("Spending is switched off (SpendingEnabled).")
    lines += [f"A slot is taken by edit {name}, which is not open." for name in flight["leaked"]]
    return "\n".join(lines) + "\n"


def _line(edit: Document) -> str:
    why = edit["waits_for"] or ("held" if edit["held"] else "")
    doing = f"{edit['state']} {why}".strip()
    return f"{edit['edit_id'][:12]}  {doing:<24} {_age(edit['seconds']):>6}  {dollars(edit['usd']):>7}  " + _address(
        edit["clip"]
    )


def _age(seconds: int) -> str:
    for unit, length in (("d", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= length:
            return f"{seconds // length} {unit}"
    return f"{seconds} s"


def _address(place: Document) -> str:
    return f"s3://{place['bucket']}/{printable(place['key'])}"


def _short(prompt: str) -> str:
    shown = printable(prompt)
    return json.dumps(shown if len(shown) <= PROMPT else shown[: PROMPT - 3] + "...", ensure_ascii=False)
