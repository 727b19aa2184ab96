"""Judges each run from outside: what must be true of ledger, bill, messages and outbox, whatever went wrong."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.faults.books import Account, Books, Row

HELD = ("IN_DOUBT", "UNDELIVERED")
NEWS = ("DELAYED", "OVERDUE")  # of what goes on
ENDS = ("DELIVERED", "FAILED", *HELD)

TWICE = "edits billed twice"
SENT_TWICE = "attempts sent twice"
LOST = "paid, but neither delivered nor held with a message"
NO_END = "edits and drops without a terminal record"
SILENT = "terminal states without a message"
REPEATED = "messages repeated under another id"
BROKEN = "truncated or foreign objects in the outbox"
LEAKED = "places in flight that an ended edit holds"
UNFINISHED = "delivered, but video or manifest are not as recorded"
TOLD_AGAIN = "messages that repeat a reason for one edit"
GONE = "edits bought whose files were no longer there"
OTHERWISE = "edits that ended otherwise than they had to"
HUNG = "runs that did not come to rest"
RULES = (
    TWICE,
    SENT_TWICE,
    LOST,
    NO_END,
    SILENT,
    REPEATED,
    TOLD_AGAIN,
    GONE,
    OTHERWISE,
    BROKEN,
    UNFINISHED,
    LEAKED,
    HUNG,
)


@dataclass
class Finding:
    """A rule that a run broke, and how."""

    rule: str
    detail: str


@dataclass
class Score:
    """How one run ended."""

    ends: list[str] = field(default_factory=list)  # of its edits
    billed: int = 0
    billed_for_delivered: int = 0
    beyond_knowing: int = 0  # charged failures that no answer of the provider shows
    held: list[str] = field(default_factory=list)  # the reasons
    told: set[str] = field(default_factory=set)  # as which ends, whether or not these came
    findings: list[Finding] = field(default_factory=list)


def judge(books: Books, about: str) -> Score:
    """The score of the run in this folder."""
    account = books.accounts[about]
    delivered = [edit_id(row) for row in account.edits if row["state"] == "DELIVERED"]
    for_delivered = [charge for charge in account.bill if any(edit in charge["video_url"] for edit in delivered)]
    score = Score([row["state"] for row in account.edits], len(account.bill), len(for_delivered))
    score.held = [str(row.get("reason") or row["state"]) for row in account.edits if row["state"] in HELD]
    score.told = {message["status"] for message in account.messages} - set(NEWS)
    hidden = {charge["request_id"] for charge in account.bill if charge.get("seconds") == 0}  # of failures
    hidden = {request_id for request_id in hidden if not books.can_be_known(request_id)}
    score.beyond_knowing = len(hidden)
    checks = (ends, messages, reasons, files, lambda own: outbox(own, books), lambda own: places(own, books))
    for check in (lambda own: money(own, hidden), *checks):
        score.findings += [Finding(*found) for found in check(account)]
    return score


def edit_id(row: Row) -> str:
    return str(row["pk"]).removeprefix("EDIT#")


def money(account: Account, hidden: set[str]) -> Iterator[tuple[str, str]]:
    """Nothing is billed or sent twice, and what was paid is delivered, or held and somebody knows. What the provider
    charged and never said (`hidden`) nobody can know.
    """
    told = {(message["status"], message["edit_id"]) for message in account.messages}
    for edit in account.edits:
        mine = [charge["request_id"] for charge in account.bill if edit_id(edit) in charge["video_url"]]
        if len(mine) > 1:
            yield TWICE, f"{edit_id(edit)[:8]} as {mine}"
        settled = edit["state"] == "DELIVERED" and edit.get("request_id") in mine
        known = set(mine) - hidden
        if known and not settled and not (edit["state"] in HELD and (edit["state"], edit_id(edit)) in told):
            yield LOST, f"{edit_id(edit)[:8]} is {edit['state']}, {mine} was billed"
        if edit["state"] == "DELIVERED" and not mine:
            yield LOST, f"{edit_id(edit)[:8]} is DELIVERED and nothing was billed for it"
    accepted = Counter(post["video_url"] for post in account.posts if post["accepted"])
    for url, times in accepted.items():
        if times > 1:
            yield SENT_TWICE, f"{url} was accepted {times} times"


def ends(account: Account) -> Iterator[tuple[str, str]]:
    """Every arrival and every edit has an end that is written down."""
    if not account.drops and not any(row["sk"] == "WAIT" for row in account.rows):
        yield NO_END, "nothing is known of the files"
    left = {drop["sk"].removeprefix("DROP#") for drop in account.drops if drop.get("outcome") not in (None, "", "EDIT")}
    for edit in account.edits:
        unsent = edit["state"] == "PREPARED" and not edit.get("attempt") and edit["drop"]["drop_id"] in left
        if edit["state"] not in ENDS and not unsent:  # what was never sent may end with its drop
            yield NO_END, f"edit {edit_id(edit)[:8]} stays {edit['state']}"
    for drop in account.drops:
        if "outcome" not in drop:
            yield NO_END, f"drop {drop['sk'][5:13]} has no outcome"


def messages(account: Account) -> Iterator[tuple[str, str]]:
    """Whatever has a message was told, and nothing was told under two ids."""
    sent = {message["event_id"] for message in account.messages}
    for row in account.rows:
        if "event_id" in row and row["event_id"] not in sent:
            yield SILENT, f"{row['pk'][:12]} {row['sk'][:12]}: its message was not sent"
        elif row["sk"] == "EDIT" and row["state"] in ENDS and "event_id" not in row and not withdrawn(row, account):
            yield SILENT, f"edit {edit_id(row)[:8]} is {row['state']} without a message"
    if not account.messages:
        yield SILENT, "nobody was told anything"
    ids: dict[tuple[Any, ...], set[str]] = {}
    for message in account.messages:
        what = tuple(message[name] for name in ("status", "edit_id", "drop_id", "request_id"))
        waits = (reason(message),) if message["status"] == "DELAYED" else ()  # it may wait for one thing after another
        ids.setdefault(what + waits, set()).add(message["event_id"])
    for what, known in ids.items():
        if len(known) > 1:
            yield REPEATED, f"{what[0]} has the ids {sorted(known)}"


def withdrawn(edit: Row, account: Account) -> bool:
    """Its files were replaced before it was sent: the drop that took its place speaks."""
    outcomes = {drop.get("outcome") for drop in account.drops if drop.get("edit_id") == edit_id(edit)}
    return edit["state"] == "FAILED" and outcomes == {"SUPERSEDED"}


def reason(message: Row) -> str:
    """Why a message was sent, without the numbers that only this time has."""
    return re.sub(r"\b\d+\b", "#", str(message["summary"]))


def reasons(account: Account) -> Iterator[tuple[str, str]]:
    """Each reason is told once of an edit, to each drop of it. The same message may arrive twice: it is published again
    where an answer was lost, and SNS repeats. It may not be told on a second occasion, under whichever id.
    """
    ids: defaultdict[tuple[Any, ...], set[str]] = defaultdict(set)
    for message in account.messages:
        if message["edit_id"]:
            what = (message["status"], message["edit_id"], message["drop_id"], reason(message))
            ids[what].add(message["event_id"])
    for what, known in ids.items():
        if len(known) > 1:
            yield TOLD_AGAIN, f"{what[0]} under {len(known)} ids: {what[3]}"
    status = {message["event_id"]: message["status"] for message in account.messages}
    for (_, event), occasions in entries_that_tell(account.trace).items():
        if len(occasions) > 1:
            yield TOLD_AGAIN, f"{status.get(event, 'a message')} was told on {len(occasions)} occasions"


def entries_that_tell(trace: list[Row]) -> dict[tuple[str, str], set[int]]:
    """By execution and event: the entries into states in which its message was published."""
    entered: dict[str, int] = {}
    found: defaultdict[tuple[str, str], set[int]] = defaultdict(set)
    for number, heard in enumerate(trace):
        execution = heard.get("execution", "")
        if heard["kind"] == "state":
            entered[execution] = number
        if execution and heard.get("event_id") and heard["phase"] == "after":
            found[execution, heard["event_id"]].add(entered.get(execution, 0))
    return found


def files(account: Account) -> Iterator[tuple[str, str]]:
    """Whatever was bought was bought for files that lay in the inbox when the function began that bought it. What
    changes while it runs may be too late.
    """
    begun = {
        heard["scene"]: heard["at"]
        for heard in account.trace
        if (heard["kind"], heard.get("name"), heard.get("phase")) == ("effect", "invocation", "before")
    }
    contents = {(upload.key, upload.version): upload.content for upload in account.uploads}
    for post in account.posts:
        edit = next((row for row in account.edits if edit_id(row) in post["video_url"]), None)
        at = begun.get(post.get("headers", {}).get("x-simulator-scene"))
        if not post["accepted"] or edit is None or at is None:
            continue
        for which in ("clip", "sidecar"):
            key, version = edit["drop"][f"{which}_key"], edit["drop"][f"{which}_version"]
            lay = [upload.content for upload in account.uploads if upload.key == key and upload.at < at]
            if lay and lay[-1] != contents.get((key, version)):
                yield GONE, f"the {which} of {edit_id(edit)[:8]} was {'replaced' if lay[-1] else 'deleted'} before"


def places(account: Account, books: Books) -> Iterator[tuple[str, str]]:
    """Who is no longer at the provider takes no room from others."""
    for edit in account.edits:
        if edit["state"] in ENDS and edit_id(edit) in books.places:
            yield LEAKED, f"{edit_id(edit)[:8]} is {edit['state']}"


def outbox(account: Account, books: Books) -> Iterator[tuple[str, str]]:
    """Each version of each video is, byte for byte, a file that the provider made for this folder, and is complete."""
    made = {books.made(charge["request_id"]) for charge in account.bill}
    manifests = [
        json.loads(books.content(version)) for version in account.objects if version["Key"].endswith(".manifest.json")
    ]
    hashes: dict[str, str] = {}
    for version in account.objects:
        if version["Key"].endswith(".mp4"):
            found = hashes[version["VersionId"]] = hashlib.sha256(books.content(version)).hexdigest()
            if found not in made:
                yield BROKEN, f"{version['Key']} has {version['Size']} bytes that nobody made"
    for edit in account.edits:
        if edit["state"] == "DELIVERED":
            yield from as_recorded(edit, hashes, manifests)


def as_recorded(edit: Row, hashes: dict[str, str], manifests: list[Row]) -> Iterator[tuple[str, str]]:
    """The output of an edit is what the ledger says, and a manifest says the same."""
    output = edit.get("output") or {}
    if hashes.get(str(output.get("version"))) != output.get("sha256"):
        yield UNFINISHED, f"the output of {edit_id(edit)[:8]} is not the recorded one"
    mine = [manifest for manifest in manifests if manifest["edit_id"] == edit_id(edit)]
    if not any(manifest["output"]["sha256"] == output.get("sha256") for manifest in mine):
        yield UNFINISHED, f"no manifest of {edit_id(edit)[:8]} names its output"
