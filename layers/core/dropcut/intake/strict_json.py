"""JSON as the standard means it: no NaN, no infinity, no duplicate keys, no bottomless nesting, UTF-8 only.

Python's parser takes all of these silently, or breaks on them; a request that costs money must mean one thing only.
"""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from typing import Any

from dropcut.domain.text import redact, truncate

MAX_DEPTH = 16  # a sidecar needs four
LONGEST_STEP = 200  # characters of a name in a pointer; one as long as the file may stand over thousands of findings
HALF_A_CHARACTER = re.compile(r"[\ud800-\udfff]")  # as of "\ud83d" without its other half: UTF-8 cannot hold it
TOO_DEEP = ("is nested too deeply", "a sidecar is a flat JSON object")

Finding = tuple[str, Any, str, str]  # JSON pointer, value, what is wrong, what to do


class NotStrictJson(ValueError):
    """The bytes are not acceptable JSON; `findings` lists every reason with its pointer."""

    def __init__(self, *findings: Finding) -> None:
        super().__init__("not strict JSON")
        self.findings = findings


class _Object(dict[str, Any]):
    """A parsed object that remembers the keys that it was given more than once."""

    def __init__(self, pairs: list[tuple[str, Any]]) -> None:
        super().__init__(pairs)
        self.twice = sorted(name for name, times in Counter(name for name, _ in pairs).items() if times > 1)


class _NotANumber(str):
    """Stands where NaN or an infinity was written, until all problems are collected."""

    __slots__ = ()


def parse_strict(raw: bytes) -> Any:
    """Parse UTF-8 JSON (a byte-order mark is allowed). Raises NotStrictJson with everything that is wrong."""
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as wrong:
        raise NotStrictJson(("", f"byte {wrong.start}", "is not UTF-8 text", "save the file as UTF-8")) from None
    if not text.strip():
        raise NotStrictJson(("", f"{len(raw)} bytes", "is empty", 'write {"prompt": "..."}'))
    try:
        document = json.loads(text, object_pairs_hook=_Object, parse_constant=_NotANumber, parse_float=_finite)
    except json.JSONDecodeError as wrong:
        where = f"line {wrong.lineno}, column {wrong.colno}"
        raise NotStrictJson(
            ("", where, f"is not JSON: {wrong.msg}", 'correct the file there; a sidecar is {"prompt": "..."}')
        ) from None
    except RecursionError:
        raise NotStrictJson(("", "brackets", *TOO_DEEP)) from None
    except ValueError:  # an integer of thousands of digits
        raise NotStrictJson(("", "a number", "has too many digits", "write a number that means something")) from None
    findings = _findings(document, "")
    if findings:
        raise NotStrictJson(*findings)
    return document


def _finite(text: str) -> float | _NotANumber:
    number = float(text)
    return number if math.isfinite(number) else _NotANumber(text)


def _findings(value: Any, pointer: str, depth: int = 0) -> list[Finding]:
    if isinstance(value, _NotANumber):
        return [(pointer, str(value), "is not a finite number", "JSON knows finite numbers only")]
    if isinstance(value, str):
        return _half_a_character(value, pointer)
    if not isinstance(value, (list, _Object)):
        return []
    if depth == MAX_DEPTH:
        return [(pointer, "brackets", *TOO_DEEP)]
    twice = value.twice if isinstance(value, _Object) else []
    found: list[Finding] = [
        (pointer + step(name), name, "is given more than once", "keep one of them") for name in twice
    ]
    items = value.items() if isinstance(value, _Object) else enumerate(value)
    for name, item in items:
        at = pointer + step(name)
        found += _half_a_character(name, at) if isinstance(name, str) else []
        found += _findings(item, at, depth + 1)
    return found


def _half_a_character(text: str, pointer: str) -> list[Finding]:
    found = HALF_A_CHARACTER.search(text)
    wrong = f"has half of a character (\\u{ord(found[0]):04x})" if found else ""
    return [(pointer, text, wrong, "write the character itself, or leave it out")] if found else []


def step(name: object) -> str:
    """One step of a JSON pointer (RFC 6901). A long name is cut, and a secret taken out while it looks like one."""
    return "/" + redact(truncate(str(name), LONGEST_STEP)).replace("~", "~0").replace("/", "~1")
