"""Lambda: having a clip inspected by the function that may do nothing else."""

from __future__ import annotations

import json
from typing import Any

from dropcut.domain.errors import InspectionFailed
from dropcut.domain.model import Drop

MOST_ANSWER = 64 * 1024  # bytes; the facts take some hundred


class LambdaInspector:
    def __init__(self, functions: Any, name: str) -> None:
        self._functions, self._name = functions, name

    def __call__(self, drop: Drop) -> Any:
        """Invoke InspectClip with the state machine's document, and return its answer, which is not to be trusted.

        Raises InspectionFailed.
        """
        answer = self._functions.invoke(FunctionName=self._name, Payload=json.dumps({"drop": drop.as_json()}))
        with answer["Payload"] as payload:
            text = payload.read(MOST_ANSWER)
        if answer.get("FunctionError"):
            raise InspectionFailed("InspectClip failed, so nothing is known about the clip yet")
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            return None  # longer than any inspection is, or none at all
