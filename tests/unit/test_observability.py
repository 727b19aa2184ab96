"""Whatever is logged passes through redaction first."""

from __future__ import annotations

import io
import json

import pytest

from dropcut.observability import logger


def test_a_log_line_never_holds_a_key_or_a_signed_address(monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.StringIO()
    monkeypatch.setattr(logger.registered_handler, "stream", written)
    address = "https://b.s3.amazonaws.com/clip.mp4?X-Amz-Signature=topsecret"
    logger.info("sent %s", address, extra={"headers": {"x-api-key": "topsecret"}, "key": "SG_0123456789abcdef"})
    try:
        raise ValueError(json.dumps({"x-api-key": "topsecret", "video_url": address}))
    except ValueError:
        logger.exception("failed")
    logged = written.getvalue()
    assert "clip.mp4" in logged
    assert "topsecret" not in logged
    assert "SG_0123" not in logged
    assert all(json.loads(line) for line in logged.splitlines()), "each line is JSON still"
