"""The control surface /__sim, for tests and people: no key, no part of the real service."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from localcloud.simulator.exchange import Request
from localcloud.simulator.faults import FaultRefused, parse_faults
from localcloud.simulator.provider import Provider
from localcloud.simulator.replies import Reply, as_json, refusal
from localcloud.simulator.settings import SettingRefused

PREFIX = "/__sim/"


def control(provider: Provider, request: Request) -> Reply:
    """Answer a control request."""
    name = request.path.removeprefix(PREFIX)
    try:
        if request.method == "GET" and name in READERS:
            with provider.lock:
                return as_json(READERS[name](provider))
        if request.method == "POST" and name in CHANGERS:
            return as_json(CHANGERS[name](provider, json.loads(request.body or b"{}")))
    except (FaultRefused, SettingRefused, ValueError, TypeError, AttributeError) as error:
        return refusal(400, str(error))
    known = ", ".join([f"GET {name}" for name in READERS] + [f"POST {name}" for name in CHANGERS])
    return refusal(404, f"the control surface has {known}")


def _health(provider: Provider) -> dict[str, Any]:
    states = [generation.status for generation in provider.generations.values()]
    return {
        "ok": True,
        "now": round(provider.clock.now(), 3),
        "generations": {status: states.count(status) for status in sorted(set(states))},
        "exchanges": provider.journal.counts(),
    }


def _inject(provider: Provider, data: Any) -> dict[str, Any]:
    faults = parse_faults(data)
    for fault in faults:
        provider.inject(fault)
    return {"queued": len(faults)}


def _clear(provider: Provider, _: Any) -> dict[str, Any]:
    return {"cleared": provider.faults.clear()}


def _reset(provider: Provider, data: Any) -> dict[str, Any]:
    provider.start_over()
    provider.change(data)
    return {"reset": True, "settings": provider.settings.public()}


def _settings(provider: Provider, data: Any) -> dict[str, Any]:
    provider.change(data)
    return provider.settings.public()


def _advance(provider: Provider, data: Any) -> dict[str, Any]:
    provider.clock.advance(float(data["advance"]))
    return {"now": round(provider.clock.now(), 3)}


READERS: dict[str, Callable[[Provider], Any]] = {
    "health": _health,
    "bill": lambda provider: provider.account.bill(),
    "requests": lambda provider: provider.journal.posts(),
    "faults": lambda provider: provider.faults.report(),
    "settings": lambda provider: provider.settings.public(),
}
CHANGERS: dict[str, Callable[[Provider, Any], dict[str, Any]]] = {
    "faults": _inject,
    "faults/clear": _clear,
    "reset": _reset,
    "settings": _settings,
    "clock": _advance,
}
