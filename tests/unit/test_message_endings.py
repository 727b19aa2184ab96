"""Messages quote other people's sentences, and end them once."""

from __future__ import annotations

from dropcut.messages import failed, rejected
from dropcut.model import Drop, State
from dropcut.notices import email_text
from dropcut.sidecar import Problem

DROP = Drop(
    drop_id="d" * 64,
    bucket="inbox",
    clip_key="trip/beach.mp4",
    clip_version="1",
    sidecar_key="trip/beach.json",
    sidecar_version="2",
)


def test_a_reason_that_is_a_sentence_gets_no_second_full_stop() -> None:
    said = [failed(DROP, None, State.FAILED, text, "outbox").summary for text in ("It broke.", "it broke")]
    assert [text.endswith((" paid: It broke.", " paid: it broke.")) for text in said] == [True, True]


def test_a_fix_ends_with_one_full_stop() -> None:
    problem = Problem("/mod", '"mod"', "is not a known field", 'if you mean "mode", write that')
    assert 'To mend it: if you mean "mode", write that.\n' in email_text(rejected(DROP, [problem], "outbox"))
