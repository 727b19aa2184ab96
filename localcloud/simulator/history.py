"""The request history, in which requests in flight have a row too, and the lists of what has an output."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

from localcloud.simulator.exchange import Request, replacement, spoilt
from localcloud.simulator.listing import PER_PAGE, Days, QueryRefused, days_in, list_refusal, paged, today
from localcloud.simulator.provider import Provider
from localcloud.simulator.replies import Reply, as_json, refusal
from localcloud.simulator.rows import born, landed, output_row, row

DEFAULT_DAYS = 7
WINDOW_DAYS = 31  # the longest that may be asked for
SORT_KEYS = ("model_created", "model_name", "credits_deduction")
STATES = ("COMPLETED", "FAILED", "PENDING")


def history(provider: Provider, request: Request) -> Reply:
    """Answer a page of the history."""
    return _answer(provider, request, _page)


def one_request(provider: Provider, request: Request, request_id: str) -> Reply:
    """Answer the one row of a request, whatever its age."""
    return _answer(provider, request, _one, request_id)


def generations(provider: Provider, request: Request) -> Reply:
    """Answer a page of what produced an output."""
    return _answer(provider, request, _outputs)


def recent_generations(provider: Provider, request: Request) -> Reply:
    """Answer the newest outputs of a model; how many these are is a guess."""
    return _answer(provider, request, _recent)


def _answer(
    provider: Provider, request: Request, read: Callable[[Provider, Request, str], Reply], request_id: str = ""
) -> Reply:
    if refused := list_refusal(provider, request):
        return refused
    with provider.lock:
        generation = provider.generations.get(request_id)
        url = generation.video_url if generation else ""
        fault = provider.faults.take("history", video_url=url, request_id=request_id)
        try:
            return replacement(fault) or spoilt(read(provider, request, request_id), fault)
        except QueryRefused as problem:
            return refusal(400, str(problem))


def _one(provider: Provider, _: Request, request_id: str) -> Reply:
    generation = provider.generations.get(request_id)
    if generation is None or not landed(provider, generation):
        return refusal(404, f"Request {request_id} not found")
    return as_json(row(provider, generation))


def _page(provider: Provider, request: Request, _: str) -> Reply:
    query, now = request.query, today(provider)
    days = days_in(query, ("from_date", "to_date"), Days(now - timedelta(days=DEFAULT_DAYS), now))
    if (days.last - days.first).days > WINDOW_DAYS:
        raise QueryRefused(f"the window may span at most {WINDOW_DAYS} days")
    sort_by, wanted = query.get("sort_by", "model_created"), query.get("status")
    if sort_by not in SORT_KEYS or wanted not in (None, *STATES):
        raise QueryRefused(f"sort_by is one of {', '.join(SORT_KEYS)}; status one of {', '.join(STATES)}")
    rows = []
    for generation in provider.generations.values():
        inside = days.hold(born(generation)) and query.get("model_name", "") in generation.slug
        if inside and landed(provider, generation):
            rows += [row(provider, generation)] * (2 if "duplicated" in generation.faults else 1)
    rows = [entry for entry in rows if wanted in (None, entry["model_status"])]
    rows.sort(key=lambda entry: entry[sort_by] or 0 if sort_by == "credits_deduction" else entry[sort_by])
    return paged(rows if query.get("sort_order") == "asc" else rows[::-1], query)


def _outputs(provider: Provider, request: Request, _: str) -> Reply:
    query = request.query
    days = days_in(query, ("start_date", "end_date"), Days(date.min, date.max))  # no default is documented
    rows = [
        output_row(provider, generation)
        for generation in provider.generations.values()
        if generation.output and query.get("model_name", "") in generation.slug and days.hold(born(generation))
    ]
    return paged(rows[::-1], query)


def _recent(provider: Provider, request: Request, _: str) -> Reply:
    name = request.query.get("model_name")
    if not name:
        raise QueryRefused("model_name is required")  # as the SDK says
    rows = [
        output_row(provider, generation)
        for generation in provider.generations.values()
        if generation.output and generation.slug == name
    ]
    return as_json({"data": rows[::-1][:PER_PAGE]})
