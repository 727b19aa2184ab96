"""What must hold for everything that strangers can write: sidecars, clips, file names, and the provider's answers.

Each property is written against what a function promises, not against how it is made.
"""

from __future__ import annotations

import functools
import io
import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import hypothesis
import requests
import urllib3
from hypothesis import strategies as st

from dropcut.adapters.segmind import client as segmind
from dropcut.adapters.segmind.client import SegmindProvider
from dropcut.domain.errors import NotSent, ProviderUnreadable, SubmissionUnknown
from dropcut.domain.keys import is_clip, is_sidecar, split
from dropcut.domain.model import HistoryRow, Progress
from dropcut.domain.pairing import pairs_of, rivals_of, sidecar_of
from dropcut.domain.recognition import marked
from dropcut.intake.mp4 import BoxWalker
from dropcut.intake.sidecar import Sidecar, read_sidecar
from dropcut.notifications import endings
from dropcut.notifications.envelope import as_notice
from tests.fakes.examples import NOW, OUTBOX, a_drop

PROPERTIES: dict[str, tuple[tuple[st.SearchStrategy[Any], ...], Callable[..., None]]] = {}
tried: Counter[str] = Counter()


def holds_for(*inputs: st.SearchStrategy[Any]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Register what has to hold for all of these inputs."""

    def register(holds: Callable[..., None]) -> Callable[..., None]:
        PROPERTIES[holds.__name__] = inputs, holds
        return holds

    return register


def check(name: str, how: hypothesis.settings, seed: int | None = None) -> None:
    """Try one property with many inputs; raises with the smallest that breaks it."""
    inputs, holds = PROPERTIES[name]

    @functools.wraps(holds)
    def counted(*given: Any, **named: Any) -> None:
        tried[name] += 1
        holds(*given, **named)

    trying = hypothesis.given(*inputs)(counted)
    how(trying if seed is None else hypothesis.seed(seed)(trying))()


SECRET = "topsecret0123456789"
SECRETS = (
    f"https://b.s3.amazonaws.com/x.mp4?X-Amz-Signature={SECRET}&X-Amz-Expires=9",
    f"https://me:{SECRET}@h.example/a.png",
    f"x-api-key: {SECRET}",
    f'{{"x-api-key": "{SECRET}"}}',
    f'{{"X-Amz-Security-Token": "{SECRET}"}}',
    f"X-Amz-Credential={SECRET}%2F20261124",
)
ANY_TEXT = st.text(st.characters(exclude_categories=[]), max_size=40)
HOSTILE_TEXT = st.one_of(
    ANY_TEXT,
    st.sampled_from(SECRETS),
    st.builds(lambda text, times: text * times,
              st.sampled_from(["http://", "a", "\\", '"', "\x00", "é", "SG_", *SECRETS]), st.integers(0, 700)),
    st.builds(lambda before, secret: before + secret, st.text(max_size=400), st.sampled_from(SECRETS)),
)  # fmt: skip
NUMBERS = st.one_of(
    st.integers(), st.floats(), st.integers(10**300, 10**310), st.sampled_from([1e308, -0.0, 5e-324, 10**4299])
)


def documents(names: st.SearchStrategy[str], texts: st.SearchStrategy[str] = HOSTILE_TEXT) -> st.SearchStrategy[Any]:
    """Any JSON, with names that mean something more often than chance would have it."""
    leaves = st.one_of(st.none(), st.booleans(), NUMBERS, texts)
    keys = st.one_of(names, st.text(max_size=8))
    return st.recursive(
        leaves,
        lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(keys, inner, max_size=6)),
        max_leaves=12,
    )


# ---- sidecars ------------------------------------------------------------------------------------------------------

FIELDS = st.sampled_from([*Sidecar.model_fields, "frontal_image_url", "reference_image_urls", "video_url", "promt"])
SIDECARS = st.one_of(
    st.binary(max_size=300),
    documents(FIELDS).map(lambda value: json.dumps(value).encode()),
    st.dictionaries(FIELDS, documents(FIELDS), max_size=9).map(lambda value: json.dumps(value).encode()),
    st.builds(lambda raw, at, noise: raw[:at] + noise + raw[at:],
              documents(FIELDS).map(lambda v: json.dumps(v).encode()), st.integers(0, 200), st.binary(max_size=5)),
)  # fmt: skip


@holds_for(SIDECARS)
def any_sidecar_is_taken_or_refused_in_words(raw: bytes) -> None:
    sidecar, problems = read_sidecar(raw)
    assert (sidecar is None) == bool(problems)
    if sidecar:
        json.dumps(sidecar.request(4.0)).encode()
        return
    body = endings.rejected(a_drop(), problems, OUTBOX)
    filed = endings.error_file(body, a_drop(), None, problems)
    notice = as_notice(body).as_json()
    told = json.dumps(notice, ensure_ascii=False) + filed.as_file()
    told.encode()
    assert len(filed.as_file()) < 256_000
    assert all(line.problem and line.fix for line in filed.problems)
    assert all(line.isprintable() for line in notice["message"]["email"].split("\n"))


# ---- clips ---------------------------------------------------------------------------------------------------------

KINDS = st.sampled_from([b"ftyp", b"moov", b"mdat", b"free", b"cmov", b"\0\0\0\0"])
SIZES = st.one_of(st.integers(0, 40), st.integers(0, 2**32 - 1))
BOX = st.builds(lambda kind, body: (8 + len(body)).to_bytes(4, "big") + kind + body, KINDS, st.binary(max_size=30))
LYING = st.builds(lambda size, kind, body: size.to_bytes(4, "big") + kind + body, SIZES, KINDS, st.binary(max_size=20))
LONG = st.builds(
    lambda size, kind, body: b"\0\0\0\x01" + kind + size.to_bytes(8, "big") + body,
    st.integers(0, 2**64 - 1), KINDS, st.binary(max_size=20),
)  # fmt: skip
CLIPS = st.one_of(st.binary(max_size=200), st.lists(st.one_of(BOX, LYING, LONG), max_size=30).map(b"".join))


def walked(chunks: Iterator[bytes]) -> tuple[str | None, bool]:
    walker = BoxWalker()
    for chunk in chunks:
        walker.feed(chunk)
    return walker.what_is_wrong(), walker.is_cut_off


@holds_for(CLIPS, st.lists(st.integers(0, 60), max_size=20))
def any_clip_has_one_verdict_however_it_is_cut(body: bytes, lengths: list[int]) -> None:
    def pieces() -> Iterator[bytes]:
        start = 0
        for length in lengths:
            yield body[start : start + length]
            start += length
        yield body[start:]

    whole = walked(iter([body]))
    assert walked(pieces()) == whole
    assert walked(body[n : n + 1] for n in range(len(body))) == whole
    assert whole[0] is None or whole[0].isprintable()
    if whole[0] is None:
        assert body[4:8] == b"ftyp"
        assert b"moov" in body
        assert b"mdat" in body
        assert not whole[1], "it is not whole and cut off at once"


# ---- file names ----------------------------------------------------------------------------------------------------

STEMS = st.sampled_from(["a", "b", "A", "a.b", "ü", "u\u0308", "", " ", ".", "_a", "a.mp4", "a.mov", "a.json"])
SUFFIXES = st.sampled_from([".mp4", ".MP4", ".mov", ".MoV", ".json", ".JSON", ".mp4.json", ".mov.JSON",
                            ".manifest.json", ".mp4.mp4", ".txt", "", ".Json", ".error.json",
                            ".mp4.mov.json"])  # fmt: skip
FOLDERS = st.sampled_from(["", "t/", "t/u/", "/", "a.mp4/"])
KEYS = st.builds(lambda folder, stem, suffix: folder + stem + suffix, FOLDERS, STEMS, SUFFIXES)


def naive_sidecar_of(clip: str, keys: list[str]) -> str | None:
    """`X.mp4.json` counts before `X.json`; suffixes know no case, but the one that is written small comes first."""
    folder, _, name = clip.rpartition("/")
    for stem in (name, name.rpartition(".")[0]):
        matching = [
            key for key in keys
            if key.rpartition("/")[0] == folder and key.count("/") == clip.count("/") and is_sidecar(key)
            and key.rpartition("/")[2][:-5] == stem and key[-5:].lower() == ".json"
        ]  # fmt: skip
        if matching:
            small = [key for key in matching if key.endswith(".json")]
            return min(small or matching)
    return None


@holds_for(st.lists(KEYS, max_size=12, unique=True), KEYS)
def any_names_pair_as_a_person_would_pair_them(keys: list[str], key: str) -> None:
    everything = sorted({*keys, key})
    pairs = {(clip, sidecar) for clip in everything if is_clip(clip) if (sidecar := naive_sidecar_of(clip, everything))}
    for clip in filter(is_clip, everything):
        assert sidecar_of(clip, everything) == naive_sidecar_of(clip, everything)
        assert sorted(rivals_of(clip, everything)) == [
            other for other in everything if is_clip(other) and other != clip and split(other)[:2] == split(clip)[:2]
        ]
    if is_clip(key) or is_sidecar(key):
        found = pairs_of(key, everything)
        assert sorted(found) == sorted(pair for pair in pairs if key in pair)
        assert sorted(pairs_of(key, everything[::-1])) == sorted(found), "the order of a listing means nothing"


# ---- the provider's answers ----------------------------------------------------------------------------------------

WORDS = st.sampled_from(
    ["request_id", "status", "model_status", "error", "error_description", "metrics", "cost", "output", "video", "url",
     "data", "results", "requests", "items", "generations", "request_body", "parameters", "video_url", "prompt",
     "credits_deduction", "generation_url", "created_at", "model_created", "model_name"]
)  # fmt: skip
A_MARK = "f" * 64 + "/1/clip.mp4"
SAID = st.one_of(
    HOSTILE_TEXT,
    st.sampled_from(["r1", "COMPLETED", "FAILED", "QUEUED", "https://h.example/" + A_MARK, "http://[", "%ff" * 9,
                     "f" * 64 + "/" + "1" * 5000 + "/clip.mp4", "https://h/" + "f" * 64 + "/" + "1" * 5000 + "/clip",
                     "0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "1e999999999", "NaN", "sNaN",
                     "-Infinity", '{"video_url": "https://h/x", "prompt": ' + "[" * 5000, '{"prompt": [[]]}']),
)  # fmt: skip
ROW = st.dictionaries(WORDS, documents(WORDS, SAID), max_size=8)
BODIES = st.one_of(
    st.binary(max_size=200),
    documents(WORDS, SAID).map(lambda value: json.dumps(value).encode()),
    ROW.map(lambda value: json.dumps(value).encode()),
    st.lists(ROW, max_size=3).map(lambda rows: json.dumps({"data": rows}).encode()),
    st.builds(lambda n, end: b"[" * n + end, st.integers(0, 30_000), st.binary(max_size=3)),
    st.integers(4000, 6000).map(lambda n: b'{"request_id": "r1", "status": "COMPLETED", "n": ' + b"1" * n + b"}"),
    st.builds(lambda raw, at, noise: raw[:at] + noise + raw[at:], ROW.map(lambda v: json.dumps(v).encode()),
              st.integers(0, 300), st.binary(max_size=4)),
)  # fmt: skip
STATUSES = st.sampled_from([200, 201, 204, 301, 302, 400, 401, 402, 404, 406, 408, 409, 422, 429, 500, 502, 503])
HEADERS = st.dictionaries(
    st.sampled_from(["content-type", "content-encoding", "location", "set-cookie", "retry-after"]),
    st.one_of(st.sampled_from(["gzip", "deflate", "br", "zstd", "gzip, gzip", "identity", "text/html; charset=x", "http://["]),
              st.text(st.characters(max_codepoint=255, exclude_categories=["Cc"]), max_size=20)),
    max_size=3,
)  # fmt: skip
ANSWERS = st.lists(st.tuples(STATUSES, HEADERS, BODIES), min_size=1, max_size=3)
Prepared = list[tuple[int, dict[str, str], bytes]]


class Canned(requests.adapters.HTTPAdapter):
    """Gives prepared answers, the last one again and again, without a socket."""

    def __init__(self, answers: Prepared) -> None:
        super().__init__()
        self.answers, self.sent = list(answers), list[str]()

    def send(self, request: requests.PreparedRequest, *_: Any, **__: Any) -> requests.Response:
        self.sent.append(str(request.method))
        status, headers, body = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        raw = urllib3.HTTPResponse(io.BytesIO(body), headers, status, preload_content=False, decode_content=False)
        return self.build_response(request, raw)


@contextmanager
def answering(answers: Prepared) -> Iterator[tuple[SegmindProvider, Canned]]:
    """Our client, to whom the provider says this."""
    canned, real = Canned(answers), segmind._Session

    class Session(real):  # type: ignore[misc, valid-type]
        def get_adapter(self, url: str) -> Canned:
            return canned

    segmind._Session = Session  # type: ignore[misc]
    try:
        yield SegmindProvider(lambda _: "SG_0123456789abcdef", api_url="http://a", history_url="http://h"), canned
    finally:
        segmind._Session = real  # type: ignore[misc]


def assert_sound(value: object) -> None:
    """What was read can be written down, asked for again, and shown."""
    if isinstance(value, HistoryRow):
        assert value.request_id.isprintable()
        assert len(value.request_id) <= 200
        marked(value)
        assert_sound(value.progress)
    if isinstance(value, Progress):
        json.dumps([value.status, value.error], ensure_ascii=False).encode()
        assert len(value.error) <= 500
        assert value.charged_usd is None or 0 <= value.charged_usd < 10_000


@holds_for(ANSWERS)
def any_answer_to_a_read_is_a_value_or_unreadable(answers: Prepared) -> None:
    reads: list[Callable[[SegmindProvider], Any]] = [
        lambda client: [client.status("r1")], lambda client: [client.result("r1")], lambda client: [client.row("r1")],
        lambda client: client.search_all(NOW)[0],
    ]  # fmt: skip
    for read in reads:
        with answering(answers) as (client, canned):
            with suppress(ProviderUnreadable):
                for value in read(client):
                    assert_sound(value)
            assert set(canned.sent) == {"GET"}
            assert len(canned.sent) <= 2 * segmind.PAGES


@holds_for(ANSWERS)
def any_answer_to_a_paid_request_is_an_id_a_proof_or_unknown(answers: Prepared) -> None:
    with answering(answers) as (client, canned):
        status, proven = answers[0][0], False
        try:
            said = client.submit({"prompt": "noir"}, f"https://w.example/{A_MARK}?X-Amz-Signature={SECRET}")
            assert said.isprintable()
            assert 0 < len(said) <= 200
        except NotSent as proof:
            said, proven = str(proof), True
        except SubmissionUnknown as unknown:
            said = str(unknown)
        said.encode()
        assert not proven or status in segmind.REFUSALS | {429}
        assert proven or status == 401 or status not in segmind.REFUSALS | {429}
        assert len(canned.sent) == (2 if status == 401 else 1), "sent once, and again only after a refused key"


BEFORE_A_SECRET = st.one_of(
    st.integers(0, 5000).map(lambda length: "x" * length), st.sampled_from(["\x00", "\n", '"', "~/"])
)


@holds_for(st.sampled_from(SECRETS), BEFORE_A_SECRET, st.sampled_from([400, 402, 406, 429]))
def a_secret_that_the_provider_repeats_is_shown_nowhere(secret: str, before: str, status: int) -> None:
    error = json.dumps({"status": "FAILED", "error": f"{before} {secret}"}).encode()
    with answering([(status, {}, error)]) as (client, _):
        said = client.status("r1").error
        try:
            client.submit({"prompt": "noir"}, f"https://w.example/{A_MARK}?X-Amz-Signature={SECRET}")
        except NotSent as refusal:
            said += str(refusal)
    assert SECRET[:12] not in said


@holds_for(st.sampled_from(SECRETS), BEFORE_A_SECRET)
def a_secret_anywhere_in_a_sidecar_is_shown_nowhere(secret: str, before: str) -> None:
    text = f"{before} {secret}"
    for document in ({"mode": text}, {"image_urls": [secret, text]}, {text: 1}, {"elements": [{text: text}]}):
        _, problems = read_sidecar(json.dumps(document).encode())
        if not problems:
            continue
        body = endings.rejected(a_drop(), problems, OUTBOX)
        told = body.as_text() + endings.error_file(body, a_drop(), None, problems).as_file()
        assert SECRET[:12] not in told
