"""Says in a few words what the fakes were asked and what they answered, for people who watch."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from dropcut.domain.model import Drop, Edit, Half, HistoryRow, Notice, ObjectFacts, Progress
from tests.fakes.services import Interruption, Killed

LONGEST = 44  # characters of a text
AN_ID = re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b|[0-9a-f]{32,64}")


def brief(value: Any) -> str:
    """A value as one would name it in a conversation."""
    return next((name(value) for kind, name in NAMES.items() if isinstance(value, kind)), type(value).__name__)


def _edit(edit: Edit) -> str:
    return f"edit {brief(edit.edit_id)} {edit.state}" + (f" attempt {edit.attempt}" if edit.attempt else "")


def _progress(progress: Progress) -> str:
    return progress.status + ("" if progress.charged_usd is None else f" ${progress.charged_usd}")


def _short(text: str) -> str:
    """An id by its first eight characters, a long text by its beginning."""
    text = AN_ID.sub(lambda found: found[0][:8], " ".join(text.split()))
    return text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."


NAMES: dict[Any, Callable[[Any], str]] = {
    Edit: _edit,
    Drop: lambda drop: f"drop of {drop.clip_key}",
    Half: lambda half: f"half {half.key}",
    Progress: _progress,
    Notice: lambda notice: f"notice {notice.status}",
    HistoryRow: lambda row: f"row {brief(row.request_id)} {row.progress.status}",
    ObjectFacts: lambda facts: f"{facts.key}, {facts.size} bytes",
    Decimal: lambda amount: f"${amount}",
    bytes: lambda data: f"{len(data)} bytes",
    str | int | float | None: lambda text: _short(str(text)),
    list | tuple: lambda values: f"[{', '.join(brief(one) for one in values)}]",
    dict: lambda document: "{" + ", ".join(document) + "}",
    Iterator | AbstractContextManager: lambda _: "a stream",
}


def scalars(document: Any, path: str = "") -> dict[str, Any]:
    """The values in a JSON document that are neither object nor list, each by its dotted path."""
    found: dict[str, Any] = {}
    for name, value in document.items() if isinstance(document, dict) else []:
        place = f"{path}.{name}" if path else name
        found |= scalars(value, place) if isinstance(value, dict) else {} if isinstance(value, list) else {place: value}
    return found


@dataclass
class Recorded(Interruption):
    """Also keeps a line about every call."""

    lines: list[str] = field(default_factory=list)

    def call(self, name: str, method: Any, *args: Any, **more: Any) -> Any:
        given = [brief(one) for one in args] + [f"{key}={brief(one)}" for key, one in more.items()]
        asked = f"{name}({', '.join(given)})"
        try:
            answer = super().call(name, method, *args, **more)
        except Exception as error:
            self.lines.append(f"{asked} raises {type(error).__name__}")
            raise
        except Killed:
            self.lines.append(f"{asked}, and the sandbox dies")
            raise
        self.lines.append(asked if answer is None else f"{asked} -> {brief(answer)}")
        return answer
