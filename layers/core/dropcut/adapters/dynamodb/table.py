"""The layout of the one table, and how Python values become its attributes and come back.

| pk | sk | what |
| --- | --- | --- |
| EDIT#<edit_id> | EDIT | the edit and its latest attempt; never expires |
| EDIT#<edit_id> | ATTEMPT#0001 | one try to buy it; never expires |
| EDIT#<edit_id> | AUDIT#<time> | what a person decided about it, who and why; never expires |
| CLIP#<hash of bucket and key> | DROP#<drop_id> | what became of one arrival |
| OUTPUT#<hash of bucket and key> | OUTPUT | which edit's object lies there, and of which clip |
| STACK | TOLD#<what> | something that is said once in the life of a stack; `told_at` where it was |
| STACK | RECOVERY | what `recover_drops` still has to look at |
| WAIT#<hash of bucket and key> | WAIT | a half without its partner, or `paired`; expires |
| DOUBT#<edit_id> | DOUBT | when an edit that is IN_DOUBT is looked for again, or the message that it was found |
| DAY#2026-11-22 | MONEY | what was reserved and charged on that day (UTC); `committed_usd` is both together |
| FLIGHT | FLIGHT | `places`: the edits that the provider may be working on; never more than the limit |

`sweep` and `sweep_at` are on rows that somebody still has to look at, and only there: the sparse index of the sweep.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, fields, replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from botocore.exceptions import ClientError

from dropcut.domain.dates import iso
from dropcut.domain.errors import LedgerConflict, RowBusy
from dropcut.domain.identity import digest
from dropcut.domain.model import Cause, Clip, Drop, Edit, Notice, State

SWEEP_INDEX = "sweep"
BUSY = {"TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded"}  # cancelled: nothing was written
# Release 0.1.0 cannot read a row whose `clip` has more than these; what else is known of a clip is in `clip_more`.
CLIP = frozenset({"size", "sha256", "container", "seconds", "width", "height", "fps", "has_audio"})
# Earlier versions wrote no `cause`: their reasons say it by these ends, which they keep however reasons are worded now.
CAUSES = {
    "; yet it charged for it": Cause.CHARGED,
    "its history did not confirm that this was free": Cause.UNCONFIRMED,
    "deleted before it was sent, so the edit was called off": Cause.CALLED_OFF,
    "; nothing is wrong with the files": Cause.NOT_THE_FILES,
}
Row = dict[str, Any]


def edit_key(edit_id: str) -> Row:
    return {"pk": f"EDIT#{edit_id}", "sk": "EDIT"}


def attempt_key(edit_id: str, attempt: int) -> Row:
    return {"pk": f"EDIT#{edit_id}", "sk": f"ATTEMPT#{attempt:04d}"}


def audit_key(edit_id: str, at: float) -> Row:
    moment = datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return {"pk": f"EDIT#{edit_id}", "sk": f"AUDIT#{moment}"}


def drop_key(drop: Drop) -> Row:
    return {"pk": f"CLIP#{digest(drop.bucket, drop.clip_key)}", "sk": f"DROP#{drop.drop_id}"}


def output_key(bucket: str, key: str) -> Row:
    return {"pk": f"OUTPUT#{digest(bucket, key)}", "sk": "OUTPUT"}


def told_key(what: str) -> Row:
    return {"pk": "STACK", "sk": f"TOLD#{what}"}


RECOVERY_KEY: Row = {"pk": "STACK", "sk": "RECOVERY"}


def wait_key(bucket: str, key: str) -> Row:
    return {"pk": f"WAIT#{digest(bucket, key)}", "sk": "WAIT"}


def doubt_key(edit_id: str) -> Row:
    return {"pk": f"DOUBT#{edit_id}", "sk": "DOUBT"}


def day_key(day: str) -> Row:
    return {"pk": f"DAY#{day}", "sk": "MONEY"}


FLIGHT_KEY: Row = {"pk": "FLIGHT", "sk": "FLIGHT"}


def attribute(value: Any) -> Any:
    """A value as DynamoDB takes it: floats as exact decimals, all the way down."""
    return (
        json.loads(json.dumps(value, default=_number), parse_float=Decimal) if not isinstance(value, Decimal) else value
    )


def _number(value: Any) -> float:
    return float(value)


def plain(value: Any) -> Any:
    """A stored value as plain JSON types: whole decimals as int, others as float."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, list):
        return [plain(item) for item in value]
    return {name: plain(item) for name, item in value.items()} if isinstance(value, dict) else value


def edit_attributes(edit: Edit) -> Row:
    """Everything of an edit that has a value, less its id, which is the key."""
    row = {field.name: getattr(edit, field.name) for field in fields(edit) if field.name != "edit_id"}
    clip = asdict(edit.clip)
    row["drop"], row["clip"] = asdict(edit.drop), {name: clip[name] for name in clip if name in CLIP}
    row["clip_more"] = {name: clip[name] for name in clip if name not in CLIP}
    return {name: stored(value) for name, value in row.items() if value is not None}


def stored(value: Any) -> Any:
    """A value of an edit as it is stored: a notice as its text, so that any reader can send exactly that."""
    return json.dumps(value.as_json()) if isinstance(value, Notice) else attribute(value)


def notice_from(row: Row) -> Notice | None:
    """The message that a row has on record."""
    if not row.get("notice"):
        return None
    return replace(Notice.from_json(json.loads(row["notice"])), row=key_of(row))


def key_of(row: Row) -> dict[str, str]:
    return {"pk": row["pk"], "sk": row["sk"]}


def edit_from(row: Row) -> Edit:
    known = {field.name for field in fields(Edit)}
    values: Row = {
        name: value if isinstance(value, Decimal) else plain(value) for name, value in row.items() if name in known
    }
    for name in ("sent_at", "submitted_at", "completed_at", "delayed_since"):
        values[name] = float(values[name]) if name in values else None
    if isinstance(values.get("notified_at"), Decimal):  # the sweep of release 0.1.0 wrote seconds
        values["notified_at"] = iso(float(values["notified_at"]))
    for name in ("attempt", "rerun"):
        values[name] = int(values.get(name, 0))
    for name in ("warnings", "candidates"):
        values[name] = tuple(values.get(name, ()))
    values["state"], values["cause"], values["notice"] = State(values["state"]), _cause_in(row), notice_from(row)
    clip = values.get("clip", {}) | plain(row.get("clip_more", {}))
    values["drop"], values["clip"] = Drop.from_json(values["drop"]), Clip.from_json(clip)
    return Edit(edit_id=row["pk"].removeprefix("EDIT#"), **values)


def _cause_in(row: Row) -> Cause | None:
    """The cause of the reason. Without a reason there is none: an earlier version forgets the reason and leaves it."""
    reason, cause = str(row.get("reason", "")), row.get("cause")
    if reason and cause:
        return Cause(cause)
    return next((of_it for end, of_it in CAUSES.items() if reason.endswith(end)), None)


def change(
    set_: Row, remove: tuple[str, ...] = (), add: Row | None = None, first: Row | None = None, **condition_values: Any
) -> Row:
    """The parameters of an update: every name as #name, every value as :name (conditions refer to them so too).

    `first` is set only where there is nothing yet.
    """
    add, first = add or {}, first or {}
    sets = [f"#{name} = :{name}" for name in set_] + [f"#{name} = if_not_exists(#{name}, :{name})" for name in first]
    parts = ["SET " + ", ".join(sets)] if sets else []
    parts += ["REMOVE " + ", ".join(f"#{name}" for name in remove)] if remove else []
    parts += ["ADD " + ", ".join(f"#{name} :{name}" for name in add)] if add else []
    names = {f"#{name}": name for name in (*set_, *remove, *add, *first)}
    values = {f":{name}": value for name, value in {**set_, **add, **first, **condition_values}.items()}
    update = {"UpdateExpression": " ".join(parts), "ExpressionAttributeNames": names}
    return {**update, "ExpressionAttributeValues": values} if values else update


def to_sweep(kind: str, now: float) -> Row:
    """What puts a row before the sweep: WAIT while half of a pair is missing, DROP until the pair is understood, EDIT
    while its edit is open, NOTICE while a message is unsent. A DOUBT is before it once its time has come.
    """
    return {"sweep": kind, "sweep_at": attribute(now)}


def once(write: Callable[..., Any], **parameters: Any) -> None:
    """Do a conditional write. Raises LedgerConflict where the row was not as it was read."""
    try:
        write(**parameters)
    except ClientError as error:
        reasons = [reason.get("Code") for reason in error.response.get("CancellationReasons", [])]
        failed = frozenset(index for index, code in enumerate(reasons) if code == "ConditionalCheckFailed")
        if failed or error.response["Error"]["Code"] == "ConditionalCheckFailedException":
            raise LedgerConflict("the row was moved by somebody else", failed) from None
        if BUSY & set(reasons):
            raise RowBusy("another write to the same row is under way") from None
        raise
