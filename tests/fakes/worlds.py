"""Worlds in which something was dropped."""

from __future__ import annotations

from decimal import Decimal

from dropcut.model import Drop, Progress
from tests.fakes.examples import INBOX, a_drop, a_sidecar
from tests.fakes.provider import RESULT_URL, FakeResults
from tests.fakes.services import FakeServices

VIDEO = b"\x00\x00\x00\x0cftypisom" + b"\x00\x00\x00\x10moov" + b"m" * 8 + b"\x00\x00\x00\x48mdat" + b"edited! " * 8
FINISHED = Progress(status="COMPLETED", charged_usd=Decimal("1.68"), result_url=RESULT_URL)


def a_world(sidecar: bytes | None = None, clip_key: str = "trip/beach.mp4") -> tuple[FakeServices, Drop]:
    """A clip and its sidecar lie in the inbox; what the provider finishes, it finishes at once."""
    world = FakeServices(results=FakeResults(VIDEO))
    world.provider.ends_at_once = FINISHED
    sidecar_key = clip_key.rpartition(".")[0] + ".json"
    clip = world.files.put(INBOX, clip_key, b"a clip", "c1")
    text = world.files.put(INBOX, sidecar_key, sidecar or a_sidecar(), "s1")
    drop = a_drop(clip_key, sidecar_key, clip_version=clip.version, sidecar_version=text.version)
    return world, drop
