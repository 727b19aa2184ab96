"""One generation from submission to file, and what it costs."""

from __future__ import annotations

import hashlib
import re
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import imageio_ffmpeg
import pytest
import requests
from pymediainfo import MediaInfo

from localcloud.shape import displayed_size

if TYPE_CHECKING:
    from tests.integration.simulator.conftest import Customer


def fetched(url: str, path: Path) -> Path:
    response = requests.get(url, timeout=10)
    assert response.status_code == 200
    assert response.headers["content-type"] == "video/mp4"
    path.write_bytes(response.content)
    return path


def tracks(path: Path) -> dict[str, Any]:
    media = MediaInfo.parse(str(path))
    return {"video": media.video_tracks[0], "audio": media.audio_tracks}


def middle_frame(path: Path) -> bytes:
    """A frame of 16 by 9 pixels in grey and colour, small enough to compare by eye or by sum."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-ss", "1.5", "-i", str(path), "-frames:v", "1"]
    command += ["-vf", "scale=16:9", "-pix_fmt", "rgb24", "-f", "rawvideo", "-"]
    return subprocess.run(command, capture_output=True, check=True, timeout=30).stdout


def difference(one: Path, other: Path) -> float:
    return apart(middle_frame(one), middle_frame(other))


def apart(one: bytes, other: bytes) -> float:
    pairs = list(zip(one, other, strict=True))
    return sum(abs(a - b) for a, b in pairs) / len(pairs)


def test_a_submission_is_answered_as_the_live_service_answered(customer: Customer) -> None:
    body = customer.post().json()
    request_id = body["request_id"]
    assert re.fullmatch(r"[0-9a-f]{32}", request_id)
    url = customer.simulator.url
    assert body == {
        "request_id": request_id,
        "status": "QUEUED",
        "poll_url": f"{url}/v1/requests/{request_id}",
        "status_url": f"{url}/v2/requests/{request_id}/status",
        "response_url": f"{url}/v2/requests/{request_id}",
    }


def test_a_generation_tells_its_cost_only_at_the_end(customer: Customer) -> None:
    customer.simulator.settings(queue_seconds=0.4)
    request_id = customer.submit()
    early = customer.status(request_id).json()
    assert (early["status"], early["metrics"]) == ("QUEUED", {})
    assert "output" not in customer.result(request_id)
    done = customer.wait(request_id)
    assert done["metrics"]["cost"] == 0.945
    assert done["metrics"]["remaining_credits"] == 99.055
    assert done["metrics"]["queue_time"] >= 0.4
    assert "output" not in done
    result = customer.result(request_id)
    assert result["output"] == result["video"]["url"]
    assert result["video"]["content_type"] == "video/mp4"
    assert result["video"]["file_size"].isdigit()
    assert result["error"] is None


@pytest.mark.parametrize(("mode", "size"), [("std", (1280, 720)), ("pro", (1920, 1080))])
def test_the_output_has_size_rate_and_length_as_documented(
    customer: Customer, tmp_path: Path, mode: str, size: tuple[int, int]
) -> None:
    output = fetched(customer.finished_url(mode=mode), tmp_path / "out.mp4")
    video = tracks(output)["video"]
    assert (video.width, video.height) == size
    assert float(video.frame_rate) == 24.0
    assert abs(float(video.duration) - 3000) <= 42
    assert video.format == "AVC"


def test_sound_is_kept_only_when_asked_for(customer: Customer, tmp_path: Path) -> None:
    silent = fetched(customer.finished_url(), tmp_path / "silent.mp4")
    loud = fetched(customer.finished_url(keep_audio=True), tmp_path / "loud.mp4")
    assert not tracks(silent)["audio"]
    assert len(tracks(loud)["audio"]) == 1


def test_an_edit_looks_different_for_each_prompt(customer: Customer, shelf: tuple[Path, str], tmp_path: Path) -> None:
    clip = shelf[0] / "beach.mp4"
    prompts = ("cyberpunk neon", "winter snow", "golden autumn", "pencil sketch", "underwater", "vintage film", "noir")
    edits = [fetched(customer.finished_url(prompt=prompt), tmp_path / f"{prompt}.mp4") for prompt in prompts]
    assert all(difference(clip, edit) > 12 for edit in edits)
    assert min(difference(a, b) for a in edits for b in edits if a != b) > 12


def test_an_upright_clip_stays_upright(customer: Customer, shelf: tuple[Path, str], tmp_path: Path) -> None:
    from localcloud.clips import make_clip

    make_clip(shelf[0] / "tall.mov", seconds=3, width=720, height=1280, container="mov", audio=False)
    url = customer.finished_url(
        video_url=customer.clip_url.replace("beach.mp4", "tall.mov"), mode="pro", keep_audio=True
    )
    video = tracks(fetched(url, tmp_path / "out.mp4"))["video"]
    assert (video.width, video.height) == (1080, 1920)


@pytest.mark.parametrize(
    ("told", "more", "size"),
    [(["-display_rotation", "90"], [], (720, 1280)), ([], ["-aspect", "64:27"], (1708, 720))],
    ids=["turned by a phone", "wide pixels"],
)
def test_a_clip_comes_back_as_a_player_shows_it(
    customer: Customer, shelf: tuple[Path, str], tmp_path: Path, told: list[str], more: list[str], size: tuple[int, int]
) -> None:
    clip = shelf[0] / "odd.mp4"
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", *told, "-i", str(shelf[0] / "beach.mp4")]
    subprocess.run([*command, "-c", "copy", *more, str(clip)], check=True)
    url = customer.clip_url.replace("beach.mp4", "odd.mp4")
    edit = fetched(customer.finished_url(video_url=url), tmp_path / "out.mp4")
    video = tracks(edit)["video"]
    assert (video.width, video.height, float(video.pixel_aspect_ratio), float(video.rotation)) == (*size, 1, 0)
    before, after = middle_frame(clip), middle_frame(edit)
    upside_down = b"".join(after[at : at + 3] for at in range(len(after) - 3, -3, -3))
    assert apart(before, after) < apart(before, upside_down)
    customer.simulator.settings(editing="copy")
    copied = tracks(fetched(customer.finished_url(video_url=url), tmp_path / "copy.mp4"))["video"]
    as_it_was = tracks(clip)["video"]
    assert displayed_size(copied) == displayed_size(as_it_was)


def test_equal_submissions_are_separate_generations_with_files_of_their_own(customer: Customer, tmp_path: Path) -> None:
    urls = [customer.finished_url(), customer.finished_url()]
    digests = {
        hashlib.sha256(fetched(url, tmp_path / f"{n}.mp4").read_bytes()).hexdigest() for n, url in enumerate(urls)
    }
    assert len(digests) == 2
    assert len(customer.simulator.bill()["generations"]) == 2


def test_the_bill_names_every_generation_without_its_signature(customer: Customer) -> None:
    first, second = customer.submit(mode="std"), customer.submit(mode="pro")
    for request_id in (first, second):
        customer.wait(request_id)
    bill = customer.simulator.bill()
    charges = {charge["request_id"]: charge for charge in bill["generations"]}
    assert charges[first] | {"request_id": ""} == {
        "request_id": "", "video_url": customer.clip_url, "mode": "std", "seconds": 3, "usd": 0.945,
    }  # fmt: skip
    assert charges[second]["usd"] == 1.26
    assert bill["total_usd"] == 2.205
    assert bill["credits"] == 97.795


def test_the_price_can_follow_the_parameter_instead_of_the_clip(customer: Customer) -> None:
    customer.simulator.settings(billed_by="duration")
    assert customer.wait(customer.submit(duration="10"))["metrics"]["cost"] == 3.15
    customer.simulator.settings(billed_by="clip")
    assert customer.wait(customer.submit(duration="10"))["metrics"]["cost"] == 0.945


def test_the_balance_changes_only_when_a_generation_is_done(customer: Customer) -> None:
    customer.simulator.settings(generation_seconds=1.0)
    request_id = customer.submit()
    assert customer.get("/v1/get-user-credits").json() == {"credits": 100.0, "free-credits": 0.0}
    customer.wait(request_id)
    assert customer.get("/v1/get-user-credits").json() == {"credits": 99.055, "free-credits": 0.0}
    assert customer.wait(customer.submit(prompt=""))["status"] == "FAILED"
    assert customer.get("/v1/get-user-credits").json() == {"credits": 99.055, "free-credits": 0.0}


def test_free_credits_are_spent_first(customer: Customer) -> None:
    customer.simulator.settings(free_credits=0.5)
    assert customer.wait(customer.submit())["metrics"]["remaining_credits"] == 99.555
    assert customer.get("/v1/get-user-credits").json() == {"credits": 99.555, "free-credits": 0.0}


def test_files_are_served_in_ranges(customer: Customer) -> None:
    url = customer.finished_url()
    whole = requests.get(url, timeout=10).content
    for header, expected in (("bytes=0-99", whole[:100]), ("bytes=100-", whole[100:]), ("bytes=-50", whole[-50:])):
        part = requests.get(url, headers={"range": header}, timeout=10)
        assert (part.status_code, part.content) == (206, expected)
        assert part.headers["content-range"].endswith(f"/{len(whole)}")
    assert requests.get(url, headers={"range": f"bytes={len(whole)}-"}, timeout=10).status_code == 416
    head = requests.head(url, timeout=10)
    assert (head.status_code, int(head.headers["content-length"])) == (200, len(whole))


def test_a_hundred_generations_at_once_are_all_finished_and_billed(customer: Customer) -> None:
    customer.simulator.settings(credits=1000)
    customer.finished_url()
    with ThreadPoolExecutor(32) as pool:
        request_ids = list(pool.map(lambda _: customer.submit(), range(100)))
        states = list(pool.map(lambda request_id: customer.wait(request_id, 60)["status"], request_ids))
    assert states == ["COMPLETED"] * 100
    assert len(customer.simulator.bill()["generations"]) == 101


def test_editing_can_be_spared_for_load_tests(customer: Customer, tmp_path: Path) -> None:
    customer.simulator.settings(editing="copy")
    output = fetched(customer.finished_url(mode="pro", keep_audio=True), tmp_path / "out.mp4")
    assert (tracks(output)["video"].width, len(tracks(output)["audio"])) == (1280, 1)
    assert float(tracks(output)["video"].frame_rate) == 30.0
    assert customer.simulator.bill()["total_usd"] == 1.26


def test_a_reset_forgets_everything(customer: Customer) -> None:
    request_id = customer.submit()
    customer.simulator.settings(credits=5)
    customer.simulator.inject({"stage": "submit", "kind": "bad_request"})
    customer.simulator.reset()
    assert customer.simulator.requests() == []
    assert customer.simulator.faults()["waiting"] == []
    assert customer.simulator.bill()["credits"] == 100
    assert customer.status(request_id).status_code == 404
