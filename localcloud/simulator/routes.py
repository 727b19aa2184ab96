"""Which request goes where; whatever has no place is answered 405 with an HTML page, as the real gateway does."""

from __future__ import annotations

import re
from collections.abc import Callable

from localcloud.simulator.control import PREFIX, control
from localcloud.simulator.exchange import Request, key_refusal
from localcloud.simulator.files import download
from localcloud.simulator.history import generations, history
from localcloud.simulator.polling import result, status
from localcloud.simulator.provider import Provider
from localcloud.simulator.replies import Reply, as_json, page
from localcloud.simulator.submission import submit


def balance(provider: Provider, request: Request) -> Reply:
    """Answer the balance; note the hyphen of the second key."""
    if refused := key_refusal(request, provider.settings.api_key):
        return refused
    with provider.lock:
        return as_json({"credits": provider.account.credits, "free-credits": provider.account.free_credits})


ROUTES: list[tuple[str, str, str, Callable[..., Reply]]] = [
    ("submit", "POST", r"/v2/([^/]+)", submit),
    ("poll", "GET", r"/v2/requests/([^/]+)/status", status),
    ("result", "GET", r"/v2/requests/([^/]+)", result),
    ("credits", "GET", r"/v1/get-user-credits", balance),
    ("history", "GET", r"/inference-request/request-history", history),
    ("history", "GET", r"/inference-request/request-history/([^/]+)", history),
    ("history", "GET", r"/inference-request/generations", generations),
    ("history", "GET", r"/inference-request/recent-generations", generations),
    ("download", "GET", r"/generations/([^/]+)", download),
    ("download", "HEAD", r"/generations/([^/]+)", download),
]


def answer(provider: Provider, request: Request) -> Reply:
    """Return the answer to any request."""
    if request.path.startswith(PREFIX):
        return control(provider, request)
    provider.faults.heard_from(request.headers.get("x-simulator-caller", ""))
    for name, method, pattern, route in ROUTES:
        found = re.fullmatch(pattern, request.path)
        if found and method == request.method:
            provider.journal.count(name)
            return route(provider, request, *found.groups())
    provider.journal.count("405")
    return page(405)
