"""How one hostile clip ends: the real inspect_clip and prepare_edit, MediaInfo included, against fakes.

`python -m tests.hostile.exam FILE` prints it, with the time that it took and the most memory that was used.
"""

from __future__ import annotations

import json
import re
import resource
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any, cast

from dropcut.adapters.mediainfo.probe import probe_clip
from dropcut.domain.model import ObjectFacts
from dropcut.workflow.inspect_clip import inspect_clip
from dropcut.workflow.prepare_edit import prepare_edit
from tests.fakes.examples import OUTBOX, a_sidecar
from tests.fakes.files import FakeFiles
from tests.fakes.worlds import a_world

CHUNK = 1 << 20
OWN_MEMORY = Path("/proc/self/status")  # of Linux; ru_maxrss would count the process that started this one, too


@dataclass(frozen=True)
class End:
    """`problem` is what the error file says about the clip, `usd` what a clip that was taken may cost."""

    problem: str = ""
    usd: float | None = None
    warnings: tuple[str, ...] = ()

    def is_as(self, expected: str) -> bool:
        taken = expected.replace(".", "").isdigit()
        return self.usd == float(expected) if taken else any(end in self.problem for end in expected.split("|"))

    def __str__(self) -> str:
        return self.problem or f"taken, at most ${self.usd:.2f}"


class _OnDisk(FakeFiles):
    """Buckets in memory, but for the clip, which may be larger than that."""

    def keep(self, key: str, path: Path) -> None:
        self._key, self._path = key, path

    def head(self, bucket: str, key: str, version: str | None = None) -> ObjectFacts | None:
        facts = super().head(bucket, key, version)
        if facts and key == self._key and bucket != OUTBOX:
            return ObjectFacts(**{**vars(facts), "size": self._path.stat().st_size})
        return facts

    def stream(self, bucket: str, key: str, version: str) -> Iterator[bytes]:
        with self._path.open("rb") as file:
            yield from iter(partial(file.read, CHUNK), b"")


def drop_it(path: Path) -> End:
    """Drop the file as a clip, with a good sidecar, and see what comes of it."""
    world, drop = a_world(a_sidecar())
    world.probe = cast("Any", probe_clip)
    files = _OnDisk(world.clock)
    files.objects = world.files.objects
    files.keep(drop.clip_key, path)
    world.files = files
    inspection = json.loads(json.dumps(inspect_clip(world, drop)))
    verdict = prepare_edit(world, drop, inspection)
    if verdict["verdict"] == "rejected":
        error = json.loads(files.text(OUTBOX, "trip/beach.error.json"))
        return End(problem="; ".join(line["problem"] for line in error["problems"]))
    (edit,) = world.ledger.edits.values()
    return End(usd=float(edit.estimated_usd), warnings=edit.warnings)


def own_memory() -> int:
    """The most bytes that this process has used."""
    if OWN_MEMORY.exists():
        return int(re.findall(r"VmHWM:\s+(\d+) kB", OWN_MEMORY.read_text())[0]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def main() -> None:
    started = time.monotonic()
    end = drop_it(Path(sys.argv[1]))
    seconds = time.monotonic() - started
    unit = 1 if sys.platform == "darwin" else 1024
    child = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * unit  # at least what this one has
    print(json.dumps({"end": asdict(end), "seconds": seconds, "own": own_memory(), "child": child}))


if __name__ == "__main__":
    main()
