"""POST /v1/{slug}: the old way, which blocks until the video is there, or until the gateway gives up waiting."""

from __future__ import annotations

from localcloud.simulator.admission import admit
from localcloud.simulator.exchange import Request, moment, spoilt
from localcloud.simulator.generations import Generation
from localcloud.simulator.polling import outputs
from localcloud.simulator.provider import Provider
from localcloud.simulator.ranges import ranged
from localcloud.simulator.replies import Reply, as_json, page, refusal


def sync(provider: Provider, request: Request, slug: str) -> Reply:
    """Answer with the finished generation; giving up neither stops it nor makes it free."""
    admission = admit(provider, request, slug, "sync")
    generation = admission.generation
    if generation is None:
        return admission.told(admission.refused or page(500))
    provider.clock.wait_until(generation.created + provider.settings.sync_seconds, generation.over)
    with provider.lock:
        return admission.told(spoilt(_answer(provider, generation), admission.fault))


def finished(provider: Provider, generation: Generation) -> Reply:
    """Return a finished video as v1 does: documented both as bytes and as JSON, whose shape is a guess."""
    if generation.output is None:
        return page(404)
    if provider.settings.sync_answer == "json":
        return as_json(outputs(provider, generation))
    return ranged(generation.output.file)


def _answer(provider: Provider, generation: Generation) -> Reply:
    if generation.status == "FAILED":  # "anything else fails during generation, which surfaces as 500"
        return refusal(500, generation.error or "")
    if generation.status != "COMPLETED":
        return page(504)
    reply = finished(provider, generation)
    reply.headers.update(_headers(provider, generation))
    return reply


def _headers(provider: Provider, generation: Generation) -> dict[str, str]:
    """Return v1's headers: the names are documented, the formats are guesses."""
    return {
        "x-request-id": generation.request_id,
        "x-cost": f"{generation.cost:g}",
        "x-remaining-credits": f"{generation.remaining:g}",
        "x-generation-time": str(generation.metrics()["inference_time"]),
        "x-seed-value": str(int(generation.request_id[:8], 16)),  # this model has no seed
        "x-rate-limit-reset-at-utc": moment(provider.limiter.reset_at(provider.clock)),
    }
