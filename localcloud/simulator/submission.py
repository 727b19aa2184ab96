"""POST /v2/{slug}: the checks in the provider's order, then a generation that will be billed."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from localcloud.simulator.exchange import Request, key_refusal, rate_refusal, replacement, spoilt
from localcloud.simulator.faults import Fault
from localcloud.simulator.generations import Generation, without_query
from localcloud.simulator.parameters import enum_problem
from localcloud.simulator.provider import Provider
from localcloud.simulator.rates import asked_seconds, mode_of, price
from localcloud.simulator.replies import BAD_CONTENT_TYPE, Reply, as_json, no_credits, page, refusal
from localcloud.simulator.settings import SLUG

RATE_WINDOW = 60.0  # provider seconds


def submit(provider: Provider, request: Request, slug: str) -> Reply:
    """Answer a submission; it is written into the journal whatever becomes of it."""
    body = _parsed(request.body)
    fields: dict[str, Any] = body if isinstance(body, dict) else {}
    shown, prompt = without_query(fields.get("video_url")), str(fields.get("prompt", ""))
    entry = provider.journal.post(request.path, dict(request.headers), shown, prompt)
    with provider.lock:
        reply = next(_refusals(provider, request, slug, body), None)
        fault = None
        if reply is None:
            fault = provider.faults.take("submit", video_url=str(fields.get("video_url", "")))
            reply = _fault_refusal(provider, fault)
        if reply is None:
            generation = provider.accept(slug, fields)
            entry.update(accepted=True, request_id=generation.request_id)
            reply = _fault_answer(receipt(provider.url, generation), fault)
    lost = reply.drop or reply.reset
    entry.update(status=None if lost else reply.status, fault=fault.kind if fault else None)
    return reply


def receipt(url: str, generation: Generation) -> Reply:
    """Return the answer to an accepted submission, as captured from the live service."""
    request_id = generation.request_id
    return as_json(
        {
            "request_id": request_id,
            "status": "QUEUED",
            "poll_url": f"{url}/v1/requests/{request_id}",
            "status_url": f"{url}/v2/requests/{request_id}/status",
            "response_url": f"{url}/v2/requests/{request_id}",
        }
    )


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _refusals(provider: Provider, request: Request, slug: str, body: Any) -> Iterator[Reply]:
    """Yield the refusals in the order in which the provider checks; texts not captured from it are guesses."""
    settings = provider.settings
    if refused := key_refusal(request, settings.api_key):
        yield refused
    if (
        request.headers.get_content_type() not in ("application/json", "multipart/form-data")
        or "content-type" not in request.headers
    ):
        yield refusal(406, BAD_CONTENT_TYPE)
    if not isinstance(body, dict):
        yield refusal(400, "Invalid JSON body")
        return
    if slug in settings.retired_slugs.split(","):
        yield refusal(410, f"Model {slug} has been retired")
    if slug != SLUG:
        yield refusal(404, f"Model {slug} not found")
    if limited := _over_the_rate(provider):
        yield limited
    if not provider.account.affords(price(mode_of(body), asked_seconds(body))):
        yield refusal(settings.no_credits_status, no_credits(provider.account.balance))
    if settings.enum_check == "submit" and (problem := enum_problem(body)):
        yield refusal(406, problem)


def _over_the_rate(provider: Provider) -> Reply | None:
    limit, now = provider.settings.requests_per_minute, provider.clock.now()
    if limit <= 0:
        return None
    provider.submitted_at = [moment for moment in provider.submitted_at if moment > now - RATE_WINDOW]
    if len(provider.submitted_at) < limit:
        provider.submitted_at.append(now)
        return None
    left = provider.submitted_at[0] + RATE_WINDOW - now
    return rate_refusal(time.time() + provider.clock.in_real_seconds(left))


def _fault_refusal(provider: Provider, fault: Fault | None) -> Reply | None:
    """Return the answer of a fault that accepts nothing."""
    if fault is not None and fault.kind == "bad_request":
        return refusal(400, "Bad request", note=fault.kind)
    if fault is not None and fault.kind == "no_credits":
        status = fault.status or provider.settings.no_credits_status
        return refusal(status, no_credits(0.0), note=fault.kind)
    return replacement(fault)


def _fault_answer(reply: Reply, fault: Fault | None) -> Reply:
    """Return what the client hears of an accepted submission."""
    if fault is None:
        return reply
    if fault.kind == "answer_lost":
        return replace(reply, drop=True, note=fault.kind)
    if fault.kind in ("bad_gateway_accepted", "gateway_timeout_accepted"):
        return page(502 if fault.kind == "bad_gateway_accepted" else 504, note=fault.kind)
    if fault.kind == "no_request_id":
        return as_json({"status": "QUEUED"}, note=fault.kind)
    return spoilt(reply, fault)
