"""Text of strangers costs time in proportion to its length: no expression, and nothing else, backtracks for long."""

from __future__ import annotations

import ast
import functools
import json
import re
import time
from collections.abc import Callable, Iterator

import pytest

from checks.documents import CORE
from dropcut.adapters.segmind.answers import history_rows, progress_of
from dropcut.domain.decisions import _CLASSES
from dropcut.domain.text import printable, quote, redact
from dropcut.intake.sidecar import MAX_BYTES, read_sidecar
from dropcut.notifications import endings
from tests.fakes.examples import OUTBOX, a_drop

SHORT, TIMES = 1_000, 16  # characters, and how much longer the long text is
AT_ONCE = 0.01  # seconds of the processor for the long text; below it there is nothing to measure
MOST_GROWTH = 64  # times; linear code takes 16, quadratic code 256: a busy machine makes no 16 of 64
LOOKS = 5  # the least of so many measurements counts, since others use this machine too
FLAGS = {"IGNORECASE": re.IGNORECASE, "DOTALL": re.DOTALL}
WRITTEN_ELSEWHERE = {"decisions": [pattern for _, pattern in _CLASSES]}  # patterns that no call spells out
BEGINNINGS = ("http://", "https://a@", "https://a?", "SG_", "X-Amz-Signature=", "X-Amz-Signature:", 'X-Amz-Credential"',
              "x-api-key", "x-api-key:", "@Image", "f" * 64 + "/")  # fmt: skip
PIECES = (*BEGINNINGS, "://", "SG_a", "%2F", "@Image1", "&sig=", "timed ", "content policy", "a", "0", "-", "a.", " ",
          "\n", "\\", '"', '\\"', "/", "\x00", "é", "\ud800")  # fmt: skip


def expressions() -> Iterator[tuple[str, re.Pattern[str]]]:
    """Every regular expression of the package, and the module that it stands in."""
    for path in sorted(CORE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or ast.unparse(node.func).partition(".")[0] != "re":
                continue
            pattern, flags = node.args[0], 0
            for argument in [*node.args[1:], *(keyword.value for keyword in node.keywords)]:
                flags |= FLAGS.get(ast.unparse(argument).removeprefix("re."), 0)
            if isinstance(pattern, ast.Constant):
                yield path.stem, re.compile(str(pattern.value), flags)
            else:
                yield from ((path.stem, re.compile(text, flags)) for text in WRITTEN_ELSEWHERE[path.stem])


FOUND = list(dict.fromkeys(expressions()))


def is_linear(work: Callable[[str], object], short: str, long: str) -> bool:
    """Whether the long text takes no longer than its length allows."""
    took, unit = float("inf"), float("inf")
    for _ in range(LOOKS):
        took = min(took, seconds(work, long))
        if took < AT_ONCE:
            return True
        unit = min(unit, seconds(work, short))
        if took <= MOST_GROWTH * unit:
            return True
    return False


def seconds(work: Callable[[str], object], text: str) -> float:
    began = time.process_time()
    work(text)
    return time.process_time() - began


def slow(work: Callable[[str], object]) -> Iterator[str]:
    """The texts that take too long."""
    long = texts(SHORT * TIMES)
    yield from (name for name, short in texts(SHORT).items() if not is_linear(work, short, long[name]))


@functools.cache
def texts(length: int) -> dict[str, str]:
    """One piece again and again, alone and after a beginning that may match it, and so often that it is that long."""
    repeated = {piece: piece * (length // len(piece)) for piece in PIECES}
    begun = {f"{start}...{piece}": start + repeated[piece] for start in BEGINNINGS for piece in ("a", " ", "\\", "0")}
    return repeated | begun


def test_every_expression_is_looked_at() -> None:
    assert {"text", "sidecar", "downloads", "recognition", "decisions"} <= {module for module, _ in FOUND}


@pytest.mark.parametrize(("module", "pattern"), FOUND, ids=[f"{m}-{p.pattern[:40]}" for m, p in FOUND])
def test_an_expression_takes_time_in_proportion_to_its_text(module: str, pattern: re.Pattern[str]) -> None:
    assert next(slow(lambda text: pattern.sub("", text)), None) is None
    assert next(slow(pattern.fullmatch), None) is None


@pytest.mark.parametrize("work", [redact, quote, printable], ids=lambda work: work.__name__)
def test_showing_text_takes_time_in_proportion_to_it(work: Callable[[str], object]) -> None:
    assert next(slow(work), None) is None


SIDECARS: dict[str, Callable[[int], str]] = {
    "a prompt of addresses": lambda n: json.dumps({"prompt": "http://" * (n // 7)}),
    "a name of addresses": lambda n: json.dumps({"prompt": "x", "http://" * (n // 7): 1}),
    "a mode of addresses": lambda n: json.dumps({"prompt": "x", "mode": "http://" * (n // 7)}),
    "an image of addresses": lambda n: json.dumps({"prompt": "x", "image_urls": ["http://" * (n // 7)]}),
    "one name again and again": lambda n: "{" + ",".join(['"":0'] * (n // 5)) + "}",
    "two names again and again": lambda n: "{" + ",".join(f'"{i // 2}":0' for i in range(n // 8)) + "}",
    "numbers for images": lambda n: '{"prompt": "a", "image_urls": [' + ",".join(["1"] * (n // 2)) + "]}",
    "names of images": lambda n: json.dumps({"prompt": "".join(f"@Image{i}" for i in range(n // 11))}),
    "many names": lambda n: "{" + ",".join(f'"{i:x}":0' for i in range(n // 8)) + "}",
    "many long names": lambda n: "{" + ",".join(f'"{i:x}{"promt" * 40}":0' for i in range(n // 208)) + "}",
    "a long name over no numbers": lambda n: '{"' + "n" * (n // 2) + '": [' + ",".join(["NaN"] * (n // 8)) + "]}",
    "elements in elements": lambda n: json.dumps({"elements": [{"x" * (n // 4): [{}] * (n // 8)}]}),
    "brackets": lambda n: "[" * n,
    "half characters": lambda n: '{"prompt": "' + r"\ud800" * (n // 6) + '"}',
}  # fmt: skip


def refused(text: str) -> None:
    """All that is done with a sidecar before a person is told what is wrong with it."""
    _, problems = read_sidecar(text.encode())
    body = endings.rejected(a_drop(), problems, OUTBOX)
    endings.error_file(body, a_drop(), None, problems).as_file()


@pytest.mark.parametrize("case", SIDECARS)
def test_refusing_a_sidecar_takes_time_in_proportion_to_it(case: str) -> None:
    short, long = SIDECARS[case](3_600), SIDECARS[case](3_600 * TIMES)
    assert len(long) <= MAX_BYTES, "or it would not even be parsed"
    assert is_linear(refused, short, long)


ANSWERS: dict[str, Callable[[str], object]] = {
    "a status": lambda text: progress_of({"status": text, "error": text, "output": text}),
    "a row": lambda text: history_rows([{"request_id": text, "request_body": {"video_url": text, "prompt": text}}]),
}


@pytest.mark.parametrize("case", ANSWERS)
def test_reading_an_answer_takes_time_in_proportion_to_it(case: str) -> None:
    assert next(slow(ANSWERS[case]), None) is None
