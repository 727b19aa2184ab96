"""Ends this process when whoever started it is gone, however it went."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import sys
import threading
from collections.abc import Callable
from types import FrameType

PR_SET_PDEATHSIG = 1


def end_with_parent(end: Callable[[], None]) -> None:
    """Call ``end`` once standard input closes, and on Linux also on the kernel's word that the parent died."""
    parent = os.getppid()

    def parent_died(_: int, __: FrameType | None) -> None:
        if os.getppid() != parent:  # the kernel also says so when only the starting thread has ended
            end()

    if sys.platform == "linux":
        signal.signal(signal.SIGHUP, parent_died)
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGHUP)
    threading.Thread(target=_watch_input, args=(end,), daemon=True).start()


def _watch_input(end: Callable[[], None]) -> None:
    with contextlib.suppress(OSError):
        while os.read(0, 1024):
            pass
    end()
