"""Try to break what reads strangers' text, for as long as you like: `make fuzz`, `make fuzz ARGS="--minutes 60"`."""

from __future__ import annotations

import argparse
import itertools
import sys
import time

from hypothesis import HealthCheck, settings

from tests.fuzz.properties import PROPERTIES, check, tried

ROUND = 2000  # inputs of one property before the next one has its turn


def main(arguments: list[str]) -> int:
    """0 if nothing broke; 1 with the smallest input that broke a property, and the seed that finds it again."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--minutes", type=float, default=5, help="how long (default: %(default)s)")
    parser.add_argument(
        "--seed", type=int, default=int(time.time()), help="where to begin (default: another each time)"
    )
    parser.add_argument("--only", choices=sorted(PROPERTIES), help="one property")
    options = parser.parse_args(arguments)
    until, names = time.monotonic() + 60 * options.minutes, [options.only] if options.only else list(PROPERTIES)
    long = settings(max_examples=ROUND, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    for seed, name in zip(itertools.count(options.seed), itertools.cycle(names), strict=False):
        if time.monotonic() >= until:
            break
        try:
            check(name, long, seed)
        except KeyboardInterrupt:
            break
        except BaseException:
            print(f"{name} is broken. To see it again: make fuzz ARGS='--only {name} --seed {seed}'", file=sys.stderr)
            raise
    for name in PROPERTIES:
        print(f"{tried[name]:>9,}  {name}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
