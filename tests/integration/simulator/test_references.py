"""Reference images and elements: a person sees them in the edit, and bad ones fail it in words."""

from __future__ import annotations

import base64
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import imageio_ffmpeg
import pytest
import requests

if TYPE_CHECKING:
    from tests.integration.simulator.conftest import Customer

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)
Shelf = tuple[Path, str]


def image(shelf: Shelf, name: str, colour: tuple[int, int, int] = RED, size: str = "400x400") -> str:
    """The address of an image of one colour."""
    source = f"color=0x{bytes(colour).hex()}:s={size}"
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", "-f", "lavfi", "-i", source, "-frames:v", "1"]
    subprocess.run([*command, "-update", "1", str(shelf[0] / name)], check=True, timeout=30)
    return f"{shelf[1]}/{name}"


def pixels(url: str, path: Path, *spots: tuple[int, int]) -> list[tuple[int, ...]]:
    """The colours of some spots of the first picture of a video of 1280 by 720."""
    path.write_bytes(requests.get(url, timeout=10).content)
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-i", str(path), "-frames:v", "1"]
    command += ["-pix_fmt", "rgb24", "-f", "rawvideo", "-"]
    picture = subprocess.run(command, capture_output=True, check=True, timeout=30).stdout
    starts = [3 * (y * 1280 + x) for x, y in spots]
    return [tuple(picture[start : start + 3]) for start in starts]


def near(seen: tuple[int, ...], wanted: tuple[int, int, int]) -> bool:
    return all(abs(a - b) < 60 for a, b in zip(seen, wanted, strict=True))


# The middles of the first four frames along the bottom edge, and a spot on the first one's white rim.
SPOTS = [(96 + 172 * n, 624) for n in range(4)]
RIM = (22, 624)


def test_images_and_elements_appear_in_their_order(customer: Customer, shelf: Shelf, tmp_path: Path) -> None:
    images = [image(shelf, "red.png", RED), image(shelf, "green.jpg", GREEN)]
    elements = [
        {"frontal_image_url": image(shelf, "blue.png", BLUE), "reference_image_urls": [image(shelf, "more.png")]},
        {"reference_image_urls": [image(shelf, "white.jpeg", WHITE)]},
    ]
    url = customer.finished_url(image_urls=images, elements=elements)
    rim, *seen = pixels(url, tmp_path / "out.mp4", RIM, *SPOTS)
    assert all(map(near, [rim, *seen], [WHITE, RED, GREEN, BLUE, WHITE]))


def test_other_bytes_under_the_same_address_give_another_edit(customer: Customer, shelf: Shelf, tmp_path: Path) -> None:
    before = customer.finished_url(image_urls=[image(shelf, "turning.png", RED)])
    after = customer.finished_url(image_urls=[image(shelf, "turning.png", BLUE)])
    assert near(pixels(before, tmp_path / "a.mp4", SPOTS[0])[0], RED)
    assert near(pixels(after, tmp_path / "b.mp4", SPOTS[0])[0], BLUE)


def test_an_uploaded_image_can_be_a_reference(customer: Customer, shelf: Shelf, tmp_path: Path) -> None:
    image(shelf, "upload.png", BLUE)
    data = base64.b64encode((shelf[0] / "upload.png").read_bytes()).decode()
    body = {"data_urls": [f"data:image/png;base64,{data}"]}
    answer = requests.post(f"{customer.simulator.url}/upload-asset", json=body, headers=customer.headers, timeout=10)
    url = customer.finished_url(image_urls=answer.json()["file_urls"])
    assert near(pixels(url, tmp_path / "out.mp4", SPOTS[0])[0], BLUE)


def test_references_fit_into_the_width_of_an_upright_clip(customer: Customer, shelf: Shelf) -> None:
    from localcloud.clips import make_clip

    make_clip(shelf[0] / "upright.mp4", seconds=3, width=720, height=1280)
    wide = [image(shelf, "wide.png", size="750x300")] * 3 + [image(shelf, "high.png", size="301x751")]
    assert customer.finished_url(video_url=f"{shelf[1]}/upright.mp4", mode="pro", image_urls=wide)


def failure(customer: Customer, **changes: Any) -> str:
    done = customer.wait(customer.submit(**changes))
    assert done["status"] == "FAILED"
    return str(done["error"])


@pytest.mark.parametrize(
    ("name", "size", "told"),
    [
        ("small.png", "299x400", "image_urls[0] width and height must be at least 300px, got 299x400."),
        ("long.jpg", "301x900", "image_urls[0] aspect ratio must be between 1:2.5 and 2.5:1, got 301x900."),
        ("moving.gif", "400x400", "Unsupported image format: image_urls[0] must be a .jpg, .jpeg or .png image."),
    ],
)
def test_an_image_beyond_the_model_s_limits_fails_in_words(
    customer: Customer, shelf: Shelf, name: str, size: str, told: str
) -> None:
    assert failure(customer, image_urls=[image(shelf, name, size=size)]).endswith(told)
    assert customer.simulator.bill()["total_usd"] == 0


def test_an_image_that_cannot_be_used_fails_in_words(customer: Customer, shelf: Shelf) -> None:
    good = image(shelf, "good.png")
    assert failure(customer, image_urls=[good, f"{shelf[1]}/gone.png?sig=topsecret"]) == (
        f"Reference media rejected: could not download {shelf[1]}/gone.png (HTTP 404)."
    )
    (shelf[0] / "text.png").write_text("not an image")
    element = {"frontal_image_url": good, "reference_image_urls": [good, f"{shelf[1]}/text.png"]}
    assert "Unsupported image format: elements[0]" in failure(customer, elements=[element])
    customer.simulator.settings(max_image_bytes=0)
    assert failure(customer, image_urls=[good]) == "Validation error: image file size must be at most 0MB."


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"image_urls": "http://a/1.png"}, "image_urls must be a list"),
        ({"image_urls": [7]}, "URL must be a valid HTTP or HTTPS URL"),
        ({"image_urls": ["data:image/png;base64,AAAA"]}, "URL must be a valid HTTP or HTTPS URL"),
        ({"image_urls": ["http://"]}, "could not fetch"),
        ({"elements": ["http://a/1.png"]}, "elements[0] must be an object"),
        ({"elements": [{}]}, "elements[0] requires an image"),
        ({"elements": [{"reference_image_urls": ["http://a/1.png"] * 4}]}, "at most 3 reference_image_urls"),
        ({"elements": [{"reference_image_urls": "http://a/1.png"}]}, "reference_image_urls must be a list"),
    ],
)
def test_references_of_the_wrong_shape_fail_in_words(customer: Customer, changes: dict[str, Any], told: str) -> None:
    assert told in failure(customer, **changes)
