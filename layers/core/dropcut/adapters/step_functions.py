"""Step Functions: start one execution for each drop, and ask how it is."""

from __future__ import annotations

import json
from typing import Any

from botocore.exceptions import ClientError

from dropcut.domain.model import Drop


class StepFunctionsExecutions:
    def __init__(self, step_functions: Any, state_machine_arn: str) -> None:
        self._step_functions, self._arn = step_functions, state_machine_arn

    def start(self, drop: Drop, name: str = "", edit_id: str | None = None) -> bool:
        """Start an execution, named after the drop or by `name`. False if it was started before, in 90 days."""
        edit = {"edit": {"edit_id": edit_id}} if edit_id else {}
        document = json.dumps({"drop": drop.as_json(), **edit}, sort_keys=True)
        try:
            self._step_functions.start_execution(stateMachineArn=self._arn, name=name or drop.drop_id, input=document)
        except ClientError as error:
            if error.response["Error"]["Code"] == "ExecutionAlreadyExists":
                return False
            raise
        return True

    def status(self, name: str) -> str | None:
        """RUNNING, SUCCEEDED, FAILED, TIMED_OUT or ABORTED; None where there is no execution of that name."""
        arn = f"{self._arn.replace(':stateMachine:', ':execution:')}:{name}"
        try:
            return str(self._step_functions.describe_execution(executionArn=arn)["status"])
        except ClientError as error:
            if error.response["Error"]["Code"] == "ExecutionDoesNotExist":
                return None
            raise
