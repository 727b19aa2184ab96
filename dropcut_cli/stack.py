"""A deployed stack, seen with the credentials of whoever types: in an AWS account or in the embedded cloud alike.

Everything is learned from the stack's outputs and parameters; boto3 finds credentials, region and endpoint as usual.
"""

from __future__ import annotations

import json
from functools import cached_property
from typing import Any, NamedTuple

import boto3
from botocore.exceptions import ClientError

from dropcut.bootstrap import PLAIN, Services
from dropcut.settings import Settings
from dropcut_cli.errors import Refused
from dropcut_cli.lookup import Lookup

OUTPUTS = {"LEDGER_TABLE": "LedgerTable", "STATE_MACHINE_ARN": "EditStateMachineArn", "OUTBOX_BUCKET": "OutboxBucket"}
OUTPUTS |= {"INBOX_BUCKET": "InboxBucket", "WORKROOM_BUCKET": "WorkroomBucket", "TOPIC_ARN": "NotificationTopicArn"}
PARAMETERS = {
    "API_KEY_PARAMETER": "ApiKeyParameterName",
    "PROVIDER_URL": "ProviderUrl",
    "PROVIDER_HISTORY_URL": "ProviderHistoryUrl",
    "MAX_USD_PER_DAY": "MaxUsdPerDay",
    "MAX_EDITS_IN_FLIGHT": "MaxEditsInFlight",
    "SPENDING_ENABLED": "SpendingEnabled",
    "CREDIT_WAIT_HOURS": "CreditWaitHours",
}


class ExecutionStatus(NamedTuple):
    """How an execution is, and in which state of the machine it is or was last."""

    name: str
    status: str | None  # None: there is none of that name
    state: str | None


class Stack:
    """The things of one stack that the command needs, each opened on first use."""

    def __init__(self, name: str, outputs: dict[str, str], parameters: dict[str, str]) -> None:
        known = {name: outputs.get(output, "") for name, output in OUTPUTS.items()}
        known |= {name: parameters.get(parameter, "") for name, parameter in PARAMETERS.items()}
        self.services = Services(Settings(known | {"STACK_NAME": name}))
        self._outputs = outputs

    @cached_property
    def lookup(self) -> Lookup:
        table = boto3.resource("dynamodb", config=PLAIN).Table(self._outputs["LedgerTable"])
        return Lookup(table, inbox=self.services.inbox, outbox=self.services.outbox)

    @cached_property
    def who(self) -> str:
        """The caller, as the ledger's audit names it."""
        return str(boto3.client("sts", config=PLAIN).get_caller_identity()["Arn"])

    @cached_property
    def _step_functions(self) -> Any:
        return boto3.client("stepfunctions", config=PLAIN)

    def execution(self, name: str) -> ExecutionStatus:
        """How the execution of that name is, and where."""
        status = self.services.executions.status(name)
        arn = f"{self._outputs['EditStateMachineArn'].replace(':stateMachine:', ':execution:')}:{name}"
        return ExecutionStatus(name, status, self._state_of(arn) if status else None)

    def _state_of(self, arn: str) -> str | None:
        """The state that was entered last; histories end with a few events about leaving it."""
        said = self._step_functions.get_execution_history(executionArn=arn, reverseOrder=True, maxResults=50)
        entered = [event["stateEnteredEventDetails"] for event in said["events"] if "stateEnteredEventDetails" in event]
        return str(entered[0]["name"]) if entered else None


def open_stack(name: str) -> Stack:
    """The stack of that name, or Refused."""
    cloudformation = boto3.client("cloudformation", config=PLAIN)
    try:
        (found,) = cloudformation.describe_stacks(StackName=name)["Stacks"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "ValidationError":
            raise
        where = cloudformation.meta.region_name
        raise Refused(f"There is no stack {json.dumps(name)} in {where}. Name yours with --stack.") from None
    outputs = {output["OutputKey"]: output["OutputValue"] for output in found.get("Outputs", [])}
    if not set(OUTPUTS.values()) <= outputs.keys():
        raise Refused(f"The stack {json.dumps(name)} is no Dropcut: it has no output LedgerTable.")
    parameters = {given["ParameterKey"]: given["ParameterValue"] for given in found.get("Parameters", [])}
    return Stack(name, outputs, parameters)
