"""A shell that a test types into, line after line, as a person does at a keyboard."""

from __future__ import annotations

import os
import re
import select
import signal
import subprocess
import time
import uuid
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

PATIENCE_SECONDS = 300.0
PROMPT = re.compile(r"([\w?' ]+?) \[[^\]\n]*\]: ?\Z")  # as `sam deploy --guided` asks: "Stack Name [dropcut]: "
OF_MAKE = ("MAKEFLAGS", "MAKELEVEL", "MFLAGS", "MAKEOVERRIDES", "ARGS", "TEST", "VERB", "EVENT", "CLIP", "PROMPT")


def environment_of_a_person(**more: str) -> dict[str, str]:
    """This process's environment, without what a `make test` that started it would hand on to another make."""
    forgotten = (*OF_MAKE, "SIDECAR", "PYTEST_ADDOPTS", "PYTEST_CURRENT_TEST", "PYTEST_XDIST_WORKER")
    ours = {name: value for name, value in os.environ.items() if name not in forgotten}
    return {name: value for name, value in ours.items() if not name.startswith("DROPCUT_DEMO_")} | more


class Shell:
    """One bash in a folder: variables and the working folder stay from line to line."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self._bash = subprocess.Popen(
            ["bash", "--noprofile", "--norc"],
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def enter(
        self,
        command: str,
        *,
        blindly: str = "",
        answers: Mapping[str, str] | None = None,
        status: int = 0,
        **names: str,
    ) -> str:
        """Type one command and Enter; what was shown until it ended. AssertionError where it ends with another status.

        `blindly` is typed where nothing asks for it; `answers` are by question, and any other question gets Enter;
        `names` are put in for a page's words in capitals, such as INBOX.
        """
        for name, value in names.items():
            command = re.sub(rf"\b{name}\b", value, command)
        end = uuid.uuid4().hex
        # In braces, or the line that shows the end would be the next answer to the command's own questions.
        self._write(
            f"{{ {command}\n}}; echo {end} $?\n{blindly}\n" if blindly else f"{{ {command}\n}}; echo {end} $?\n"
        )
        shown, ended = self._read_until(end, answers or {})
        assert ended == status, f"{command}\nended with {ended}:\n{shown}"
        return shown

    def _write(self, text: str) -> None:
        assert self._bash.stdin
        self._bash.stdin.write(text.encode())
        self._bash.stdin.flush()

    def _read_until(self, end: str, answers: Mapping[str, str]) -> tuple[str, int]:
        assert self._bash.stdout
        deadline, shown, answered = time.monotonic() + PATIENCE_SECONDS, "", 0
        while not (ended := re.search(rf"{end} (\d+)\n", shown)):
            ready, _, _ = select.select([self._bash.stdout], [], [], max(0.0, deadline - time.monotonic()))
            read = os.read(self._bash.stdout.fileno(), 65536) if ready else b""
            assert read, f"nothing more came after:\n{shown}"
            shown += read.decode(errors="replace")
            if question := PROMPT.search(shown, answered):
                answered = len(shown)
                self._write(answers.get(question.group(1).strip(), "") + "\n")
        return shown[: ended.start()], int(ended.group(1))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        assert self._bash.stdin
        assert self._bash.stdout
        self._bash.stdin.close()
        try:
            self._bash.wait(timeout=10)
        except subprocess.TimeoutExpired:
            os.killpg(self._bash.pid, signal.SIGKILL)
            self._bash.wait()
        self._bash.stdout.close()
