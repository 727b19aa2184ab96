"""Secrets do not leave, and foreign text shows as what it is."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dropcut.domain.text import MOST, printable, quote, redact

PRESIGNED = "https://workroom.s3.amazonaws.com/e/1/clip.mp4?X-Amz-Algorithm=AWS4&X-Amz-Signature=topsecret"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("the key SG_0123456789abcdef is wrong", "the key SG_*** is wrong"),
        (PRESIGNED, "https://workroom.s3.amazonaws.com/e/1/clip.mp4?***"),
        (f'{{"video_url": "{PRESIGNED}"}}', '{"video_url": "https://workroom.s3.amazonaws.com/e/1/clip.mp4?***"}'),
        (f"<{PRESIGNED}> and on", "<https://workroom.s3.amazonaws.com/e/1/clip.mp4?***> and on"),
        ("HTTPS://h.example/a?X-Amz-Security-Token=topsecret", "HTTPS://h.example/a?***"),
        ("X-Amz-Credential=topsecret&x", "X-Amz-Credential=***&x"),
        ("x-api-key: topsecret", "x-api-key: ***"),
        ('{"X-Amz-Security-Token": "topsecret", "b": ""}', '{"X-Amz-Security-Token": "***", "b": ""}'),
        ("{'x-api-key': 'topsecret'}", "{'x-api-key': '***'}"),
        ('{\\"x-api-key\\": \\"topsecret\\"}', None),
        ("https://me:topsecret@h.example/a", "https://***@h.example/a"),
        ("http://one/a?topsecret http://two/b?topsecret", "http://one/a?*** http://two/b?***"),
        ("HTTPS://h.example/a.jpg?sig=topsecret", "HTTPS://h.example/a.jpg?***"),
        ("https://h.example/it's.jpg?sig=topsecret", "https://h.example/it's.jpg?***"),
        ("https://h.example/a b.jpg?v=1&Signature=topsecret&x=1", "https://h.example/a b.jpg?v=1&Signature=***&x=1"),
        ("https://h.example/a?b=it's&sig=topsecret", None),
        ("//h.example/a.jpg?X-Goog-Signature=topsecret", "//h.example/a.jpg?X-Goog-Signature=***"),
        ("https%3A%2F%2Fh.example%3Fsig%3Dtopsecret%26x", "https%3A%2F%2Fh.example%3Fsig%3D***%26x"),
        ("X-Amz-Security-Token=IQo%2Btopsecret%3D%3D&x", "X-Amz-Security-Token=***&x"),
        ("https://me:it'stopsecret@h.example/a", "https://***@h.example/a"),
        ("https://me:top@topsecret@h.example/a", "https://***@h.example/a"),
    ],
)
def test_a_secret_is_taken_out_wherever_it_stands(text: str, shown: str | None) -> None:
    assert "topsecret" not in redact(text)
    assert shown is None or redact(text) == shown


@pytest.mark.parametrize(
    "value",
    [
        PRESIGNED,
        f'{{"video_url": "{PRESIGNED}"}}',
        f"see {PRESIGNED}\\",
        'x-api-key: "topsecret"',
        "X-Amz-Credential=topsecret%2F20261124%2Fus-east-1",
        "https%3A%2F%2Fh%3FX-Amz-Signature%3Dtopsecret",
        r"https://h.example/a?one=1\u0026sig=topsecret",
        "https://h.example/a b?one=1&sig=topsecret",
        """https://me:it's@topsecret@h.example/'a b'?X-Goog-Signature=topsecret""",
    ],
)
def test_a_json_line_is_still_json_after_redaction(value: str) -> None:
    """Logs are JSON in which somebody's JSON is quoted, at any depth."""
    line = json.dumps({"message": value})
    for _ in range(3):
        assert "topsecret" not in redact(line)
        assert json.loads(redact(line))
        line = json.dumps({"exception": line})


def test_text_without_secrets_stays_as_it_is() -> None:
    text = "HTTP 404: Request 47411f110c6fa4fe05dcb9ffed2c1962 not found at https://h.example/a (what now?)"
    assert redact(text) == text


@given(st.text())
def test_redacting_twice_changes_nothing_more(text: str) -> None:
    assert redact(redact(text)) == redact(text)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("line\nbreak", "line\\nbreak"),
        ("tab\tand\r", "tab\\tand\\r"),
        ("\x00\x1b[31m", "\\x00\\x1b[31m"),
        ("left\u202egpj.exe", "left\\u202egpj.exe"),
        ("\ud800", "\\ud800"),
        ("海辺 🏖 café", "海辺 🏖 café"),
    ],
)
def test_what_would_not_show_is_written_out(text: str, shown: str) -> None:
    assert printable(text) == shown


@given(st.text(st.characters(exclude_categories=[])))
def test_any_text_becomes_one_printable_line(text: str) -> None:
    shown = printable(text)
    assert shown.isprintable()
    shown.encode()


SECRETS = [
    ("https://me:", "topsecret" * 900, "@h.example/a"),
    ("https://me:", "topsecret", "@h.example/a"),
    ("https://me:it's@", "topsecret" * 9, "@h.example/a"),
    ("https://h.example/it's a?sig=", "topsecret", " and on"),
    ("SG_", "0123456789abcdef", ""),
    ("https://h.example/a?sig=", "topsecret" * 900, " and on"),
    ("X-Amz-Security-Token=", "topsecret", "&x"),
    ('{"X-Amz-Security-Token": "', "topsecret", '"}'),
    ("x-api-key: ", "topsecret", "."),
]


@pytest.mark.parametrize(("before", "secret", "after"), SECRETS)
def test_a_cut_shows_no_half_of_a_secret(before: str, secret: str, after: str) -> None:
    """Wherever the secret lies in a text that is too long to be looked at whole."""
    for place in range(MOST - len(before) - len(secret) - 3, MOST + 3, len(secret) // 90 + 1):
        words = quote("x" * 40 + " " * (max(place, 40) - 40) + before + secret + after, MOST * 2)
        assert not any(secret[:length] in words for length in (4, 8)), place
        assert "topsec" not in words


def test_what_a_cut_took_shows() -> None:
    assert quote("a" * (MOST + 1), MOST * 2).endswith("...")
    assert quote("a" * MOST, MOST * 2) == "a" * MOST


def test_a_quote_is_bounded_printable_and_without_secrets() -> None:
    words = quote(f"refused\n{PRESIGNED} " + "x" * 9999)
    assert len(words) == 500
    assert words.endswith("...")
    assert "topsecret" not in words
    assert "\n" not in words
