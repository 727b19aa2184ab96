"""Where the campaign plays: one embedded cloud with a director, the provider's simulator, and this template.

Many edits run in it at once. Each has a folder of its own, and whatever is asked or counted is asked by folder.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from localcloud.clips import make_clip
from localcloud.cloud import Cloud, start_cloud
from localcloud.deploy import deploy
from localcloud.messages import TopicWatch, watch_topic
from localcloud.simulator import Simulator, start_simulator
from localcloud.standing import STACK, local_parameters, put_api_key
from tests.faults.director import Director, Question, Watch
from tests.faults.fault import HEARD_LATE, HEARD_RUNNING, RACE, WEEK

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
CLOCKS = ("sweep_drops", "recheck_edits")  # what a clock starts, as far as the template has it
OVER_ALL = ("recover_drops", "recheck_edits")  # they go through what all runs left, and keep their time limits
SETTLED_SECONDS = 120.0  # for the end of an execution to be dealt with, on a machine that is busy
SOMEBODY_ELSE = "somebody-else"  # always has one of the places, so that a limit of none is reached at once


@dataclass(frozen=True)
class Upload:
    """A change of a file in the inbox, as a person made it."""

    at: float  # when it was over, by the clock of the director's questions
    key: str
    version: str  # empty where the file was deleted
    content: str  # the hash of its bytes


class Stage:
    """The stack and all that is needed to play in it. Use `set_stage`."""

    def __init__(self, cloud: Cloud, provider: Simulator, outputs: dict[str, str], director: Director) -> None:
        self.cloud, self.provider, self.outputs, self.director = cloud, provider, outputs, director
        self.clip, self.other_clip = (make_clip(seconds=seconds).read_bytes() for seconds in (3.0, 4.0))
        self.uploads: list[Upload] = []
        self.alone = threading.RLock()  # held by whoever lets the sweep run: it looks at everybody's rows
        self.functions, self.ends = self._functions(), self._ends()
        director.verbs = {name: verb for verb, name in self.functions.items()}
        director.powers = {
            "abort": self._abort,
            "stopped and redriven": self._in_the_background(self._stop_and_redrive),
            HEARD_LATE: self._in_the_background(self._redrive_then_hear),
            HEARD_RUNNING: self._hear_while_running,
            "clip deleted": lambda watch, _: self.delete(f"{watch.about}/beach.mp4"),
            "sidecar deleted": lambda watch, _: self.delete(f"{watch.about}/beach.json"),
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
        answer = self.cloud.client("s3").put_object(Bucket=self.outputs["InboxBucket"], Key=key, Body=body)
        self.uploads.append(Upload(time.monotonic(), key, answer["VersionId"], hashlib.sha256(body).hexdigest()))

    def delete(self, key: str) -> None:
        self.cloud.client("s3").delete_object(Bucket=self.outputs["InboxBucket"], Key=key)
        self.uploads.append(Upload(time.monotonic(), key, "", ""))

    def sweep(self, about: str, clock_ahead: int = 0) -> None:
        """Let everything run that the clock starts every few minutes; its errors are its own affair, it runs again."""
        event = json.dumps({"campaign": about, "clock_ahead": clock_ahead})
        for verb in CLOCKS:
            if verb in self.functions:
                self.cloud.client("lambda").invoke(FunctionName=self.functions[verb], Payload=event)

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
                if key["pk"]["S"].startswith("DOUBT#"):  # which says of whom it is in its edit's row
                    edit = {"pk": {"S": "EDIT#" + key["pk"]["S"].removeprefix("DOUBT#")}, "sk": {"S": "EDIT"}}
                    row |= {"of": table.get_item(TableName=name, Key=edit, ConsistentRead=True).get("Item", {})}
                if about in json.dumps(row) and "sweep_at" in row:
                    earlier = {":at": {"N": str(float(row["sweep_at"]["N"]) - 86_400)}}
                    update = {"UpdateExpression": "SET sweep_at = :at", "ExpressionAttributeValues": earlier}
                    with contextlib.suppress(
                        table.exceptions.ConditionalCheckFailedException
                    ):  # dealt with a moment ago
                        table.update_item(
                            TableName=name, Key=key, ConditionExpression="attribute_exists(sweep)", **update
                        )

    def start_again(self, arn: str) -> None:
        """Enter an execution's document once more under another name, as a person may who wants to repair it."""
        client = self.cloud.client("stepfunctions")
        before = client.describe_execution(executionArn=arn)
        client.start_execution(
            stateMachineArn=before["stateMachineArn"], name=before["name"][:70] + "-again", input=before["input"]
        )

    def redrive(self, arn: str) -> None:
        """Press the console's button on an execution that failed or was stopped."""
        self.cloud.client("stepfunctions").redrive_execution(executionArn=arn)

    def take_a_place(self) -> None:
        """Let somebody be at the provider and something be written down of today, before any run begins."""
        table, name = self.cloud.client("dynamodb"), self.outputs["LedgerTable"]
        flight = {"pk": {"S": "FLIGHT"}, "sk": {"S": "FLIGHT"}}
        places = {":places": {"SS": [SOMEBODY_ELSE]}}
        table.update_item(
            TableName=name, Key=flight, UpdateExpression="ADD places :places", ExpressionAttributeValues=places
        )

    def history(self, arn: str) -> list[str]:
        """The states that an execution went through."""
        pages = self.cloud.client("stepfunctions").get_paginator("get_execution_history").paginate(executionArn=arn)
        events = [event.get("stateEnteredEventDetails") for page in pages for event in page["events"]]
        return [event["name"] for event in events if event]

    def _in_the_background(self, work: Callable[[Watch, Question], None]) -> Callable[[Watch, Question], None]:
        """A power that stops an execution and goes on after its state was answered. The run is not at rest before it is
        over, and what it could not do was not met.
        """

        def power(watch: Watch, question: Question) -> None:
            def run() -> None:
                try:
                    work(watch, question)
                except Exception:  # noqa: BLE001 - whatever AWS refuses, or takes too long
                    watch.met -= {fault for fault in watch.faults if fault.who == question["who"]}
                finally:
                    watch.events.set()
                    watch.walk.set()
                    watch.busy(-1)

            watch.busy(1)
            watch.events.clear()
            try:
                self._abort(watch, question)
            except BaseException:
                watch.events.set()
                watch.busy(-1)
                raise
            threading.Thread(target=run, daemon=True).start()

        return power

    def _stop_and_redrive(self, watch: Watch, question: Question) -> None:
        """Let the end be dealt with, and only then redrive."""
        watch.events.set()
        in_time(watch.only_one_at_work(SETTLED_SECONDS))
        self.redrive(question["execution"])

    def _redrive_then_hear(self, watch: Watch, question: Question) -> None:
        """Redrive at once; while it stands in its state again, let the news of its end be handled."""
        arn, here = question["execution"], {"kind": "state", "who": question["who"], "execution": question["execution"]}
        entries = sum(all(heard.get(name) == fact for name, fact in here.items()) for heard in list(watch.trace))
        watch.walk.clear()
        self.redrive(arn)
        in_time(watch.heard(SETTLED_SECONDS, entries + 1, **here))
        handled = sum(heard["kind"] == "event handled" for heard in list(watch.trace))
        watch.events.set()
        in_time(watch.heard(SETTLED_SECONDS, handled + 1, kind="event handled"))
        in_time(watch.only_one_at_work(SETTLED_SECONDS))

    def _hear_while_running(self, _: Watch, question: Question) -> None:
        """Handle the news that this execution was stopped, and that it failed, while it stands in its state."""
        one = self.cloud.client("stepfunctions").describe_execution(executionArn=question["execution"])
        detail = {name: one[name] for name in ("executionArn", "stateMachineArn", "name", "input")}
        for status in ("ABORTED", "FAILED"):
            event = {"source": "aws.states", "detail": {**detail, "status": status, "error": status, "cause": None}}
            function = self.functions["settle_execution"]
            self.cloud.client("lambda").invoke(FunctionName=function, Payload=json.dumps(event))

    def _abort(self, _: Watch, question: Question) -> None:
        self.cloud.client("stepfunctions").stop_execution(executionArn=question["execution"], error="Stopped")


def in_time(came: bool) -> None:
    if not came:
        raise TimeoutError("it took too long")


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
def set_stage(workdir: Path, **account: Any) -> Iterator[tuple[Stage, TopicWatch]]:
    """Start and deploy everything, give every function a short time limit, and stop everything at the end. `account`
    is what else the embedded cloud can be told of its account, such as `concurrency`.
    """
    pace: dict[str, Any] = {"wait_scale": WAIT_SCALE, "longest_wait": LONGEST_WAIT}
    with (
        Director() as director,
        start_cloud(workdir, director=director.address, **pace, **account) as cloud,
        start_simulator(workdir, **PROVIDER) as provider,
    ):
        put_api_key(cloud, provider.api_key)
        parameters = {**local_parameters(provider.url), **PARAMETERS}
        stage = Stage(cloud, provider, deploy(cloud, stack_name=STACK, parameters=parameters), director)
        for verb, name in stage.functions.items():
            if verb not in OVER_ALL:
                cloud.client("lambda").update_function_configuration(FunctionName=name, Timeout=FUNCTION_SECONDS)
        silence_the_clock(cloud)
        stage.take_a_place()
        with watch_topic(cloud, stage.outputs["NotificationTopicArn"]) as messages:
            yield stage, messages


def silence_the_clock(cloud: Cloud) -> None:
    """The campaign lets the sweep run itself, when it is its turn."""
    events = cloud.client("events")
    for rule in events.list_rules()["Rules"]:
        if rule.get("ScheduleExpression"):
            events.disable_rule(Name=rule["Name"])
