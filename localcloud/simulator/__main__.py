"""Runs the simulator alone: python -m localcloud.simulator --port 9000 --key SG_0123456789abcdef --credits 100."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import tempfile
import threading
from pathlib import Path

from localcloud.simulator.command import faults_from, parse_arguments, settings_from
from localcloud.simulator.faults import FaultRefused
from localcloud.simulator.lifeline import end_with_parent
from localcloud.simulator.provider import Provider
from localcloud.simulator.rates import MODES
from localcloud.simulator.server import Server
from localcloud.simulator.settings import SettingRefused


def main(arguments: list[str] | None = None) -> int:
    """Serve until told to end."""
    options = parse_arguments(arguments)
    try:
        settings, faults = settings_from(options), faults_from(options.faults)
    except (SettingRefused, FaultRefused) as error:
        print(f"simulator: {error}", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="simulator-") as scratch:
        provider = Provider(settings, options.workdir or Path(scratch), options.cache, faults)
        try:
            server = Server(provider, options.port)
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or error
            print(f"simulator: cannot listen on port {options.port}: {reason}", file=sys.stderr)
            return 1
        _serve(server, provider, options)
    return 0


def _serve(server: Server, provider: Provider, options: argparse.Namespace) -> None:
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    if options.child:
        end_with_parent(ended.set)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True).start()
    print(json.dumps({"url": provider.url}) if options.child else _greeting(provider), flush=True)
    while not ended.wait(0.5):  # a bounded wait lets signals through everywhere
        pass
    server.shutdown()
    provider.stop()
    server.server_close()


def _greeting(provider: Provider) -> str:
    settings, waiting = provider.settings, len(provider.faults.report()["waiting"])
    rates = " and ".join(f"{mode} ${settings.usd_per_second(mode):g}" for mode in MODES)
    return f"""The provider simulator listens on {provider.url}
  key      {settings.api_key}
  credits  ${settings.credits:g}, at {rates} a second
  faults   {waiting} waiting, see {provider.url}/__sim/faults
Requests are shown as they come. Ctrl-C ends it."""


if __name__ == "__main__":
    sys.exit(main())
