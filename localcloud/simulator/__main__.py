"""Runs the simulator alone: python -m localcloud.simulator --port 9000 --key SG_0123456789abcdef --credits 100."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import tempfile
import threading
from pathlib import Path

from localcloud.simulator.lifeline import end_with_parent
from localcloud.simulator.provider import Provider
from localcloud.simulator.server import Server
from localcloud.simulator.settings import SettingRefused, Settings

CACHE = Path(__file__).resolve().parents[2] / ".workshop" / "edits"


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m localcloud.simulator", description="A provider to test clients against."
    )
    parser.add_argument("--port", type=int, default=9000, help="0 picks a free one")
    parser.add_argument("--key", default=Settings.api_key, help="the API key that is accepted")
    parser.add_argument("--credits", type=float, default=Settings.credits, help="US dollars")
    parser.add_argument(
        "--time-scale", type=float, default=Settings.time_scale, help="0.01: a second lasts ten milliseconds"
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="NAME=JSON",
        help="any other setting, e.g. billed_by='\"duration\"'",
    )
    parser.add_argument("--workdir", type=Path, help="for clips on the way (default: a temporary folder)")
    parser.add_argument("--cache", type=Path, default=CACHE, help="where finished edits are remembered")
    parser.add_argument(
        "--child", action="store_true", help="print the address as JSON, end when standard input closes"
    )
    return parser.parse_args(arguments)


def settings_from(arguments: argparse.Namespace) -> Settings:
    """Return the settings of the command line; raises SettingRefused."""
    changes = {"api_key": arguments.key, "credits": arguments.credits, "time_scale": arguments.time_scale}
    for assignment in arguments.set:
        name, _, value = assignment.partition("=")
        try:
            changes[name] = json.loads(value)
        except ValueError:
            changes[name] = value
    return Settings().updated(changes)


def main(arguments: list[str] | None = None) -> int:
    """Serve until told to end."""
    options = parse_arguments(arguments)
    try:
        settings = settings_from(options)
    except SettingRefused as error:
        print(f"simulator: {error}", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="simulator-") as scratch:
        provider = Provider(settings, options.workdir or Path(scratch), options.cache)
        try:
            server = Server(provider, options.port)
        except OSError as error:
            print(f"simulator: cannot listen on port {options.port}: {error.strerror}", file=sys.stderr)
            return 1
        ended = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: ended.set())
        if options.child:
            end_with_parent(ended.set)
        _serve(server, provider, ended, child=options.child)
    return 0


def _serve(server: Server, provider: Provider, ended: threading.Event, *, child: bool) -> None:
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True).start()
    print(
        json.dumps({"url": provider.url}) if child else f"The provider simulator listens on {provider.url}", flush=True
    )
    while not ended.wait(0.5):  # a bounded wait lets signals through everywhere
        pass
    server.shutdown()
    provider.stop()
    server.server_close()


if __name__ == "__main__":
    sys.exit(main())
