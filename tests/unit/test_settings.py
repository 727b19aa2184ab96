"""A function's variables: typed, and a missing one is named."""

from __future__ import annotations

import pytest

from dropcut.settings import Settings

SETTINGS = Settings(
    {"OUTBOX_BUCKET": "outbox", "WAIT": "2.5", "WORD": "soon", "HOSTS": " a.example, b.example ,", "NO": ""}
)


def test_values_come_as_what_they_are() -> None:
    assert SETTINGS.text("OUTBOX_BUCKET") == "outbox"
    assert SETTINGS.number("WAIT") == 2.5
    assert SETTINGS.list("HOSTS") == ["a.example", "b.example"]


@pytest.mark.parametrize("name", ["NO", "NEVER_SET"])
def test_a_missing_one_is_named(name: str) -> None:
    with pytest.raises(LookupError) as caught:
        SETTINGS.text(name)
    assert name in str(caught.value)


def test_a_word_is_no_number() -> None:
    with pytest.raises(LookupError) as caught:
        SETTINGS.number("WORD")
    assert "WORD" in str(caught.value)
