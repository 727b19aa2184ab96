"""What the command will not or cannot do, in words for the person who typed it."""

from __future__ import annotations


class Refused(Exception):
    """Nothing was written; the text says why, and what to do."""
