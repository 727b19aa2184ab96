"""Find out what a clip is, where its bytes can do no harm. `PrepareEdit` decides what follows from it."""

from __future__ import annotations

from typing import Any

from dropcut.domain.errors import FileHidden
from dropcut.domain.model import Drop
from dropcut.intake.clip_rules import size_problems
from dropcut.ports import Services

NOT_TO_BE_READ = "may not be read by this stack (archived, or encrypted with another key?), or is not there any more"


def inspect_clip(services: Services, drop: Drop) -> dict[str, Any]:
    """Return `{"clip": facts}`, or `{"problem": words}` for what cannot be a clip, at any number of tries the same."""
    try:
        file = services.files.head(drop.bucket, drop.clip_key, drop.clip_version)
        if file is None:
            return {"problem": NOT_TO_BE_READ}
        if problems := size_problems(file.size):
            return {"problem": problems[0].problem}
        found = services.probe(services.files.stream(drop.bucket, drop.clip_key, drop.clip_version))
    except FileHidden:
        return {"problem": NOT_TO_BE_READ}
    return {"problem": found} if isinstance(found, str) else {"clip": found.as_json()}
