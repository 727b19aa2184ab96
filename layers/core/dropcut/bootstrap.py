"""The one place that builds real things. Handlers ask for `services()`; nothing is opened before it is needed."""

from __future__ import annotations

import time
from decimal import Decimal
from functools import cache, cached_property, partial
from typing import Any

import boto3
from botocore.config import Config

from dropcut.domain.model import Limits
from dropcut.ports import Clock, Executions, Files, Inspector, Journal, Ledger, Prober, Provider, Results, Topic
from dropcut.settings import Settings

# A service that takes connections and never answers is given up after attempts x (connect + read) seconds, and the
# pauses that the SDK makes between them, at most 1 and 2 s:
#
#   PLAIN    3 x (2 + 4) + 3   21 s   DynamoDB, Step Functions, SNS, STS, SSM: their slowest answers take about a second
#   SIGNED   3 x (2 + 5) + 3   24 s   S3: find, list, read, write small files
#   BULK     2 x (5 + 40) + 1  91 s   S3: copy a clip of 200 MB; take a part of a result, and put the parts together
#
# What hangs raises, and that ends the run. So a function needs the time of its work and of one call that hangs; of two
# where an error file that cannot be written is got over. tests/contract/test_hung_services.py does the sum:
#
#   start_edit, report_failure, settle_execution    60 s   24 + 21, and some seconds of work
#   inspect_clip                                    90 s   24, the clip is streamed, and 12 for MediaInfo
#   prepare_edit                                   120 s   24 + 21; 97 for an inspection, of an execution of 0.1.0
#   submit_edit                                    140 s   30 until the intent is written (LATEST_SEND; later it is not
#                                                          sent), 21 to write it, 65 to post, 21 to write the answer
#   poll_edit, find_result                          90 s   30 for each of two reads at the provider, 21 to write
#   find_submission                                300 s   30 for a page of the history that hangs, 21 to write
#   deliver_edit, restore_output                   900 s   91 for a part; it is tried again for seven days
#   sweep_drops, recover_drops                120, 600 s   one item; others are tried, and the next run goes on
PLAIN = Config(connect_timeout=2, read_timeout=4, retries={"mode": "standard", "total_max_attempts": 3})
# "virtual" makes presigned addresses regional; the default gives the global host, which sends new buckets elsewhere.
SIGNED = PLAIN.merge(Config(signature_version="s3v4", s3={"addressing_style": "virtual"}, read_timeout=5))
BULK = SIGNED.merge(Config(connect_timeout=5, read_timeout=40, retries={"mode": "standard", "total_max_attempts": 2}))
# A little more than InspectClip may take, once: the state machine asks again.
INSPECTING = PLAIN.merge(Config(read_timeout=95, retries={"mode": "standard", "total_max_attempts": 1}))


class Services:
    """Everything that a use case may need, each built on first use. Fits `ports.Services`; so do the fakes.

    Each adapter is imported where it is built: a cold start pays for what its function uses, and for nothing else.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    clock: Clock = staticmethod(time.time)

    @property
    def inbox(self) -> str:
        return self.settings.text("INBOX_BUCKET")

    @property
    def outbox(self) -> str:
        return self.settings.text("OUTBOX_BUCKET")

    @property
    def stack(self) -> str:
        return self.settings.text("STACK_NAME")

    @property
    def max_clip_seconds(self) -> float:
        return self.settings.number("MAX_CLIP_SECONDS")

    @property
    def max_usd_per_day(self) -> Decimal:
        return Decimal(self.settings.text("MAX_USD_PER_DAY"))

    @property
    def limits(self) -> Limits:
        return Limits(
            usd_per_day=self.max_usd_per_day,
            in_flight=int(self.settings.number("MAX_EDITS_IN_FLIGHT")),
            spending=self.settings.text("SPENDING_ENABLED") == "true",
            credit_wait_hours=self.settings.number("CREDIT_WAIT_HOURS"),
        )

    @property
    def first_wait_seconds(self) -> int:
        return int(self.settings.number("FIRST_WAIT_SECONDS"))

    @property
    def settle_seconds(self) -> int:
        return int(self.settings.number("SETTLE_SECONDS"))

    @property
    def sweep_window_hours(self) -> float:
        return self.settings.number("SWEEP_WINDOW_HOURS")

    @property
    def half_wait_minutes(self) -> float:
        return self.settings.number("HALF_WAIT_MINUTES")

    @cached_property
    def files(self) -> Files:
        from dropcut.adapters.s3 import S3Files

        return S3Files(
            boto3.client("s3", config=SIGNED),
            self._reader,
            workroom=self.settings.text("WORKROOM_BUCKET"),
            outbox=self.outbox,
            bulk=boto3.client("s3", config=BULK),
        )

    @cached_property
    def ledger(self) -> Ledger:
        from dropcut.adapters.dynamodb.ledger import DynamoLedger

        return DynamoLedger(self._table)

    @cached_property
    def journal(self) -> Journal:
        from dropcut.adapters.dynamodb.journal import DynamoJournal

        return DynamoJournal(self._table)

    @cached_property
    def executions(self) -> Executions:
        from dropcut.adapters.step_functions import StepFunctionsExecutions

        return StepFunctionsExecutions(
            boto3.client("stepfunctions", config=PLAIN), self.settings.text("STATE_MACHINE_ARN")
        )

    @cached_property
    def topic(self) -> Topic:
        from dropcut.adapters.sns import SnsTopic

        return SnsTopic(boto3.client("sns", config=PLAIN), self.settings.text("TOPIC_ARN"))

    @cached_property
    def provider(self) -> Provider:
        from dropcut.adapters.segmind.client import SegmindProvider
        from dropcut.adapters.ssm import ApiKey

        name = self.settings.text("API_KEY_PARAMETER")
        urls = {
            "api_url": self.settings.text("PROVIDER_URL"),
            "history_url": self.settings.text("PROVIDER_HISTORY_URL"),
        }
        return SegmindProvider(ApiKey(boto3.client("ssm", config=PLAIN), name, self.clock), **urls)

    @cached_property
    def results(self) -> Results:
        from dropcut.adapters.downloads import WebResults

        return WebResults(self.settings.list("RESULT_HOSTS"))

    @cached_property
    def probe(self) -> Prober:
        from dropcut.adapters.mediainfo.probe import probe_clip  # only inspect_clip has the native library

        return partial(probe_clip, environment=self.settings.for_children())

    @cached_property
    def inspector(self) -> Inspector:
        from dropcut.adapters.lambda_inspector import LambdaInspector

        return LambdaInspector(boto3.client("lambda", config=INSPECTING), self.settings.text("INSPECT_CLIP_FUNCTION"))

    @cached_property
    def _table(self) -> Any:
        return boto3.resource("dynamodb", config=PLAIN).Table(self.settings.text("LEDGER_TABLE"))

    def _reader(self) -> tuple[Any, float]:
        """A client of the role that can read the workroom and nothing else, and when its credentials die.

        A URL signed with the function's own credentials dies with them, at a time that AWS does not promise.
        """
        from dropcut.adapters.s3 import SHARED_SECONDS

        role = self.settings.text("CLIP_READER_ROLE_ARN")
        answer = boto3.client("sts", config=PLAIN).assume_role(
            RoleArn=role, RoleSessionName="dropcut-clip-reader", DurationSeconds=SHARED_SECONDS
        )
        keys = answer["Credentials"]
        client = boto3.client(  # of the session that there is: one of its own would read all models of AWS again
            "s3",
            config=SIGNED,
            aws_access_key_id=keys["AccessKeyId"],
            aws_secret_access_key=keys["SecretAccessKey"],
            aws_session_token=keys["SessionToken"],
        )
        return client, keys["Expiration"].timestamp()


@cache
def services() -> Services:
    """This sandbox's services; a warm invocation finds them ready."""
    return Services(Settings())
