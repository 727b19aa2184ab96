"""A debugger in as few lines as an editor's attach button needs: the Debug Adapter Protocol over a socket."""

from __future__ import annotations

import json
import socket
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

PATIENCE_SECONDS = 60.0
Message = dict[str, Any]


class Debugger:
    """A client that is attached to one program."""

    def __init__(self, port: int, arguments: Message, breakpoints: dict[Path, int]) -> None:
        """Attach with what a launch.json says, once the program listens, and stop at these lines."""
        self._socket = _connect(port)
        self._stream = self._socket.makefile("rb")
        self._number = 0
        self._seen: list[Message] = []
        self.ask("initialize", adapterID="debugpy", clientID="tests", pathFormat="path")
        attached = self._send("attach", **arguments)
        self._until(lambda message: message.get("event") == "initialized")
        for path, line in breakpoints.items():
            found = self.ask("setBreakpoints", source={"path": str(path)}, breakpoints=[{"line": line}])
            assert [one["verified"] for one in found["breakpoints"]] == [True], found
        self.ask("configurationDone")
        self._answer(attached)

    def ask(self, command: str, **arguments: Any) -> Any:
        """The body of the answer to a request; AssertionError where it is refused."""
        return self._answer(self._send(command, **arguments))

    def wait_until_stopped(self) -> tuple[int, Message]:
        """The thread that has stopped, and its innermost frame."""
        thread = self._until(lambda message: message.get("event") == "stopped")["body"]["threadId"]
        return thread, self.ask("stackTrace", threadId=thread)["stackFrames"][0]

    def value(self, frame: Message, expression: str) -> str:
        """What an expression is worth where the program has stopped."""
        return str(self.ask("evaluate", expression=expression, frameId=frame["id"], context="watch")["result"])

    def go_on(self, thread: int) -> None:
        self.ask("continue", threadId=thread)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._stream.close()
        self._socket.close()

    def _send(self, command: str, **arguments: Any) -> int:
        self._number += 1
        request = {"seq": self._number, "type": "request", "command": command, "arguments": arguments}
        body = json.dumps(request).encode()
        self._socket.sendall(f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
        return self._number

    def _answer(self, number: int) -> Any:
        message = self._until(lambda message: message.get("request_seq") == number)
        assert message["success"], message
        return message.get("body")

    def _until(self, wanted: Any) -> Message:
        """The first message like that; what came before it is kept for whoever asks for it later."""
        for message in self._seen:
            if wanted(message):
                self._seen.remove(message)
                return message
        while not wanted(message := self._read()):
            self._seen.append(message)
        return message

    def _read(self) -> Message:
        length = 0
        while header := self._stream.readline().strip():
            length = int(header.split(b":")[1])
        assert length, "the debugger's end was closed"
        message: Message = json.loads(self._stream.read(length))
        return message


def _connect(port: int) -> socket.socket:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            return socket.create_connection(("127.0.0.1", port), timeout=PATIENCE_SECONDS)
        except ConnectionRefusedError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def line_with(path: Path, text: str) -> int:
    """The number of the one line of a file that has this text."""
    (number,) = [n for n, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1) if text in line]
    return number
