"""The request history: rows land late, requests in flight have one too; the envelope is a guess."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

from localcloud.simulator.exchange import Request, key_refusal, replacement, spoilt
from localcloud.simulator.generations import Generation, without_query
from localcloud.simulator.polling import output_url
from localcloud.simulator.provider import Provider
from localcloud.simulator.replies import Reply, as_json, refusal

WINDOW_DAYS = 31  # the longest that may be asked for
SORT_KEYS = ("model_created", "model_name", "credits_deduction")


def history(provider: Provider, request: Request, request_id: str = "") -> Reply:
    """Answer the history, or the one row of a request, whatever its age."""
    rows_of = _one if request_id else _page
    return _answer(provider, request, rows_of, request_id)


def generations(provider: Provider, request: Request, request_id: str = "") -> Reply:
    """Answer only what produced an output."""
    return _answer(provider, request, _with_output, request_id)


def _answer(
    provider: Provider, request: Request, rows_of: Callable[[Provider, Request, str], Reply], request_id: str
) -> Reply:
    if refused := key_refusal(request, provider.settings.api_key):
        return refused
    with provider.lock:
        generation = provider.generations.get(request_id)
        url = generation.video_url if generation else ""
        fault = provider.faults.take("history", video_url=url, request_id=request_id)
        return replacement(fault) or spoilt(rows_of(provider, request, request_id), fault)


def landed(provider: Provider, generation: Generation) -> bool:
    """Say whether a generation's row is in the history yet."""
    if "never" in generation.faults:
        return False
    delay = provider.settings.history_seconds
    if late := generation.faults.get("late"):
        delay += provider.clock.in_provider_seconds(late.seconds)
    return provider.clock.now() - generation.created >= delay


def row(provider: Provider, generation: Generation) -> dict[str, Any]:
    """Return a generation's row."""
    status = generation.status if generation.done else "PENDING"
    cost = generation.cost if status == "COMPLETED" else 0.0 if status == "FAILED" else None
    return {
        "request_id": generation.request_id,
        "model_name": generation.slug,
        "model_status": status,
        "credits_deduction": None if "null_cost" in generation.faults else cost,
        "request_body": _request_body(generation),
        "generation_url": output_url(provider, generation),
        "latency_ms": round(generation.metrics()["total_time"] * 1000) if generation.done else None,
        "model_created": _moment(generation).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "error": generation.error,
    }


def _request_body(generation: Generation) -> Any:
    body = dict(generation.body)
    if "query_stripped" in generation.faults:
        body["video_url"] = without_query(body.get("video_url"))
    if "prompt_cut" in generation.faults:
        body["prompt"] = str(body.get("prompt", ""))[:20]
    return json.dumps(body) if "body_as_string" in generation.faults else body


def _moment(generation: Generation) -> datetime:
    return datetime.fromtimestamp(generation.created_at, UTC)


def _one(provider: Provider, _: Request, request_id: str) -> Reply:
    generation = provider.generations.get(request_id)
    if generation is None or not landed(provider, generation):
        return refusal(404, f"Request {request_id} not found")
    return as_json(row(provider, generation))


def _page(provider: Provider, request: Request, _: str) -> Reply:
    query = request.query
    try:
        number, size = int(query.get("page", "1")), int(query.get("per_page", "20"))
        today = datetime.now(UTC).date()
        first = date.fromisoformat(query.get("from_date", (today - timedelta(days=7)).isoformat()))
        last = date.fromisoformat(query.get("to_date", today.isoformat()))
    except ValueError:
        return refusal(400, "Invalid page, per_page or date")
    sort_by, wanted = query.get("sort_by", "model_created"), query.get("status")
    if number < 1 or not 1 <= size <= 100 or not 0 <= (last - first).days <= WINDOW_DAYS or sort_by not in SORT_KEYS:
        return refusal(400, "Invalid page, per_page, date window or sort_by")
    rows = []
    for generation in provider.generations.values():
        inside = first <= _moment(generation).date() <= last and query.get("model_name", "") in generation.slug
        if inside and landed(provider, generation):
            rows += [row(provider, generation)] * (2 if "duplicated" in generation.faults else 1)
    rows = [entry for entry in rows if wanted in (None, entry["model_status"])]
    rows.sort(key=lambda entry: entry[sort_by] or 0 if sort_by == "credits_deduction" else entry[sort_by])
    if query.get("sort_order", "desc") == "desc":
        rows.reverse()
    shown = rows[(number - 1) * size : number * size]
    return as_json({"page": number, "per_page": size, "total": len(rows), "data": shown})


def _with_output(provider: Provider, request: Request, _: str) -> Reply:
    rows = []
    for generation in provider.generations.values():
        if generation.output and request.query.get("model_name", "") in generation.slug:
            entry = row(provider, generation)
            known = landed(provider, generation)
            parameters = entry["request_body"] if known else None
            prompt = generation.body.get("prompt") if known else None
            keep = {name: entry[name] for name in ("request_id", "generation_url", "credits_deduction", "latency_ms")}
            rows.append(keep | {"status": entry["model_status"], "prompt": prompt, "parameters": parameters})
    return as_json({"page": 1, "total": len(rows), "data": rows[::-1]})
