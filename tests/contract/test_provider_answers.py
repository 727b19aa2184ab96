"""Answers that no simulator thinks of: every code, odd bodies, redirects, pages that overlap."""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Callable
from typing import Any

import pytest

from dropcut.adapters.segmind import client as module
from dropcut.adapters.segmind.client import MOST_BYTES, PAGES, PER_PAGE, SegmindProvider
from dropcut.domain.errors import DropcutError, ProviderBusy, ProviderRefused, ProviderUnreadable, SubmissionUnknown
from tests.contract.customers import REQUEST, VIDEO_URL, Keys
from tests.contract.web import Answer, Scripted
from tests.fakes.examples import NOW

KEY = "SG_0123456789abcdef"
# The codes that prove that nothing was accepted; everything else is unknown.
PROOFS = {400, 401, 402, 403, 404, 405, 406, 410, 413, 415, 429}


def client(server: Scripted) -> SegmindProvider:
    return SegmindProvider(Keys(KEY), api_url=server.url, history_url=server.url + "/history")


def submitted(server: Scripted, *answers: Answer) -> str | type[DropcutError]:
    """The request id, or the kind of error."""
    server.answers = list(answers)
    try:
        return client(server).submit(REQUEST, VIDEO_URL)
    except DropcutError as caught:
        error = caught
    assert "topsecret" not in str(error)
    assert KEY not in str(error)
    return type(error)


@pytest.mark.parametrize("code", [code for code in range(300, 600) if code % 10 < 4 or 400 <= code < 430 or code < 310])
def test_only_a_code_that_proves_it_is_a_refusal(server: Scripted, code: int) -> None:
    text = json.dumps({"error": f"no, see {VIDEO_URL} and {KEY}", "request_id": "r1"}).encode()
    outcome = submitted(server, Answer(status=code, body=text, headers={"location": server.url + "/elsewhere"}))
    assert isinstance(outcome, type)
    assert (outcome is not SubmissionUnknown) == (code in PROOFS)
    assert len(server.asked) == (2 if code == 401 else 1), "nothing is repeated or followed"


@pytest.mark.parametrize(
    "body",
    [b"", b"accepted!", b"<html></html>", b"[]", b"null", b'"r1"', b"{}", b'{"request_id": null}',
     b'{"request_id": ""}', b'{"request_id": 7}', b'{"request_id": "%s"}' % (b"r" * 201), b'{"request_id": "r1"'],
)  # fmt: skip
def test_a_200_without_a_request_id_is_unknown(server: Scripted, body: bytes) -> None:
    assert submitted(server, Answer(body=body)) is SubmissionUnknown


@pytest.mark.parametrize(
    "name", ["2c7f59ea-13f1-402c-9353-915a2b5a2124", "47411f110c6fa4fe05dcb9ffed2c1962", "a/../b?c#d"]
)
def test_a_request_id_stays_one_part_of_an_address(server: Scripted, name: str) -> None:
    assert submitted(server, Answer(body=json.dumps({"request_id": name}).encode())) == name
    client(server).status(name)
    (_, (asked, _, _)) = server.asked
    assert asked.startswith("GET /v2/requests/")
    assert asked.endswith("/status")
    assert asked.count("/") == 4


@pytest.mark.parametrize("status", [200, 201, 202])
def test_an_acceptance_under_another_code_is_an_acceptance(server: Scripted, status: int) -> None:
    assert submitted(server, Answer(status=status, body=b'{"request_id": "r1"}')) == "r1"


@pytest.mark.parametrize("page", [b"<html>429</html>", b"", b"[1]", b'{"error": {"deep": 1}}'])
def test_a_refusal_of_any_shape_is_put_into_words(server: Scripted, page: bytes) -> None:
    assert submitted(server, Answer(status=429, body=page)) is ProviderBusy
    assert submitted(server, Answer(status=400, body=page)) is ProviderRefused


def test_the_key_goes_in_its_header_and_nowhere_else(server: Scripted) -> None:
    submitted(server, Answer(body=b'{"request_id": "r1"}'))
    client(server).past("r1")
    for target, headers, body in server.asked:
        assert headers["x-api-key"] == KEY
        assert KEY not in target
        assert KEY.encode() not in body
    assert json.loads(server.asked[0][2]) == {**REQUEST, "video_url": VIDEO_URL}


@pytest.mark.usefixtures("netrc_and_proxy")
def test_no_netrc_or_proxy_of_the_machine_sees_the_key(server: Scripted) -> None:
    assert submitted(server, Answer(body=b'{"request_id": "r1"}')) == "r1"
    assert "authorization" not in server.asked[0][1]


def test_a_redirected_read_is_not_followed_and_proves_nothing(server: Scripted) -> None:
    server.answers = [Answer(status=302, headers={"location": server.url + "/login"})]
    provider = client(server)
    reads: list[Any] = [
        lambda: provider.status("r1"), lambda: provider.result("r1"), lambda: provider.past("r1"),
        lambda: provider.search(NOW),
    ]  # fmt: skip
    for read in reads:
        with pytest.raises(ProviderUnreadable):
            read()
    assert len(server.asked) == len(reads)


HOSTILE: dict[str, Answer] = {
    "nested": Answer(body=b"[" * 200_000),
    "nested and whole": Answer(body=b'{"request_id": "r1", "status": "FAILED", "n": ' + b"[" * 900 + b"]" * 900 + b"}"),
    "too many digits": Answer(body=b'{"request_id": "r1", "status": "COMPLETED", "n": ' + b"1" * 5000 + b"}"),
    "too long": Answer(body=b'{"request_id": "r1", "status": "COMPLETED"}'.ljust(9 * 1024**2)),
    "too long when it is unpacked": Answer(
        body=gzip.compress(b'{"request_id": "r1", "status": "COMPLETED"}'.ljust(300 * 1024**2), 1),
        headers={"content-encoding": "gzip"},
    ),
    "badly packed": Answer(body=b'{"request_id": "r1"}', headers={"content-encoding": "gzip"}),
    "another character set": Answer(body='{"request_id": "ü", "status": "COMPLETED"}'.encode("latin-1")),
    "drop by drop": Answer(body=b'{"request_id": "r1", "status": "COMPLETED"}'.ljust(600), pause=0.01),
}  # fmt: skip


def reads(provider: SegmindProvider) -> list[Callable[[], object]]:
    names = ("status", "result", "past", "row")
    return [*(lambda name=name: getattr(provider, name)("r1") for name in names), lambda: provider.search_all(NOW)]


@pytest.mark.parametrize("case", HOSTILE)
def test_an_answer_that_cannot_be_read_is_told_as_such(
    server: Scripted, monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    """And is unknown where it was the answer to a paid request."""
    if case == "drop by drop":
        monkeypatch.setattr(module, "CONNECT", 0.5)
        monkeypatch.setattr(module, "READ", 0.5)
        monkeypatch.setattr(module, "SUBMIT_READ", 0.5)
    assert submitted(server, HOSTILE[case]) is SubmissionUnknown
    for read in reads(client(server)):
        with pytest.raises(ProviderUnreadable):
            read()


@pytest.mark.parametrize("place", ["http://[", "\xff\xfe", "//", "http://127.0.0.1:99999/", "x" * 60_000])
def test_where_a_redirection_leads_is_not_even_read(server: Scripted, place: str) -> None:
    answer = Answer(status=302, headers={"location": place}, body=b"x" * 3_000_000)
    assert submitted(server, answer) is SubmissionUnknown
    for read in reads(client(server)):
        with pytest.raises(ProviderUnreadable):
            read()


@pytest.mark.parametrize("name", [r"\ud800", r"a\u0000b", r"line\nbreak", "r" * 201])
def test_a_request_id_that_cannot_be_used_is_none(server: Scripted, name: str) -> None:
    assert submitted(server, Answer(body=b'{"request_id": "%s"}' % name.encode())) is SubmissionUnknown
    server.answers = [Answer(body=b'{"data": [{"request_id": "%s"}]}' % name.encode())]
    assert client(server).search_all(NOW) == ([], False), "whose that row is, nobody can tell"


def test_a_refusal_is_one_however_long_it_is(server: Scripted) -> None:
    assert submitted(server, Answer(status=400, body=b"x" * (MOST_BYTES + 1))) is ProviderRefused


def test_a_key_refused_late_is_not_tried_again_at_once(server: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second answer would come when the function has been ended, and nobody would know of it."""
    monkeypatch.setattr(module, "SUBMIT_READ", 0.0001)

    def refuse_late(*_: Any, **__: Any) -> module.Answer:
        time.sleep(0.001)
        return module.Answer(401, b"")

    monkeypatch.setattr(module, "_exchange", refuse_late)
    with pytest.raises(ProviderBusy):
        client(server).submit(REQUEST, VIDEO_URL)


def page_of(*names: str) -> Answer:
    rows = [{"request_id": name, "request_body": {"video_url": f"https://h.example/{name}"}} for name in names]
    return Answer(body=json.dumps({"data": rows}).encode())


def test_every_page_of_the_history_is_read_once(server: Scripted) -> None:
    server.answers = [page_of("r5", "r4"), page_of("r3", "r2"), page_of("r1"), page_of()]
    assert [row.request_id for row in client(server).search(NOW)] == ["r5", "r4", "r3", "r2", "r1"]
    assert [f"page={n}&" in target for n, (target, _, _) in enumerate(server.asked, 1)] == [True] * 4
    assert f"per_page={PER_PAGE}&from_date=2026-11-23" in server.asked[0][0], "a day earlier, for clocks and time zones"


def test_pages_that_overlap_give_each_request_once(server: Scripted) -> None:
    """Rows move to the next page while new ones come in; several outputs of one request are several rows."""
    server.answers = [page_of("r5", "r4", "r4"), page_of("r4", "r3"), page_of("r3")]
    assert [row.request_id for row in client(server).search(NOW)] == ["r5", "r4", "r3"]


def test_a_history_without_pages_is_read_twice(server: Scripted) -> None:
    server.answers = [page_of("r2", "r1")]
    assert len(client(server).search(NOW)) == 2
    assert len(server.asked) == 2


def test_a_full_page_that_comes_again_may_hide_older_ones(server: Scripted) -> None:
    """What knows no pages shows its newest rows each time, and would pass for a whole history."""
    server.answers = [page_of(*(f"r{n}" for n in range(PER_PAGE)))]
    rows, whole = client(server).search_all(NOW)
    assert (len(rows), whole) == (PER_PAGE, False)


def test_a_full_page_of_repeated_requests_may_hide_older_ones(server: Scripted) -> None:
    """Several outputs of one request are several rows, and rows are what fills a page."""
    server.answers = [page_of(*(f"r{n // 2}" for n in range(PER_PAGE)))]
    rows, whole = client(server).search_all(NOW)
    assert (len(rows), whole) == (PER_PAGE // 2, False)


@pytest.mark.parametrize("body", [b"{}", b"null", b'"none"', b'{"message": "under maintenance"}', b'{"data": [{}]}'])
def test_an_answer_without_a_list_is_no_empty_history(server: Scripted, body: bytes) -> None:
    server.answers = [Answer(body=body)]
    assert client(server).search_all(NOW) == ([], False)


def test_an_endless_history_is_read_up_to_a_bound(server: Scripted) -> None:
    server.answers = [page_of(f"r{n}") for n in range(PAGES + 5)]
    rows, whole = client(server).search_all(NOW)
    assert (len(rows), whole) == (PAGES, False)


def test_more_of_a_history_is_read_where_there_is_time(server: Scripted) -> None:
    server.answers = [*(page_of(f"r{n}") for n in range(PAGES + 5)), page_of()]
    rows, whole = client(server).search_all(NOW, NOW, 600)
    assert (len(rows), whole) == (PAGES + 5, True)


def test_a_history_that_ends_is_known_to_be_all(server: Scripted) -> None:
    """Also where rows came twice, so that fewer are known than were read."""
    server.answers = [page_of("r3", "r3"), page_of("r3", "r2"), page_of()]
    rows, whole = client(server).search_all(NOW)
    assert (len(rows), whole) == (2, True)


def test_one_page_that_cannot_be_read_makes_the_search_unreadable(server: Scripted) -> None:
    """Else a submission on that page would pass for one that never was."""
    server.answers = [page_of("r2"), Answer(status=503)]
    with pytest.raises(ProviderUnreadable):
        client(server).search(NOW)


def test_the_row_of_another_request_is_not_taken(server: Scripted) -> None:
    server.answers = [page_of("r2", "r3")]
    assert client(server).past("r1") is None
