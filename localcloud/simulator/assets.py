"""POST /upload-asset: data URLs become files with public addresses, which requests can then name."""

from __future__ import annotations

import base64
import binascii
import re
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from localcloud.simulator.admission import content_type_refusal
from localcloud.simulator.bodies import document
from localcloud.simulator.exchange import Request, key_refusal, replacement, spoilt
from localcloud.simulator.provider import Provider
from localcloud.simulator.ranges import Servable, ranged
from localcloud.simulator.replies import Reply, as_json, page, refusal

# The media types that the official SDK sends, with the extension under which the file is kept.
EXTENSIONS = {
    "image/png": "png", "image/jpeg": "jpg", "image/gif": "gif", "image/bmp": "bmp", "image/webp": "webp",
    "image/svg+xml": "svg", "image/x-icon": "ico", "image/tiff": "tif", "image/apng": "apng", "image/heif": "heif",
    "image/heic": "heic", "image/x-xbitmap": "xbm", "audio/mpeg": "mp3", "audio/aiff": "aiff", "audio/x-ms-wma": "wma",
    "audio/basic": "au", "video/mp4": "mp4", "video/x-msvideo": "avi", "video/quicktime": "mov",
    "video/x-matroska": "mkv", "video/x-ms-wmv": "wmv", "video/x-flv": "flv", "video/webm": "webm", "video/mpeg": "mpg",
}  # fmt: skip
DATA_URL = re.compile(r"data:([\w.+/-]+)((?:;[\w.+=-]+)*?);base64,", re.IGNORECASE)


class UploadRefused(ValueError):
    """An upload that the storage does not take; the wording is a guess."""


@dataclass(frozen=True)
class Upload:
    """One file out of a data URL."""

    data: bytes
    media_type: str

    @property
    def name(self) -> str:
        """Return an unguessable name with the right extension."""
        return f"{secrets.token_hex(24)}.{EXTENSIONS[self.media_type]}"


def upload(provider: Provider, request: Request) -> Reply:
    """Answer an upload: all of its files are kept, or none."""
    refused = key_refusal(request, provider.settings.api_key) or content_type_refusal(request)
    if refused:
        return refused
    with provider.lock:
        fault = provider.faults.take("upload")
    if spoiling := replacement(fault):
        return spoiling
    try:
        urls = [_stored(provider, item) for item in read_uploads(document(request))]
    except UploadRefused as problem:
        return refusal(400, str(problem))
    # The documentation says `urls`, the SDK and other people's code `file_urls` with a message.
    by_setting = {"file_urls": {"file_urls": urls, "message": "Files uploaded successfully"}, "urls": {"urls": urls}}
    return spoilt(as_json(by_setting[provider.settings.upload_answer]), fault)


def asset(provider: Provider, request: Request, name: str) -> Reply:
    """Answer an uploaded file: public, and kept until the simulator forgets everything."""
    with provider.lock:
        found = provider.assets.get(name)
    return ranged(found, request.headers.get("range", "")) if found else page(404)


def read_uploads(body: Any) -> list[Upload]:
    """Return the files in a body; raises UploadRefused in words."""
    data_urls = body.get("data_urls") if isinstance(body, dict) else None
    if not isinstance(data_urls, list) or not data_urls:
        raise UploadRefused('The body must be {"data_urls": ["data:image/png;base64,..."]}')
    return [_read(number, url) for number, url in enumerate(data_urls)]


def _read(number: int, url: object) -> Upload:
    found = DATA_URL.match(url) if isinstance(url, str) else None
    if not found or not isinstance(url, str):
        raise UploadRefused(f"data_urls[{number}] is not a base64 data URL such as data:image/png;base64,...")
    media_type = found[1].lower()
    if media_type not in EXTENSIONS:
        raise UploadRefused(f"data_urls[{number}] has the unsupported type {media_type}")
    try:
        data = base64.b64decode(url[found.end() :], validate=True)
    except binascii.Error as error:
        raise UploadRefused(f"data_urls[{number}] is not valid base64: {error}") from None
    if not data:
        raise UploadRefused(f"data_urls[{number}] is empty")
    return Upload(data, media_type)


def _stored(provider: Provider, item: Upload) -> str:
    name, folder = item.name, provider.workdir / "assets"
    folder.mkdir(parents=True, exist_ok=True)
    path = Path(folder, name)
    path.write_bytes(item.data)
    with provider.lock:
        provider.assets[name] = Servable(path, item.media_type, name)
    return f"{provider.url}/assets/{name}"
