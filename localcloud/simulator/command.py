"""The command line: what a person may say when starting the simulator alone, and what is wrong with it in words."""

from __future__ import annotations

import argparse
import json
from dataclasses import fields
from pathlib import Path
from typing import Any

from localcloud.simulator.faults import Fault, FaultRefused, parse_faults
from localcloud.simulator.rates import MODES
from localcloud.simulator.settings import SettingRefused, Settings

CACHE = Path(__file__).resolve().parents[2] / ".workshop" / "edits"
OWN_OPTIONS = {"api_key", "credits", "time_scale", "std_usd_per_second", "pro_usd_per_second"}
DESCRIPTION = """Segmind's video edits on your own machine: a real HTTP server that checks, queues,
edits, bills, forgets and fails. It needs no account and costs nothing. Ctrl-C ends it."""
EXAMPLE = """example:
  python -m localcloud.simulator --credits 20 --prices std=0.315,pro=0.42 --time-scale 0.01
  a provider with $20 left on the account, on which a generation of three minutes takes two seconds

other settings, for --set (docs/simulator.md explains each of them):
"""


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m localcloud.simulator",
        description=DESCRIPTION,
        epilog=EXAMPLE + _other_settings(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _account(parser.add_argument_group("account"))
    _behaviour(parser.add_argument_group("behaviour"))
    _machine(parser.add_argument_group("this machine"))
    return parser.parse_args(arguments)


def _account(group: argparse._ArgumentGroup) -> None:
    price_list = ",".join(f"{mode}={Settings().usd_per_second(mode):g}" for mode in MODES)
    group.add_argument("--key", default=Settings.api_key, help="the API key that is accepted (%(default)s)")
    group.add_argument("--credits", type=float, default=Settings.credits, help="US dollars to spend (%(default)g)")
    group.add_argument("--prices", metavar="LIST", default="", help=f"US dollars a second ({price_list})")


def _behaviour(group: argparse._ArgumentGroup) -> None:
    scale = "real seconds that one of its seconds lasts; 0.01 is a hundred times as fast (%(default)g)"
    other = "any other setting, as often as you like, e.g. --set billed_by=duration"
    group.add_argument("--time-scale", type=float, default=Settings.time_scale, metavar="FACTOR", help=scale)
    group.add_argument("--faults", type=Path, metavar="FILE.json", help="faults to start with, and after a reset")
    group.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help=other)


def _machine(group: argparse._ArgumentGroup) -> None:
    group.add_argument("--port", type=int, default=9000, help="on the loopback interface; 0 picks a free one (9000)")
    group.add_argument("--workdir", type=Path, metavar="FOLDER", help="for its files (a temporary folder)")
    group.add_argument("--cache", type=Path, metavar="FOLDER", default=CACHE, help="of equal edits (.workshop/edits)")
    group.add_argument("--child", action="store_true", help=argparse.SUPPRESS)  # see client.start_simulator


def settings_from(options: argparse.Namespace) -> Settings:
    """Return the settings of the command line; raises SettingRefused."""
    changes = {"api_key": options.key, "credits": options.credits, "time_scale": options.time_scale}
    changes |= prices_in(options.prices)
    for assignment in options.set:
        name, _, value = assignment.partition("=")
        try:
            changes[name] = json.loads(value)
        except ValueError:
            changes[name] = value
    return Settings().updated(changes)


def prices_in(text: str) -> dict[str, Any]:
    """Return the settings of a price list such as std=0.315,pro=0.42; raises SettingRefused."""
    changes = {}
    for item in filter(None, text.split(",")):
        mode, _, usd = item.partition("=")
        try:
            changes[f"{mode.strip()}_usd_per_second"] = float(usd)
        except ValueError:
            usd = ""
        if mode.strip() not in MODES or not usd:
            raise SettingRefused(f"--prices takes {' and '.join(f'{mode}=DOLLARS' for mode in MODES)}, not {item!r}")
    return changes


def faults_from(path: Path | None) -> list[Fault]:
    """Return the faults of a file; raises FaultRefused in words that begin with its name."""
    if path is None:
        return []
    try:
        return parse_faults(json.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise FaultRefused(f"{path}: {error.strerror}") from None
    except (ValueError, FaultRefused) as error:
        raise FaultRefused(f"{path}: {error}") from None


def _other_settings() -> str:
    known = [field for field in fields(Settings) if field.name not in OWN_OPTIONS]
    return "\n".join(f"  {field.name}={json.dumps(field.default)}" for field in known) + "\n"
