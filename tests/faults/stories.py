"""Three of the worst that can happen, played and told: what the ledger has, what was billed, who is told what."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from tests.faults.books import Account
from tests.faults.campaign import Played
from tests.faults.points import Case

STORIES = {
    "The submitting function dies after the request has left": (
        "plain: effect submit_edit.1 POST /v2/kling-o3-video2video-edit.1 after -> crash"
    ),
    "The result expires while its delivery is refused": (
        "result withheld: state DeliverEdit.1 entry.1 at -> a week later"
    ),
    "Somebody stops the execution while the provider works": ("plain: state WaitForProvider.1 entry.1 at -> abort"),
}
CASES = [Case.parse(text) for text in STORIES.values()]
EDIT = ("state", "attempt", "request_id", "estimated_usd", "charged_usd", "reason", "output")
ATTEMPT = ("outcome", "request_id")


def tell(played: list[Played], accounts: dict[str, Account]) -> str:
    """All of them, in Markdown."""
    told = [story(title, one, accounts) for title, one in zip(STORIES, played, strict=True)]
    return "\n".join(told)


def story(title: str, one: Played, accounts: dict[str, Account]) -> str:
    if one.run is None:
        return f"### {title}\n\n{one.problem}\n"
    text = "\n".join([f"### {title}", "", f"`{one.case}`", "", *lines(one, accounts[one.run.about])])
    return re.sub(r"\b([0-9a-f]{12})[0-9a-f]{20,}", r"\1...", text.replace(one.run.about, "trip"))


def lines(one: Played, account: Account) -> Iterator[str]:
    """What happened, row by row."""
    watch = one.run.watch if one.run else None
    states = [heard["who"] for heard in watch.trace if heard["kind"] == "state"] if watch else []
    yield f"- **States:** {' '.join(without_repetition(states))}"
    for row in account.rows:
        if row["sk"] == "EDIT" or row["sk"].startswith("ATTEMPT#"):
            wanted = EDIT if row["sk"] == "EDIT" else ATTEMPT
            facts = [f"`{name}` {shown(row[name])}" for name in wanted if row.get(name) not in (None, "")]
            yield f"- **Ledger, {row['sk']}:** {', '.join(facts)}"
    for charge in account.bill:
        yield f"- **Bill:** request {charge['request_id']}, ${charge['usd']:.3f}"
    accepted = len([post for post in account.posts if post["accepted"]])
    yield f"- **Requests that the provider accepted:** {accepted}"
    for message in account.messages:
        yield f"- **Message, {message['status']}:** {message['summary']}"
        yield ""
        yield from (f"  > {line}".rstrip() for line in message["what_to_do"].splitlines())
        yield ""
    if not account.messages:
        yield ""


def without_repetition(states: list[str]) -> Iterator[str]:
    """A state that was entered several times in a row, once and how often."""
    for number, state in enumerate(states):
        if number and states[number - 1] == state:
            continue
        times = next((n for n, other in enumerate(states[number:]) if other != state), len(states) - number)
        yield state if times == 1 else f"{state} (x{times})"


def shown(value: Any) -> str:
    """A value of a row; of the output only where it lies."""
    return str(value["key"]) if isinstance(value, dict) else str(value)
