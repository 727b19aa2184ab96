"""A generation's row in the history: it lands late, and its field names are documented, their types guessed."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from localcloud.simulator.exchange import moment
from localcloud.simulator.generations import Generation, without_query
from localcloud.simulator.polling import output_url
from localcloud.simulator.provider import Provider


def landed(provider: Provider, generation: Generation) -> bool:
    """Say whether a generation's row is in the history yet."""
    if "never" in generation.faults:
        return False
    delay = provider.settings.history_seconds
    if late := generation.faults.get("late"):
        delay += provider.clock.in_provider_seconds(late.seconds)
    return provider.clock.now() - generation.created >= delay


def row(provider: Provider, generation: Generation) -> dict[str, Any]:
    """Return a generation's row; what a failure's cost and a running one's fields hold is a guess."""
    status = generation.status if generation.done else "PENDING"
    cost = generation.cost if status == "COMPLETED" else generation.cost or 0.0 if status == "FAILED" else None
    return {
        "request_id": generation.request_id,
        "model_name": generation.slug,
        "model_status": status,
        "credits_deduction": None if "null_cost" in generation.faults else cost,
        "request_body": _request_body(generation),
        "generation_url": output_url(provider, generation),
        "latency_ms": round(generation.metrics()["total_time"] * 1000) if generation.done else None,
        "model_created": moment(generation.created_at),
        "error": generation.error,
    }


def output_row(provider: Provider, generation: Generation) -> dict[str, Any]:
    """Return a row of the lists of outputs, without what only the request's record knows, if that has not landed."""
    known, whole = landed(provider, generation), row(provider, generation)
    told = {
        "status": whole["model_status"],
        "credits_deduction": whole["credits_deduction"],
        "latency_ms": whole["latency_ms"],
        "prompt": generation.body.get("prompt"),
        "parameters": whole["request_body"],
    }
    return {
        "request_id": generation.request_id,
        "generation_url": whole["generation_url"],
        **(told if known else dict.fromkeys(told)),
        "user_id": provider.settings.user_id,
        "user_email": provider.settings.user_email,
    }


def born(generation: Generation) -> datetime:
    """Return when a generation was submitted."""
    return datetime.fromtimestamp(generation.created_at, UTC)


def _request_body(generation: Generation) -> Any:
    body = dict(generation.body)
    if "query_stripped" in generation.faults:
        body["video_url"] = without_query(body.get("video_url"))
    if "prompt_cut" in generation.faults:
        body["prompt"] = str(body.get("prompt", ""))[:20]
    return json.dumps(body) if "body_as_string" in generation.faults else body
