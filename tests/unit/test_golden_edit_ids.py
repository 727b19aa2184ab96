"""What names a purchase never changes: another `edit_id` for the same files would buy everything a second time.

`tests/golden/edit_ids.json` was written by release 0.1.0 from the clips beside it. Never write it again.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

import pytest

from dropcut.adapters.mediainfo.probe import probe_clip
from dropcut.workflow.inspect_clip import inspect_clip
from dropcut.workflow.prepare_edit import prepare_edit
from tests.fakes.examples import a_drop
from tests.fakes.services import FakeServices

GOLDEN = Path(__file__).resolve().parents[1] / "golden"
PAIRS = json.loads((GOLDEN / "edit_ids.json").read_text(encoding="utf-8"))


def test_at_least_fifty_pairs_are_frozen() -> None:
    assert len({pair["edit_id"] for pair in PAIRS}) >= 50


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: f"{pair['clip']}-{pair['edit_id'][:8]}")
def test_the_same_files_are_the_same_edit_in_every_release(pair: dict[str, Any]) -> None:
    world = FakeServices(probe=cast("Any", probe_clip))
    sidecar_key = pair["clip_key"].rpartition(".")[0] + ".json"
    clip = world.files.put(pair["bucket"], pair["clip_key"], (GOLDEN / "clips" / pair["clip"]).read_bytes())
    sidecar = world.files.put(pair["bucket"], sidecar_key, pair["sidecar"].encode())
    drop = a_drop(
        pair["clip_key"], sidecar_key, bucket=pair["bucket"], clip_version=clip.version, sidecar_version=sidecar.version
    )
    verdict = prepare_edit(world, drop, json.loads(json.dumps(inspect_clip(world, drop))))
    assert verdict["edit_id"] == pair["edit_id"]
    edit = world.ledger.edit(pair["edit_id"])
    assert edit is not None
    assert edit.request["duration"] == pair["duration"]
