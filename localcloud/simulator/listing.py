"""What the lists of the history have in common: whose rows, of which days, and which page of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from localcloud.simulator.exchange import Request, key_refusal
from localcloud.simulator.provider import Provider
from localcloud.simulator.replies import Reply, as_json, refusal

PER_PAGE = 20
MOST_PER_PAGE = 100
NOT_YOURS = "You can only view your own requests"


class QueryRefused(ValueError):
    """A query that gets a 400; the wording is a guess."""


@dataclass(frozen=True)
class Days:
    """A window of whole days, both inclusive, in UTC (a guess)."""

    first: date
    last: date

    def hold(self, moment: datetime) -> bool:
        """Say whether a moment lies inside."""
        return self.first <= moment.date() <= self.last


def list_refusal(provider: Provider, request: Request) -> Reply | None:
    """Return the 401 of a wrong key, or the 403 (a guess) of asking for somebody else's rows without a team."""
    settings, query = provider.settings, request.query
    own = {"user_id": settings.user_id, "user_email": settings.user_email}
    if refused := key_refusal(request, settings.api_key):
        return refused
    strangers = any(query.get(name, value) != value for name, value in own.items())
    return refusal(403, NOT_YOURS) if strangers else None


def today(provider: Provider) -> date:
    """Return the provider's day: moving its clock on makes old what is there."""
    return (datetime.now(UTC) + timedelta(seconds=provider.clock.advanced)).date()


def days_in(query: Mapping[str, str], names: tuple[str, str], default: Days) -> Days:
    """Return the window that a query names; raises QueryRefused."""
    try:
        first, last = (
            date.fromisoformat(query.get(name, "") or str(day))
            for name, day in zip(names, (default.first, default.last), strict=True)
        )
    except ValueError:
        raise QueryRefused(f"{names[0]} and {names[1]} must be YYYY-MM-DD") from None
    if last < first:
        raise QueryRefused(f"{names[1]} must not be before {names[0]}")
    return Days(first, last)


def paged(rows: Sequence[Any], query: Mapping[str, str]) -> Reply:
    """Return one page of rows in an envelope that is a guess; raises QueryRefused."""
    number, size = _whole_number(query, "page", 1), _whole_number(query, "per_page", PER_PAGE)
    if number < 1 or not 1 <= size <= MOST_PER_PAGE:
        raise QueryRefused(f"page must be 1 or more, per_page from 1 to {MOST_PER_PAGE}")
    shown = list(rows[(number - 1) * size : number * size])
    return as_json({"page": number, "per_page": size, "total": len(rows), "data": shown})


def _whole_number(query: Mapping[str, str], name: str, default: int) -> int:
    """Return a number of a query; raises QueryRefused."""
    try:
        return int(query.get(name, default))
    except ValueError:
        raise QueryRefused(f"{name} must be a whole number") from None
