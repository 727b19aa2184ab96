"""Which request goes where; whatever has no place is answered 405 with an HTML page, as the real gateway does."""

from __future__ import annotations

import re
from collections.abc import Callable

from localcloud.simulator.assets import asset, upload
from localcloud.simulator.control import PREFIX, control
from localcloud.simulator.credits import balance
from localcloud.simulator.exchange import Request
from localcloud.simulator.files import download
from localcloud.simulator.history import generations, history, one_request, recent_generations
from localcloud.simulator.legacy import legacy_result
from localcloud.simulator.polling import result, status
from localcloud.simulator.provider import Provider
from localcloud.simulator.replies import Reply, page
from localcloud.simulator.submission import submit
from localcloud.simulator.sync import sync

ROUTES: list[tuple[str, str, str, Callable[..., Reply]]] = [
    ("submit", "POST", r"/v2/([^/]+)", submit),
    ("sync", "POST", r"/v1/(?!get-user-credits$)([^/]+)", sync),
    ("poll", "GET", r"/v2/requests/([^/]+)/status", status),
    ("result", "GET", r"/v2/requests/([^/]+)", result),
    ("legacy", "GET", r"/v1/requests/([^/]+)", legacy_result),
    ("credits", "GET", r"/v1/get-user-credits", balance),
    ("history", "GET", r"/inference-request/request-history", history),
    ("history", "GET", r"/inference-request/request-history/([^/]+)", one_request),
    ("history", "GET", r"/inference-request/generations", generations),
    ("history", "GET", r"/inference-request/recent-generations", recent_generations),
    ("download", "GET", r"/generations/([^/]+)", download),
    ("upload", "POST", r"/upload-asset", upload),
    ("asset", "GET", r"/assets/([^/]+)", asset),
]


def answer(provider: Provider, request: Request) -> Reply:
    """Return the answer to any request."""
    if request.path.startswith(PREFIX):
        return control(provider, request)
    provider.faults.heard_from(request.headers.get("x-simulator-caller", ""))
    asked = "GET" if request.method == "HEAD" else request.method  # the same answer, less its body
    for name, method, pattern, route in ROUTES:
        found = re.fullmatch(pattern, request.path)
        if found and method == asked:
            provider.journal.count(name)
            return route(provider, request, *found.groups())
    provider.journal.count("405")
    return page(405)
