"""What nobody can do to a stack in AWS, or should: hurry its time, kill its functions, make it deaf."""

from __future__ import annotations

import contextlib
import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from localcloud.standing import STACK
from tests.e2e.stand import Stand


class Powers:
    """Power over the embedded cloud that a stand runs in."""

    def __init__(self, stand: Stand, wait_scale: float) -> None:
        self._stand, self._cloud, self._wait_scale = stand, stand.cloud, wait_scale

    def function(self, verb: str) -> str:
        """The name of the function with a logical id such as SubmitEditFunction."""
        found = self._cloud.client("cloudformation").describe_stack_resource(StackName=STACK, LogicalResourceId=verb)
        return str(found["StackResourceDetail"]["PhysicalResourceId"])

    def invoke(self, verb: str, event: Any) -> Any:
        """Enter a function by hand; gives what it answers."""
        payload = json.dumps(event).encode()
        answer = self._cloud.client("lambda").invoke(FunctionName=self.function(verb), Payload=payload)
        said = json.loads(answer["Payload"].read())
        assert "FunctionError" not in answer, said
        return said

    def sweep(self) -> None:
        """Run the sweep now."""
        self.invoke("SweepDropsFunction", {})

    def let_halves_wait(self, key: str, minutes: float) -> None:
        """Make the ledger believe that a half has waited so much longer."""
        (row,) = [row for row in self._stand.ledger() if row["sk"] == "WAIT" and row["key"] == key]
        earlier = {":since": {"N": str(float(row["since"]) - 60 * minutes)}}
        names = {"#since": "since"}
        update = "SET #since = :since"
        if "sweep_at" in row:  # not any more, once it was told of
            update += ", sweep_at = :since"
        self._cloud.client("dynamodb").update_item(
            TableName=self._stand.outputs["LedgerTable"],
            Key={"pk": {"S": row["pk"]}, "sk": {"S": row["sk"]}},
            UpdateExpression=update,
            ExpressionAttributeNames=names,
            ExpressionAttributeValues=earlier,
        )

    def announce_uploads(self, wanted: bool) -> None:
        """Switch the rule that announces uploads on or off."""
        events, rule = self._cloud.client("events"), self.function("StartEditFunctionUpload")
        name = rule.rpartition("/")[2]
        events.enable_rule(Name=name) if wanted else events.disable_rule(Name=name)

    @contextlib.contextmanager
    def time_flies(self, wait_scale: float) -> Iterator[None]:
        """Shorten the state machine's waits further, so that a week passes in seconds."""
        self._cloud.set_wait_scale(wait_scale)
        try:
            yield
        finally:
            self._cloud.set_wait_scale(self._wait_scale)

    def kill(self, verb: str) -> int:
        """Kill every worker of a function, as Lambda may lose a sandbox; gives how many there were."""
        named = f"AWS_LAMBDA_FUNCTION_NAME={self.function(verb)}", f"AWS_ENDPOINT_URL={self._cloud.endpoint}"
        wanted = {line.encode() for line in named}  # the endpoint: another cloud has functions of the same name
        killed = 0
        for process in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if wanted <= set((process / "environ").read_bytes().split(b"\0")):
                    os.kill(int(process.name), signal.SIGKILL)
                    killed += 1
        return killed

    @contextlib.contextmanager
    def timeout(self, verb: str, seconds: int) -> Iterator[None]:
        """Let a function live only so long."""
        functions, name = self._cloud.client("lambda"), self.function(verb)
        usual = functions.get_function_configuration(FunctionName=name)["Timeout"]
        functions.update_function_configuration(FunctionName=name, Timeout=seconds)
        try:
            yield
        finally:
            functions.update_function_configuration(FunctionName=name, Timeout=usual)

    def logs(self) -> str:
        """Everything that any function printed, tracebacks of the runtime included."""
        return "\n".join(path.read_text(errors="replace") for path in self._cloud.workdir.glob("lambda-*.log"))
