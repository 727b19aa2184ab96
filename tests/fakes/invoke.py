"""One handler with one event, in this process and against the fakes: `make invoke VERB=poll_edit`.

It is the real functions/poll_edit/app.py, in a world in which its event makes sense. Any debugger steps into it.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from tests.fakes.machine import REPOSITORY, call_handler
from tests.fakes.services import die
from tests.fakes.telling import Recorded, brief, scalars
from tests.fakes.worlds import a_world_for

VERBS = sorted(path.parent.name for path in REPOSITORY.glob("functions/*/app.py"))


class Unusable(Exception):
    """What was asked for cannot be done; the text says why."""


def main(arguments: list[str]) -> int:
    """0 if the handler answered, 1 if it raised, 2 if there was nothing to call or to give."""
    try:
        verb, path = _wanted(arguments)
        event = _read(path)
    except Unusable as problem:
        print(problem, file=sys.stderr)
        return 2
    print(f"functions/{verb}/app.py, given {path}\n")
    _table([(name, _gist(value)) for name, value in event.items()])
    seen = Recorded(a_world_for(verb, event), set(), die)
    print("\nIt logs\n", flush=True)
    return _finish(seen, lambda: call_handler(verb, seen.services(), event))


def _wanted(arguments: list[str]) -> tuple[str, str]:
    """The verb, and the path of its event."""
    verb, *paths = [*arguments, ""]
    if verb not in VERBS:
        problem = f"There is no function {verb!r}. " if verb else ""
        raise Unusable(f"{problem}VERB is one of {', '.join(VERBS)}: make invoke VERB=poll_edit")
    return verb, next((path for path in paths if path), f"events/{verb}.json")


def _read(path: str) -> dict[str, Any]:
    """The event in a file; a sample event is found from anywhere."""
    place = Path(path) if Path(path).exists() else REPOSITORY / path
    try:
        event = json.loads(place.read_text(encoding="utf-8"))
    except ValueError as error:
        raise Unusable(f"{path} is no JSON: {error}") from None
    except OSError as error:
        raise Unusable(f"{path} cannot be read: {error.strerror}") from None
    if not isinstance(event, dict):
        raise Unusable(f"{path} holds no JSON object, and a function is given one")
    return event


def _finish(seen: Recorded, call: Any) -> int:
    """Call the handler, then say what it did to the world and what it gave back."""
    try:
        answer = call()
    except Exception as error:  # noqa: BLE001  (whatever it is, the state machine branches on its name)
        told, status = f"It raises {type(error).__name__}: {error}\nThe state machine sees that name.", 1
    else:
        told, status = "It returns\n\n" + json.dumps(answer, indent=2, ensure_ascii=False), 0
    print("\nIt calls\n")
    print("\n".join(f"  {line}" for line in seen.lines) or "  nothing")
    print(f"\n{told}")
    return status


def _gist(value: Any) -> str:
    """The plain values of a part of the event, in one line."""
    if not isinstance(value, dict):
        return brief(value)
    return ", ".join(f"{name.rpartition('.')[2]} {brief(one)}" for name, one in scalars(value).items())


def _table(rows: list[tuple[str, str]]) -> None:
    """Two columns, the second one cut where a window would wrap it."""
    width = max((len(name) for name, _ in rows), default=0)
    for name, text in rows:
        print(f"  {name:<{width}}  {text if len(text) <= 100 else text[:97] + '...'}")
