"""The official `segmind` SDK against the simulator, unmodified and with its own hosts: uploads, and v1's long call."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest
from segmind import SegmindClient

from dropcut.domain.pricing import MODEL
from localcloud.clips import make_clip
from localcloud.simulator import Simulator
from tests.contract.customers import OFTEN, is_video
from tests.contract.segmind_hosts import STORAGE, SegmindHosts


def test_an_uploaded_clip_can_be_edited(
    sdk: SegmindClient, hosts: SegmindHosts, request_body: dict[str, Any], tmp_path: Path
) -> None:
    clip = make_clip(tmp_path / "beach.mp4", seconds=3)
    stored = sdk.files.upload(clip)
    assert stored["message"]
    (address,) = stored["file_urls"]
    assert httpx.get(address).content == clip.read_bytes()
    assert f"POST {STORAGE}/upload-asset" in hosts.asked
    done = sdk.submit_async(MODEL, **{**request_body, "video_url": address}).wait(**OFTEN)
    assert is_video(httpx.get(done["output"]).content)


def test_several_uploaded_files_come_back_in_their_order(sdk: SegmindClient, tmp_path: Path) -> None:
    clips = [make_clip(tmp_path / f"{seed}.mp4", seconds=3, seed=seed) for seed in (0, 1)]
    addresses = sdk.files.upload([str(clip) for clip in clips])["file_urls"]
    assert [httpx.get(address).content for address in addresses] == [clip.read_bytes() for clip in clips]


@pytest.mark.parametrize("kind", ["bytes", "json"])
def test_run_sync_blocks_until_the_video_is_there(
    sdk: SegmindClient, simulator: Simulator, request_body: dict[str, Any], kind: str
) -> None:
    simulator.settings(sync_answer=kind)
    response = sdk.run_sync(MODEL, **request_body)
    assert (response.headers["x-cost"], float(response.headers["x-remaining-credits"])) == ("0.945", 99.055)
    (sold,) = simulator.bill()["generations"]
    assert response.headers["x-request-id"] == sold["request_id"]
    if kind == "json":
        assert is_video(httpx.get(response.json()["output"]).content)
    else:
        assert response.headers["content-type"] == "video/mp4"
        assert is_video(response.content)
