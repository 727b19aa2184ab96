"""The command of the embedded cloud: `up` leaves it standing, `demo` shows one edit from drop to delivery."""

from __future__ import annotations

import argparse
import signal
import sys
from types import FrameType


def stop(number: int, frame: FrameType | None) -> None:
    """SIGTERM ends as Ctrl-C does, with everything put away."""
    del number, frame
    raise KeyboardInterrupt


def main() -> int:
    """Run one command; its exit status. Ctrl-C ends it quietly even before the command can see to that itself."""
    try:
        return command()
    except KeyboardInterrupt:
        return 130


def command() -> int:
    """Read which command is meant, and run it."""
    from localcloud import up

    parser = argparse.ArgumentParser(prog="python -m localcloud", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    described = "start the cloud and the provider simulator, deploy the application, and wait for files"
    up.add_arguments(commands.add_parser("up", help=described, description=described.capitalize() + "."))
    described = "drop a clip and its sidecar, and follow the edit to the end"
    commands.add_parser("demo", help=described, description=described.capitalize() + ".", add_help=False)
    arguments, rest = parser.parse_known_args()
    signal.signal(signal.SIGTERM, stop)
    if arguments.command == "demo":
        from localcloud import demo

        return int(demo.main(rest) or 0)
    if rest:
        parser.error(f"unrecognized arguments: {' '.join(rest)}")
    return up.main(arguments)


if __name__ == "__main__":
    sys.exit(main())
