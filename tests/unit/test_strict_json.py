"""JSON that means one thing only: what Python's parser would take silently is refused, all of it at once."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dropcut.intake.strict_json import MAX_DEPTH, Finding, NotStrictJson, parse_strict


def findings(raw: bytes) -> list[Finding]:
    with pytest.raises(NotStrictJson) as caught:
        parse_strict(raw)
    return list(caught.value.findings)


values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**12), 10**12)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(values)
def test_all_proper_json_means_what_it_says(value: Any) -> None:
    assert parse_strict(json.dumps(value).encode()) == value


def test_a_byte_order_mark_is_forgiven() -> None:
    assert parse_strict(b'\xef\xbb\xbf{"prompt": "noir"}') == {"prompt": "noir"}


@pytest.mark.parametrize(
    ("raw", "value", "what"),
    [
        (b"", "0 bytes", "is empty"),
        (b"\xef\xbb\xbf \r\n", "6 bytes", "is empty"),
        (b"prompt: noir", "line 1, column 1", "is not JSON"),
        (b'{"prompt": "noir",}', "line 1", "is not JSON"),
        (b'{"prompt": "noir"} {}', "line 1, column 20", "is not JSON"),
        (b"{'prompt': 'noir'}", "line 1, column 2", "is not JSON"),
        (b'{"prompt":\n "no\nir"}', "line 2", "is not JSON"),
        (b"\xff\xfe{\x00}\x00", "byte 0", "is not UTF-8 text"),
        (b'{"prompt": "caf\xe9"}', "byte 15", "is not UTF-8 text"),
        (b'{"n": ' + b"1" * 5000 + b"}", "a number", "has too many digits"),
        (b"[" * 100_000, "brackets", "is nested too deeply"),
        (b'{"a":' * 100_000, "brackets", "is nested too deeply"),
    ],
)
def test_what_is_no_json_is_told_with_its_place(raw: bytes, value: str, what: str) -> None:
    (found,) = findings(raw)
    assert found[0] == ""
    assert found[1].startswith(value)
    assert found[2].startswith(what)
    assert found[3]


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999"])
def test_a_number_that_is_not_finite_is_refused_where_it_stands(number: str) -> None:
    raw = f'{{"elements": [{{"weight": {number}}}]}}'.encode()
    assert findings(raw) == [("/elements/0/weight", number, "is not a finite number", "JSON knows finite numbers only")]


def test_a_key_given_twice_is_refused_at_any_depth() -> None:
    found = findings(b'{"prompt": "a", "prompt": "b", "elements": [{"x": 1, "x": 1, "x": 2}]}')
    assert [(pointer, value) for pointer, value, _, _ in found] == [("/prompt", "prompt"), ("/elements/0/x", "x")]


@pytest.mark.parametrize(
    ("raw", "pointer"),
    [
        (rb'{"prompt": "night \ud83d"}', "/prompt"),
        (rb'{"elements": [{"\udc00": 1}]}', "/elements/0/\udc00"),
        (rb'{"prompt": "a", "image_urls": ["\uD83D\u0041"]}', "/image_urls/0"),
    ],
)
def test_half_a_character_is_refused_where_it_stands(raw: bytes, pointer: str) -> None:
    """JSON can write it and UTF-8 cannot, so no service would take it."""
    (found,) = findings(raw)
    assert found[0] == pointer
    assert found[2].startswith("has half of a character (\\ud")


def test_a_whole_character_may_be_written_in_halves() -> None:
    assert parse_strict(rb'"\ud83c\udf03"') == "\N{NIGHT WITH STARS}"


def test_a_long_name_is_cut_where_it_leads_to_many_problems() -> None:
    """Else the pointers alone would be as many times as long as the file as there are problems."""
    raw = b'{"' + b"n" * 30_000 + b'": [' + b", ".join([b"NaN"] * 5000) + b"]}"
    found = findings(raw)
    assert len(found) == 5000
    assert sum(len(pointer) for pointer, *_ in found) < 2_000_000


def test_every_problem_is_told_at_once() -> None:
    found = findings(b'{"a": NaN, "b": {"c": 1, "c": 2}, "d": [1, -Infinity]}')
    assert {pointer for pointer, *_ in found} == {"/a", "/b/c", "/d/1"}


def test_a_pointer_is_written_as_its_standard_says() -> None:
    """RFC 6901: ~ is ~0 and / is ~1."""
    assert findings(b'{"a/b~c": NaN}')[0][0] == "/a~1b~0c"
    assert findings(b'{"a/b": 1, "a/b": 2}')[0][0] == "/a~1b"


def test_nesting_is_allowed_down_to_a_depth_and_no_further() -> None:
    deepest = b"[" * MAX_DEPTH + b"]" * MAX_DEPTH
    assert parse_strict(deepest)
    assert findings(b"[" + deepest + b"]")[0][2] == "is nested too deeply"


@pytest.mark.parametrize("raw", [b"null", b"3", b'"text"', b"[]", b"true"])
def test_json_that_is_no_object_is_json_all_the_same(raw: bytes) -> None:
    assert parse_strict(raw) == json.loads(raw)
