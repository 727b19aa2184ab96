"""Takes secrets out of text before it is logged, stored or sent: API keys, presigned queries, credentials."""

from __future__ import annotations

import re

_SECRETS = (
    (re.compile(r"SG_[0-9A-Za-z]{4,}"), "SG_***"),
    (re.compile(r"(?i)(https?://)[^\s/?#@\"'<>]+@"), r"\1***@"),
    # Inside JSON a quote has a backslash, which must stay, or the line is no JSON any more.
    (re.compile(r"(https?://[^\s?\"'<>]*)\?(?:[^\s\"'<>\\]|\\[^\s\"'])*"), r"\1?***"),
    # Percent-encoded addresses carry them too.
    (
        re.compile(
            r"(?i)(X-Amz-(?:Signature|Credential|Security-Token)(?:=|%3D|:\s*))"
            r"(?:[^&%\s\"'\\]|%2F|\\[^\s\"'])*"
        ),
        r"\1***",
    ),
    (re.compile(r"(?i)(x-api-key[\\\"']*\s*[:=]\s*[\\\"']*)[^\s\\\"',}]+"), r"\1***"),
)


def redact(text: str) -> str:
    for pattern, instead in _SECRETS:
        text = pattern.sub(instead, text)
    return text


def quote(text: str, limit: int = 500) -> str:
    """Somebody else's words, fit for a message: redacted, printable, at most `limit` characters."""
    clean = printable(redact(text))
    return clean if len(clean) <= limit else clean[: limit - 3] + "..."


def printable(text: str) -> str:
    """Text whose control characters, newlines and direction marks are written out, so that it shows as it is."""
    shown = "".join(c if c.isprintable() else c.encode("unicode_escape", "backslashreplace").decode() for c in text)
    return shown.encode("utf-8", "backslashreplace").decode()


def ended(text: str) -> str:
    """The last piece of a sentence with its full stop; somebody else's words may bring their own."""
    return text if text.endswith((".", "!", "?")) else text + "."
