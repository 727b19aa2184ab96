"""Where the campaign plays: one embedded cloud with a director, the provider's simulator, and this template.

Many edits run in it at once. Each has a folder of its own, and whatever is asked or counted is asked by folder.
"""

from __future__ import annotations

import contextlib
import json
import secrets
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from localcloud.clips import make_clip
from localcloud.cloud import Cloud, start_cloud
from localcloud.deploy import deploy
from localcloud.messages import TopicWatch, watch_topic
from localcloud.simulator import Simulator, start_simulator
from localcloud.standing import STACK, local_parameters, put_api_key
from tests.faults.director import Director, Question, Watch
from tests.faults.fault import RACE, WEEK

WAIT_SCALE, LONGEST_WAIT = 0.01, 0.4  # a minute lasts 0.4 s, and so does everything longer
FUNCTION_SECONDS = 10  # a function's time limit: long enough on a busy machine, short enough to be reached on purpose
PARAMETERS = {"FirstWaitSeconds": "60", "SettleSeconds": "60", "HalfWaitMinutes": "1"}
PARAMETERS |= {"MaxUsdPerDay": "1000000", "MaxEditsInFlight": "1000"}  # limits have tests of their own
PROVIDER: dict[str, Any] = {
    "generation_seconds": 0.4,
    "queue_seconds": 0.1,
    "history_seconds": 0.2,
    "credits": 100_000.0,
}
ASK, ASK_ANEW = {"prompt": "Make it an alien planet"}, {"prompt": "Make it a psychedelic dream"}
WEEK_SECONDS = 8 * 24 * 3600
CLOCK_STEP = 2 * 3600  # how far the sweep's clock is put forward: past every patience of the product but the week's


class Stage:
    """The stack and all that is needed to play in it. Use `set_stage`."""

    def __init__(self, cloud: Cloud, provider: Simulator, outputs: dict[str, str], director: Director) -> None:
        self.cloud, self.provider, self.outputs, self.director = cloud, provider, outputs, director
        self.clip, self.other_clip = (make_clip(seconds=seconds).read_bytes() for seconds in (3.0, 4.0))
        self.alone = threading.RLock()  # held by whoever lets the sweep run: it looks at everybody's rows
        self.functions, self.ends = self._functions(), self._ends()
        director.verbs = {name: verb for verb, name in self.functions.items()}
        director.powers = {
            "abort": self._abort,
            "second execution": lambda _, question: self.start_again(question["execution"]),
            "same sidecar": lambda watch, _: self.put(f"{watch.about}/beach.json", json.dumps(ASK).encode()),
            "new sidecar": lambda watch, _: self.put(f"{watch.about}/beach.json", json.dumps(ASK_ANEW).encode()),
            RACE: meet,
            WEEK: let_a_week_pass,
            "new clip": lambda watch, _: self.put(f"{watch.about}/beach.mp4", self.other_clip),
        }

    def _functions(self) -> dict[str, str]:
        """The names of the stack's functions by their verbs: SubmitEditFunction is submit_edit."""
        pages = self.cloud.client("cloudformation").get_paginator("list_stack_resources").paginate(StackName=STACK)
        found = [resource for page in pages for resource in page["StackResourceSummaries"]]
        return {
            verb_of(resource["LogicalResourceId"]): resource["PhysicalResourceId"]
            for resource in found
            if resource["ResourceType"] == "AWS::Lambda::Function"
        }

    def _ends(self) -> set[str]:
        """The last states of the state machine, read from its deployed definition."""
        arn = self.outputs["EditStateMachineArn"]
        machine = self.cloud.client("stepfunctions").describe_state_machine(stateMachineArn=arn)
        states = json.loads(machine["definition"])["States"]
        return {name for name, state in states.items() if state["Type"] in ("Succeed", "Fail")}

    def put(self, key: str, body: bytes) -> None:
        self.cloud.client("s3").put_object(Bucket=self.outputs["InboxBucket"], Key=key, Body=body)

    def sweep(self, about: str, clock_ahead: int = 0) -> None:
        """Let the sweep run, as the clock does; its errors are its own affair, the next one comes in five minutes."""
        event = {"campaign": about, "clock_ahead": clock_ahead}
        self.cloud.client("lambda").invoke(FunctionName=self.functions["sweep_drops"], Payload=json.dumps(event))

    def recover(self, clock_ahead: int, seconds: float) -> bool:
        """Let somebody look through the whole inbox, which holds every run's files; False if that takes longer."""
        looking = self.director.watch(Watch(f"subject-{secrets.token_hex(5)}"))
        payload = json.dumps({"campaign": looking.about, "clock_ahead": clock_ahead})
        function = self.functions["recover_drops"]
        self.cloud.client("lambda").invoke(FunctionName=function, InvocationType="Event", Payload=payload)
        return looking.rest(0, seconds)

    def age(self, about: str) -> None:
        """Let this run's rows that somebody still has to look at seem a day older, and nobody else's."""
        table, name = self.cloud.client("dynamodb"), self.outputs["LedgerTable"]
        for page in table.get_paginator("scan").paginate(TableName=name, IndexName="sweep"):
            for listed in page["Items"]:
                key = {"pk": listed["pk"], "sk": listed["sk"]}
                row = table.get_item(TableName=name, Key=key, ConsistentRead=True).get("Item", {})
                if about in json.dumps(row) and "sweep_at" in row:
                    earlier = {":at": {"N": str(float(row["sweep_at"]["N"]) - 86_400)}}
                    update = {"UpdateExpression": "SET sweep_at = :at", "ExpressionAttributeValues": earlier}
                    table.update_item(TableName=name, Key=key, ConditionExpression="attribute_exists(sweep)", **update)

    def start_again(self, arn: str) -> None:
        """Enter an execution's document once more under another name, as a person may who wants to repair it."""
        client = self.cloud.client("stepfunctions")
        before = client.describe_execution(executionArn=arn)
        client.start_execution(
            stateMachineArn=before["stateMachineArn"], name=before["name"][:70] + "-again", input=before["input"]
        )

    def history(self, arn: str) -> list[str]:
        """The states that an execution went through."""
        pages = self.cloud.client("stepfunctions").get_paginator("get_execution_history").paginate(executionArn=arn)
        events = [event.get("stateEnteredEventDetails") for page in pages for event in page["events"]]
        return [event["name"] for event in events if event]

    def _abort(self, _: Watch, question: Question) -> None:
        self.cloud.client("stepfunctions").stop_execution(executionArn=question["execution"], error="Stopped")


def meet(watch: Watch, question: Question) -> None:
    """Let two that do the same get to the same call, and only then go on, both at once."""
    if not watch.wait_for_rival(question):
        raise TimeoutError("nobody else came")


def let_a_week_pass(watch: Watch, _: Question) -> None:
    watch.clock_ahead = WEEK_SECONDS


def verb_of(logical_id: str) -> str:
    words = logical_id.removesuffix("Function")
    return "".join("_" + letter.lower() if letter.isupper() else letter for letter in words).lstrip("_")


@contextlib.contextmanager
def set_stage(workdir: Path) -> Iterator[tuple[Stage, TopicWatch]]:
    """Start and deploy everything, give every function a short time limit, and stop everything at the end."""
    with (
        Director() as director,
        start_cloud(workdir, wait_scale=WAIT_SCALE, longest_wait=LONGEST_WAIT, director=director.address) as cloud,
        start_simulator(workdir, **PROVIDER) as provider,
    ):
        put_api_key(cloud, provider.api_key)
        parameters = {**local_parameters(provider.url), **PARAMETERS}
        stage = Stage(cloud, provider, deploy(cloud, stack_name=STACK, parameters=parameters), director)
        for verb, name in stage.functions.items():
            if verb != "recover_drops":  # it looks through the files of all runs
                cloud.client("lambda").update_function_configuration(FunctionName=name, Timeout=FUNCTION_SECONDS)
        silence_the_clock(cloud)
        with watch_topic(cloud, stage.outputs["NotificationTopicArn"]) as messages:
            yield stage, messages


def silence_the_clock(cloud: Cloud) -> None:
    """The campaign lets the sweep run itself, when it is its turn."""
    events = cloud.client("events")
    for rule in events.list_rules()["Rules"]:
        if rule.get("ScheduleExpression"):
            events.disable_rule(Name=rule["Name"])
