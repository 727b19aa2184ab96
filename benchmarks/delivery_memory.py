"""How much memory does a delivery take? Real bytes over loopback, into a bucket that forgets them.

.workshop/dev/bin/python benchmarks/delivery_memory.py [--mebibytes 2048]
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # this file is run as it stands

from tests.contract.large_results import deliver

MIB = 1024 * 1024


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure the memory of one delivery.")
    parser.add_argument("--mebibytes", type=int, default=2048, help="how large the result is")
    taken = deliver(parser.parse_args().mebibytes * MIB)
    speed = taken.size / MIB / taken.seconds
    print(f"{taken.size / MIB:.0f} MiB in {taken.seconds:.1f} s ({speed:.0f} MiB/s)")
    print(f"{taken.memory_before / MIB:.0f} MiB before, {taken.memory_grown / MIB:.0f} MiB more at most")


if __name__ == "__main__":
    main()
