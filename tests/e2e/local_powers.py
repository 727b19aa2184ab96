"""What nobody can do to a stack in AWS, or should: hurry its time, change its functions, make it deaf."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Callable, Iterator
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

    def sweep(self, later: float = 0) -> None:
        """Run the sweep, now or as it will run in so many seconds."""
        with self.later("SweepDropsFunction", later) if later else contextlib.nullcontext():
            self.invoke("SweepDropsFunction", {})

    def make_the_stack_younger(self) -> None:
        """Make the ledger's table anew, rows and all: when it was made is when the stack began."""
        tables, name = self._cloud.client("dynamodb"), self._stand.outputs["LedgerTable"]
        made = tables.describe_table(TableName=name)["Table"]
        rows = [row for page in tables.get_paginator("scan").paginate(TableName=name) for row in page["Items"]]
        index = {key: made["GlobalSecondaryIndexes"][0][key] for key in ("IndexName", "KeySchema", "Projection")}
        shape = {key: made[key] for key in ("AttributeDefinitions", "KeySchema")}
        time.sleep(1.1)  # S3 tells the time of an upload in whole seconds
        tables.delete_table(TableName=name)
        tables.create_table(TableName=name, BillingMode="PAY_PER_REQUEST", GlobalSecondaryIndexes=[index], **shape)
        for row in rows:
            tables.put_item(TableName=name, Item=row)

    def recover(self, later: float) -> dict[str, int]:
        """Look for pairs that nobody announced, as it will be done in so many seconds."""
        with self.later("RecoverDropsFunction", later):
            return dict(self.invoke("RecoverDropsFunction", {}))

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
        events, name = self._cloud.client("events"), self.function("StartEditFunctionUpload").rpartition("/")[2]
        events.enable_rule(Name=name) if wanted else events.disable_rule(Name=name)

    def stop(self, execution_arn: str) -> None:
        """Stop an execution, as a person does in the console."""
        self._cloud.client("stepfunctions").stop_execution(executionArn=execution_arn)

    @contextlib.contextmanager
    def definition(self, change: Callable[[Any], None]) -> Iterator[None]:
        """Change the state machine for the executions that start meanwhile."""
        machines, arn = self._cloud.client("stepfunctions"), self._stand.outputs["EditStateMachineArn"]
        usual = machines.describe_state_machine(stateMachineArn=arn)["definition"]
        changed = json.loads(usual)
        change(changed)
        machines.update_state_machine(stateMachineArn=arn, definition=json.dumps(changed))
        try:
            yield
        finally:
            machines.update_state_machine(stateMachineArn=arn, definition=usual)

    @contextlib.contextmanager
    def variables(self, verb: str, **changes: str) -> Iterator[None]:
        """Change what a function finds in its environment."""
        functions, name = self._cloud.client("lambda"), self.function(verb)
        usual = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
        functions.update_function_configuration(FunctionName=name, Environment={"Variables": {**usual, **changes}})
        try:
            yield
        finally:
            functions.update_function_configuration(FunctionName=name, Environment={"Variables": usual})

    def later(self, verb: str, seconds: float) -> contextlib.AbstractContextManager[None]:
        """Let a function live so many seconds from now."""
        return self.variables(verb, LOCALCLOUD_CLOCK_OFFSET=str(seconds))

    @contextlib.contextmanager
    def time_flies(self, wait_scale: float) -> Iterator[None]:
        """Shorten the state machine's waits further, so that a week passes in seconds."""
        self._cloud.set_wait_scale(wait_scale)
        try:
            yield
        finally:
            self._cloud.set_wait_scale(self._wait_scale)

    def logs(self) -> str:
        """Everything that any function printed, tracebacks of the runtime included."""
        return "\n".join(path.read_text(errors="replace") for path in self._cloud.workdir.glob("lambda-*.log"))
