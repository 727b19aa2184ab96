"""What both ways to ask for a generation share: the checks in the provider's order, then the fault that waits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from localcloud.simulator.bodies import document
from localcloud.simulator.exchange import Request, key_refusal, replacement
from localcloud.simulator.faults import Fault
from localcloud.simulator.generations import Generation, without_query
from localcloud.simulator.parameters import enum_problem
from localcloud.simulator.provider import Provider
from localcloud.simulator.rates import estimate
from localcloud.simulator.replies import BAD_CONTENT_TYPE, Reply, no_credits, refusal
from localcloud.simulator.settings import SLUG


@dataclass
class Admission:
    """How a request for a generation went: either ``refused`` or ``generation`` is there."""

    entry: dict[str, Any]  # in the journal
    refused: Reply | None = None
    generation: Generation | None = None
    fault: Fault | None = None

    def told(self, reply: Reply) -> Reply:
        """Write down what the client hears, if it hears anything."""
        unheard = reply.drop or reply.reset
        self.entry.update(status=None if unheard else reply.status, fault=self.fault.kind if self.fault else None)
        return reply


def admit(provider: Provider, request: Request, slug: str, stage: str) -> Admission:
    """Refuse a request or begin its generation; it is written into the journal whatever becomes of it."""
    body = document(request)
    fields: dict[str, Any] = body if isinstance(body, dict) else {}
    shown, prompt = without_query(fields.get("video_url")), str(fields.get("prompt", ""))
    admission = Admission(provider.journal.post(request.path, dict(request.headers), shown, prompt))
    with provider.lock:
        admission.refused = next(_refusals(provider, request, slug, body, stage), None)
        if admission.refused is None:
            admission.fault = provider.faults.take(stage, video_url=str(fields.get("video_url", "")))
            admission.refused = _fault_refusal(provider, admission.fault)
        if admission.refused is None:
            admission.generation = provider.accept(slug, fields)
            admission.entry.update(accepted=True, request_id=admission.generation.request_id)
    return admission


def content_type_refusal(request: Request) -> Reply | None:
    """Return the 406 (documented) that a missing or another content type gets."""
    known = request.headers.get_content_type() in ("application/json", "multipart/form-data")
    return None if known and "content-type" in request.headers else refusal(406, BAD_CONTENT_TYPE)


def _refusals(provider: Provider, request: Request, slug: str, body: Any, stage: str) -> Iterator[Reply]:
    """Yield the refusals in the provider's order; the texts of 400, 410 and an unknown model are guesses."""
    settings = provider.settings
    if refused := key_refusal(request, settings.api_key) or content_type_refusal(request):
        yield refused
    if not isinstance(body, dict):
        yield refusal(400, "Invalid JSON body")
        return
    if slug in settings.retired_slugs.split(","):
        yield refusal(410, f"Model {slug} has been retired")
    if slug != SLUG:
        yield refusal(404, f"Model {slug} not found")
    if limited := provider.limiter.refusal(settings.requests_per_minute, provider.clock):
        yield limited
    needed = estimate(settings, body)
    if not provider.account.affords(needed):
        # 402 was seen on v2 and 406 on v1, where the documentation says that the text names the need as well.
        status = 406 if stage == "sync" else settings.no_credits_status
        yield refusal(status, no_credits(provider.account.balance, needed if status == 406 else None))
    if settings.enum_check == "submit" and (problem := enum_problem(body)):
        yield refusal(406, problem)


def _fault_refusal(provider: Provider, fault: Fault | None) -> Reply | None:
    """Return the answer of a fault that accepts nothing."""
    if fault is not None and fault.kind == "bad_request":
        return refusal(400, "Bad request", note=fault.kind)
    if fault is not None and fault.kind == "no_credits":
        return refusal(fault.status or provider.settings.no_credits_status, no_credits(0.0), note=fault.kind)
    return replacement(fault)
