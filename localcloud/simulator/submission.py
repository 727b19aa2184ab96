"""POST /v2/{slug}: a receipt at once, and a generation that will be billed."""

from __future__ import annotations

from dataclasses import replace

from localcloud.simulator.admission import admit
from localcloud.simulator.exchange import Request, spoilt
from localcloud.simulator.faults import Fault
from localcloud.simulator.generations import Generation
from localcloud.simulator.provider import Provider
from localcloud.simulator.replies import Reply, as_json, page


def submit(provider: Provider, request: Request, slug: str) -> Reply:
    """Answer a submission."""
    admission = admit(provider, request, slug, "submit")
    reply = admission.refused
    if admission.generation is not None:
        reply = _fault_answer(receipt(provider.url, admission.generation), admission.fault)
    return admission.told(reply or page(500))


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
