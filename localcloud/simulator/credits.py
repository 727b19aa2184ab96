"""GET /v1/get-user-credits: the balance."""

from __future__ import annotations

from localcloud.simulator.exchange import Request, key_refusal, replacement, spoilt
from localcloud.simulator.provider import Provider
from localcloud.simulator.replies import Reply, as_json


def balance(provider: Provider, request: Request) -> Reply:
    """Answer the balance; note the hyphen of the second key, which is documented."""
    if refused := key_refusal(request, provider.settings.api_key):
        return refused
    with provider.lock:
        account, fault = provider.account, provider.faults.take("credits")
        if fault is not None and fault.kind == "drops":
            account.lose(fault.usd)
        right = as_json({"credits": account.credits, "free-credits": account.free_credits})
        return replacement(fault) or spoilt(right, fault)
