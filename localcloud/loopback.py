"""How everything here talks HTTP to what stands on this machine."""

from __future__ import annotations

import functools
import urllib.request


@functools.cache  # making one reads every certificate authority of the machine, for an https that is never spoken
def direct() -> urllib.request.OpenerDirector:
    """Opens URLs without the proxy that the user's environment may name: everything here is on loopback."""
    return urllib.request.build_opener(urllib.request.ProxyHandler({}))
