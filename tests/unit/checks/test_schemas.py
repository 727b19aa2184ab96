"""What is published under schemas/ is what the models say."""

from __future__ import annotations

from checks.schemas import stale_schemas


def test_the_published_schemas_are_what_the_models_say() -> None:
    assert stale_schemas() == []
