"""Takes secrets out of text before it is logged, stored or sent: API keys, presigned queries, credentials.

The text may be a stranger's, so each expression looks at a character a bounded number of times, whatever the text.
"""

from __future__ import annotations

import re

_SECRETS = (
    (re.compile(r"SG_[0-9A-Za-z]{4,}"), "SG_***"),
    # Up to the last "@": people forget to encode the one in a password.
    (re.compile(r"(?i)(https?://)[^\s/?#\"<>]+@"), r"\1***@"),
    # Percent-encoded addresses carry them too (%26 is their "&"), and so do those that a blank or a quote tears apart.
    (
        re.compile(
            r"(?i)((?:X-(?:Amz|Goog)-(?:Signature|Credential|Security-Token)|(?:[?&]|%3F|%26|u0026)(?:signature|sig))"
            r"(?:=|%3D|:\s*))"
            r"(?:[^&%\s\"'\\]|%(?!26)|\\[^\s\"'])*"
        ),
        r"\1***",
    ),
    (
        re.compile(
            r"(?i)((?:x-api-key[\\\"']*|X-Amz-(?:Signature|Credential|Security-Token)[\\\"']+)\s*[:=]\s*[\\\"']*)"
            r"[^\s\\\"',}]+"
        ),
        r"\1***",
    ),
)
# An address is taken whole, with or without a query; else each "http://" in it would be tried as a beginning.
# Inside JSON a quote has a backslash, which must stay, or the line is no JSON any more.
_ADDRESS = re.compile(r"(?i)(https?://[^\s?\"<>]*)(\?(?:[^\s\"'<>\\]|\\[^\s\"'])*)?")
# What a cut leaves of a secret that would not be known by its beginning: of a key, or of a password before its "@".
_CUT_IN_TWO = re.compile(r"(?:SG_[0-9A-Za-z]*|(?<=://)[^\s/?#\"<>]*)\Z")
MOST = 4096  # characters of foreign text that are looked at: longer than any address, shorter than what keeps one busy


def redact(text: str) -> str:
    text = _ADDRESS.sub(lambda found: found[1] + ("?***" if found[2] else ""), text)
    for pattern, instead in _SECRETS:
        text = pattern.sub(instead, text)
    return text


def truncate(text: str, most: int = MOST) -> str:
    """At most so many characters of a text. A secret that the cut goes through is left out, not shown in half."""
    return text if len(text) <= most else _CUT_IN_TWO.sub("", text[:most])


def quote(text: str, limit: int = 500) -> str:
    """Somebody else's words, fit for a message: redacted, printable, at most `limit` characters."""
    clean = printable(redact(truncate(text)))
    return clean if len(clean) <= limit and len(text) <= MOST else clean[: limit - 3] + "..."


def printable(text: str) -> str:
    """Text whose control characters, newlines and direction marks are written out, so that it shows as it is."""
    shown = "".join(c if c.isprintable() else c.encode("unicode_escape", "backslashreplace").decode() for c in text)
    return shown.encode("utf-8", "backslashreplace").decode()


def sentence(text: str) -> str:
    """The last piece of a sentence with its full stop; somebody else's words may bring their own."""
    return text if text.endswith((".", "!", "?")) else text + "."
