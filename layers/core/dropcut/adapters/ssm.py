"""SSM: the provider's API key, kept in memory for five minutes."""

from __future__ import annotations

import re
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from dropcut.domain.errors import KeyUnreadable
from dropcut.ports import Clock

KEPT_SECONDS = 300


class ApiKey:
    """Read the key from the parameter `name`; call it with True to read it again, after a 401."""

    def __init__(self, ssm: Any, name: str, clock: Clock) -> None:
        self._ssm, self._name, self._clock = ssm, name, clock
        self._kept, self._until = "", 0.0

    def __call__(self, fresh: bool) -> str:
        """Return the key. Raises KeyUnreadable."""
        now = self._clock()
        if fresh or now >= self._until:
            self._kept, self._until = self._read(), now + KEPT_SECONDS
        return self._kept

    def _read(self) -> str:
        try:
            answer = self._ssm.get_parameter(Name=self._name, WithDecryption=True)
        except (BotoCoreError, ClientError):
            raise KeyUnreadable(f"the API key could not be read from the SSM parameter {self._name}") from None
        key = str(answer["Parameter"]["Value"]).strip()
        if not re.fullmatch(r"[!-~]+", key):  # it would break in the header, after the intent was written
            raise KeyUnreadable(
                f"the SSM parameter {self._name} holds no API key, but text with blanks or other characters"
            )
        return key
