"""The provider's answers in every shape that they may have; most of it is not published."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dropcut.adapters.segmind.answers import ENVELOPES, history_rows, money, progress_of
from dropcut.domain.decisions import Billing, billing

ADDRESS = "https://images.example/generations/a.mp4"
ROW: dict[str, Any] = {
    "request_id": "r1",
    "model_name": "kling-o3-video2video-edit",
    "model_status": "PENDING",
    "credits_deduction": None,
    "request_body": {"prompt": "noir", "video_url": "https://h.example/e1/1/clip.mp4?X-Amz-Signature=topsecret"},
    "generation_url": None,
    "error": None,
}


@pytest.mark.parametrize("envelope", [*ENVELOPES, None])
def test_rows_are_found_in_whatever_envelope(envelope: str | None) -> None:
    body: Any = {"page": 1, "total": 1, envelope: [ROW]} if envelope else [ROW]
    (row,) = history_rows(body)
    assert (row.request_id, row.video_url_path, row.progress.status) == ("r1", "/e1/1/clip.mp4", "PENDING")


def test_a_single_row_comes_bare_or_in_an_envelope() -> None:
    assert history_rows(ROW) == history_rows({"data": ROW}) == history_rows([ROW])


@pytest.mark.parametrize("form", [ROW["request_body"], json.dumps(ROW["request_body"])])
@pytest.mark.parametrize("field", ["request_body", "parameters"])
def test_the_request_is_read_as_object_and_as_text(field: str, form: Any) -> None:
    (row,) = history_rows([{"request_id": "r1", field: form}])
    assert row.video_url_path == "/e1/1/clip.mp4"


@pytest.mark.parametrize(
    "url", ["https://h.example/e1/1/clip.mp4", "https://h.example/e1%2F1%2Fclip.mp4?x", "http://[::1]/e1/1/clip.mp4#f"]
)
def test_the_mark_survives_whatever_was_done_to_the_address(url: str) -> None:
    (row,) = history_rows([{"request_id": "r1", "request_body": {"video_url": url}}])
    assert "e1/1/clip" in row.video_url_path


@pytest.mark.parametrize(
    "request_body",
    [None, "", "{", "[]", "null", 3, [], {}, {"video_url": None}, {"video_url": 3}, {"video_url": "http://["}],
)
def test_a_row_without_a_readable_address_is_nobodys(request_body: Any) -> None:
    (row,) = history_rows([{"request_id": "r1", "request_body": request_body}])
    assert row.video_url_path == ""


def test_a_signature_in_a_row_is_not_kept() -> None:
    assert "topsecret" not in repr(history_rows([ROW]))


def test_a_request_with_several_outputs_is_one_row() -> None:
    assert len(history_rows({"data": [ROW, ROW, {**ROW, "request_id": "r2"}]})) == 2


@pytest.mark.parametrize(
    "body",
    [
        None,
        3,
        "text",
        [],
        {},
        {"data": None},
        {"data": "x"},
        [None, 3, "x", []],
        [{"request_id": None}],
        [{"request_id": ""}],
    ],
)
def test_nonsense_holds_no_rows(body: Any) -> None:
    assert history_rows(body) == []


def test_a_finished_row_tells_charge_and_result() -> None:
    row = {**ROW, "model_status": "completed", "credits_deduction": "2.10", "generation_url": ADDRESS}
    progress = history_rows([row])[0].progress
    assert (progress.status, progress.charged_usd, progress.result_url) == ("COMPLETED", Decimal("2.1"), ADDRESS)


@pytest.mark.parametrize("amount", [{}, {"credits_deduction": None}, {"credits_deduction": ""}])
def test_a_failed_row_without_an_amount_is_not_proven_free(amount: dict[str, Any]) -> None:
    (row,) = history_rows([{"request_id": "r1", "model_status": "FAILED", **amount}])
    assert billing(row.progress) is Billing.UNKNOWN


def test_a_failed_row_tells_why() -> None:
    progress = history_rows([{**ROW, "model_status": "FAILED", "error": "bad\nwidth"}])[0].progress
    assert (progress.status, progress.error) == ("FAILED", "bad\\nwidth")


@pytest.mark.parametrize(
    "places",
    [
        {"output": ADDRESS},
        {"output": [ADDRESS]},
        {"output": {"url": ADDRESS}},
        {"output": [{"url": ADDRESS}]},
        {"video": {"url": ADDRESS}},
        {"video": ADDRESS},
        {"url": ADDRESS},
        {"video": {"url": None}, "output": ADDRESS},
        {"video": {}, "output": [], "url": ADDRESS},
        {"video": {"url": ADDRESS}, "output": "https://elsewhere.example/b.mp4"},
    ],
)
def test_the_result_is_found_wherever_it_stands(places: dict[str, Any]) -> None:
    assert progress_of({"status": "COMPLETED", **places}).result_url == ADDRESS


@pytest.mark.parametrize("output", [None, "", "text", "ftp://h/a", [], {}, [[]], 3, [None], {"url": 3}])
def test_what_is_no_address_is_no_result(output: Any) -> None:
    assert progress_of({"status": "COMPLETED", "output": output}).result_url is None


def test_an_echo_of_what_was_sent_is_no_result() -> None:
    """Or the clip itself would be delivered as its own edit."""
    assert progress_of({"status": "COMPLETED", "video_url": ADDRESS}).result_url is None


def test_a_result_address_is_not_shown_by_accident() -> None:
    assert ADDRESS not in repr(progress_of({"status": "COMPLETED", "output": ADDRESS}))


@pytest.mark.parametrize("body", [[], None, "COMPLETED", 3, {}, {"status": None}])
def test_a_body_without_a_status_says_nothing(body: Any) -> None:
    assert progress_of(body).status == ""


def test_a_real_failed_body_is_understood() -> None:
    body = {"error": "Prompt is required for video generation.", "metrics": {"queue_time": 0.02}, "status": "FAILED"}
    progress = progress_of(body)
    assert (progress.status, progress.error) == ("FAILED", "Prompt is required for video generation.")
    assert progress.charged_usd is None


@pytest.mark.parametrize(
    ("value", "usd"), [(2.1, "2.1"), ("2.10", "2.1"), (0, "0"), (0.945, "0.945"), (1e-6, "0.000001")]
)
def test_money_is_exact(value: Any, usd: str) -> None:
    assert money(value) == Decimal(usd)
    assert "E" not in str(money(value))


@pytest.mark.parametrize("value", [None, True, "", "free", "NaN", "-1", -0.5, float("inf"), 10_000, [], {}, "1e9"])
def test_what_is_no_amount_is_no_money(value: Any) -> None:
    assert money(value) is None


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*ROW, *ENVELOPES, "url"]), inner),
    max_leaves=8,
)


@given(anything)
def test_no_answer_at_all_can_break_the_reader(body: Any) -> None:
    progress_of(body)
    history_rows(body)
