"""GET /generations/{file}.mp4: the finished files, public, with ranges, deleted after seven days."""

from __future__ import annotations

import gzip
from collections.abc import Callable
from dataclasses import replace

from localcloud.simulator.exchange import Request, on_another_host, replacement, spoilt
from localcloud.simulator.faults import Fault
from localcloud.simulator.generations import Generation
from localcloud.simulator.provider import Provider
from localcloud.simulator.ranges import ranged
from localcloud.simulator.replies import Reply, page

DRIP_PIECES = 20


def download(provider: Provider, request: Request, name: str) -> Reply:
    """Answer an output file."""
    with provider.lock:
        generation = _owner(provider, name)
        output = generation.output if generation else None
        if generation is None or output is None:
            return page(404)
        if provider.clock.now() - output.made >= provider.settings.file_seconds:
            return page(404, note="deleted after its seven days")
        fault = provider.faults.take("download", video_url=generation.video_url, request_id=generation.request_id)
    if fault is not None and fault.kind in ("not_found", "forbidden"):
        return page(404 if fault.kind == "not_found" else 403, note=fault.kind)
    asked_for = "" if fault is not None and fault.kind == "no_range" else request.headers.get("range", "")
    return replacement(fault) or _spoilt(ranged(output.file, asked_for), fault, provider, name)


def _owner(provider: Provider, name: str) -> Generation | None:
    for generation in provider.generations.values():
        if generation.output and generation.output.file.name == name:
            return generation
    return None


def _spoilt(reply: Reply, fault: Fault | None, provider: Provider, name: str) -> Reply:
    if fault is None:
        return reply
    kind, length = fault.kind, len(reply.body)
    location = fault.location or on_another_host(f"{provider.url}/generations/{name}")
    noise = bytes(range(256)) * (length // 256 + 1) if kind == "corrupt" else b""
    of_one = {**reply.headers, "content-length": str(length)}
    versions: dict[str, Callable[[], Reply]] = {
        "cut_short": lambda: replace(reply, cut_at=length // 2),
        "cut_short_undeclared": lambda: replace(reply, cut_at=length // 2, declare_length=False),
        "slow_drip": lambda: replace(reply, drip=fault.seconds / DRIP_PIECES),
        "redirect": lambda: Reply(302, b"", "text/html", {"location": location}),
        "empty": lambda: replace(reply, body=b""),
        "corrupt": lambda: replace(reply, body=noise[:length]),
        "html": lambda: page(200),
        "overlong": lambda: replace(reply, body=_whole(reply) * 10, headers=of_one),
        "repeated": lambda: replace(reply, body=_whole(reply) * 10, declare_length=False),
        "mistyped": lambda: replace(reply, content_type="text/html"),
        "gzip": lambda: replace(
            reply, body=gzip.compress(_whole(reply)), headers={**reply.headers, "content-encoding": "gzip"}
        ),
    }
    return replace(versions[kind](), note=kind) if kind in versions else spoilt(reply, fault)


def _whole(reply: Reply) -> bytes:
    return reply.body if isinstance(reply.body, bytes) else b"".join(reply.body.pieces())
