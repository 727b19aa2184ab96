"""GET /v1/requests/{id}: the oldest way to fetch a finished video."""

from __future__ import annotations

from localcloud.simulator.exchange import Request, replacement, spoilt
from localcloud.simulator.polling import poll_refusal
from localcloud.simulator.provider import Provider
from localcloud.simulator.ranges import ranged
from localcloud.simulator.replies import Reply, refusal


def legacy_result(provider: Provider, request: Request, request_id: str) -> Reply:
    """Answer the video's bytes (a guess: nobody has shown them), or a 404 as captured until it is finished."""
    missing = refusal(404, f"Output for this request ID {request_id} Not Found")
    with provider.lock:
        if refused := poll_refusal(provider, request):
            return refused
        generation = provider.generations.get(request_id)
        url = generation.video_url if generation else ""
        fault = provider.faults.take("legacy", video_url=url, request_id=request_id)
        if fault is not None and fault.kind == "not_found":
            return missing
        if spoiling := replacement(fault):
            return spoiling
        if generation is None or generation.output is None or provider.forgotten(generation):
            return missing
        return spoilt(ranged(generation.output.file), fault)
