"""GET /v2/requests/{id}[/status]: how far a generation is, and its result."""

from __future__ import annotations

from typing import Any

from localcloud.simulator.exchange import Request, key_refusal, on_another_host, replacement, spoilt
from localcloud.simulator.faults import Fault
from localcloud.simulator.generations import Generation
from localcloud.simulator.provider import Provider
from localcloud.simulator.replies import Reply, as_json, not_found


def status(provider: Provider, request: Request, request_id: str) -> Reply:
    """Answer the lightweight status, without the output."""
    return _answer(provider, request, request_id, "poll")


def result(provider: Provider, request: Request, request_id: str) -> Reply:
    """Answer the whole result; before the end it is the status (inferred)."""
    return _answer(provider, request, request_id, "result")


def poll_refusal(provider: Provider, request: Request) -> Reply | None:
    """Return the 401 of a wrong key, or the 429, if polls count towards the limit; whether they do is unknown."""
    settings = provider.settings
    refused = key_refusal(request, settings.api_key)
    if refused or not settings.polls_count:
        return refused
    return provider.limiter.refusal(settings.requests_per_minute, provider.clock)


def output_url(provider: Provider, generation: Generation) -> str | None:
    """Return the public address of a finished generation's file."""
    return f"{provider.url}/generations/{generation.output.file.name}" if generation.output else None


def _answer(provider: Provider, request: Request, request_id: str, stage: str) -> Reply:
    with provider.lock:
        if refused := poll_refusal(provider, request):
            return refused
        generation = provider.generations.get(request_id)
        if generation is None:
            return not_found(request_id)
        provider.bind_faults(generation, "poll")
        fault = provider.faults.take(stage, video_url=generation.video_url, request_id=request_id)
        if fault is not None and fault.kind == "not_found":
            return not_found(request_id)
        if spoiling := replacement(fault):
            return spoiling
        if provider.forgotten(generation):
            return not_found(request_id)
        return spoilt(_state(provider, generation, stage, fault), fault)


def _state(provider: Provider, generation: Generation, stage: str, fault: Fault | None) -> Reply:
    kind = fault.kind if fault else ""
    if kind == "json_list":
        return as_json([], note=kind)
    if generation.status == "FAILED":
        body = {"status": "FAILED", "error": generation.error, "metrics": generation.metrics()}
        return as_json(body, 200 if "failed_as_200" in generation.faults else 422)
    body = {
        "status": fault.text or "REVIEWING" if fault and kind == "unknown_status" else generation.status,
        "request_id": generation.request_id,
    }
    if generation.status != "COMPLETED":
        body |= {"status_url": f"{provider.url}/v2/requests/{generation.request_id}/status"}
        body |= {"response_url": f"{provider.url}/v2/requests/{generation.request_id}"}
    elif stage == "result":
        body |= {"error": None} | outputs(provider, generation, fault)
    return as_json(body | {"metrics": generation.metrics()}, note=kind)


def outputs(provider: Provider, generation: Generation, fault: Fault | None = None) -> dict[str, Any]:
    """Return the fields that carry the result; the exact body for this model is unknown, this is pieced together."""
    url, output = output_url(provider, generation) or "", generation.output
    kind = fault.kind if fault else ""
    if fault and kind == "elsewhere":
        url = fault.location or on_another_host(url)
    if kind == "no_url" or output is None:
        return {}
    if kind == "output_list":
        return {"output": [url]}
    if kind == "output_object":
        return {"output": {"url": url, "content_type": "video/mp4"}}
    video = {"url": url, "content_type": "video/mp4", "file_name": "output.mp4", "file_size": str(output.file.size)}
    return {"output": url, "video": video, "prompt": generation.body.get("prompt"), "timings": {}}
