"""The one place that reads the environment."""

from __future__ import annotations

import os


class Settings:
    """Typed access to a function's variables; a missing one is named when it is asked for."""

    def __init__(self, environment: dict[str, str] | None = None) -> None:
        self._environment = dict(os.environ) if environment is None else environment

    def text(self, name: str) -> str:
        value = self._environment.get(name, "")
        if not value:
            raise LookupError(f"the environment variable {name} is not set; template.yaml sets it")
        return value

    def number(self, name: str) -> float:
        try:
            return float(self.text(name))
        except ValueError:
            raise LookupError(f"the environment variable {name} is not a number") from None

    def for_children(self) -> dict[str, str]:
        """What an interpreter needs to start beside this one: in Lambda its own library lies where this says."""
        return {name: value for name, value in self._environment.items() if name == "LD_LIBRARY_PATH"}

    def list(self, name: str) -> list[str]:
        return [item.strip() for item in self.text(name).split(",") if item.strip()]
