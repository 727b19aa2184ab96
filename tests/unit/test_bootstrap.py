"""What only shows on AWS itself, held without it."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from dropcut.adapters.ssm import ApiKey
from dropcut.bootstrap import SIGNED, Services
from dropcut.domain.errors import KeyUnreadable
from dropcut.settings import Settings
from tests.fakes.examples import NOW
from tests.fakes.services import FakeClock


def test_a_clip_is_shared_through_its_own_region() -> None:
    session = boto3.session.Session("key", "secret", "token")
    s3 = session.client("s3", region_name="eu-central-1", config=SIGNED)
    url = s3.generate_presigned_url("get_object", Params={"Bucket": "workroom", "Key": "1/clip.mp4"}, ExpiresIn=60)
    assert url.startswith("https://workroom.s3.eu-central-1.amazonaws.com/1/clip.mp4?")


def test_a_clip_is_shared_as_the_role_that_reads_it(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = {"AccessKeyId": "READER", "SecretAccessKey": "s", "SessionToken": "token"}
    answer = {"Credentials": {**keys, "Expiration": datetime.fromtimestamp(NOW, UTC)}}
    build, sts = boto3.client, SimpleNamespace(assume_role=lambda **_: answer)
    monkeypatch.setattr(boto3, "client", lambda name, **more: sts if name == "sts" else build(name, **more))
    for name, value in {"ACCESS_KEY_ID": "FUNCTION", "SECRET_ACCESS_KEY": "s", "DEFAULT_REGION": "us-east-1"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    names = {"WORKROOM_BUCKET": "workroom", "OUTBOX_BUCKET": "outbox", "CLIP_READER_ROLE_ARN": "arn"}
    shared = Services(Settings(names)).files.share("e/1/clip.mp4")
    assert shared.expires_at == NOW
    assert "X-Amz-Credential=READER%2F" in shared.url
    assert "X-Amz-Security-Token=token" in shared.url


class Parameters:
    """SSM with one parameter, which is read or refused."""

    def __init__(self, value: str | None) -> None:
        self.value, self.reads = value, 0

    def get_parameter(self, *, Name: str, WithDecryption: bool) -> dict[str, Any]:  # noqa: N803 - boto3's names
        self.reads += 1
        if self.value is None:
            raise ClientError({"Error": {"Code": "ParameterNotFound"}}, "GetParameter")
        assert WithDecryption
        return {"Parameter": {"Value": self.value}}


@pytest.mark.parametrize(("word", "spends"), [("true", True), ("false", False)])
def test_the_switch_of_spending_is_read_as_the_template_writes_it(word: str, spends: bool) -> None:
    limits = {"MAX_USD_PER_DAY": "50", "MAX_EDITS_IN_FLIGHT": "5", "CREDIT_WAIT_HOURS": "24"}
    assert Services(Settings({"SPENDING_ENABLED": word, **limits})).limits.spending is spends


@pytest.mark.parametrize("value", ["", "SG_0123 4567", "SG_0123\n4567", "\ufeffSG_0123", "SG_0123\u201d"])
def test_an_invalid_key_is_reported_before_anything_is_sent(value: str) -> None:
    with pytest.raises(KeyUnreadable, match="/dropcut/key"):
        ApiKey(Parameters(value), "/dropcut/key", FakeClock())(False)


def test_a_parameter_that_cannot_be_read_is_named() -> None:
    with pytest.raises(KeyUnreadable, match="/dropcut/key"):
        ApiKey(Parameters(None), "/dropcut/key", FakeClock())(False)


def test_the_key_is_kept_five_minutes_unless_it_is_refused() -> None:
    clock, parameters = FakeClock(), Parameters("old\n")
    key = ApiKey(parameters, "/dropcut/key", clock)
    assert key(False) == "old"
    parameters.value = "new"
    clock.now += 299
    assert key(False) == "old"
    clock.now += 1
    assert key(False) == "new"
    parameters.value = "newer"
    assert (key(True), key(False), parameters.reads) == ("newer", "newer", 3)


def test_the_days_limit_is_known_without_the_other_spending_limits() -> None:
    assert Services(Settings({"MAX_USD_PER_DAY": "12.5"})).max_usd_per_day == Decimal("12.5")


def test_the_parser_process_gets_only_the_environment_that_it_needs() -> None:
    environment = {"LD_LIBRARY_PATH": "/var/lang/lib", "AWS_SECRET_ACCESS_KEY": "secret", "LEDGER_TABLE": "ledger"}
    assert Settings(environment).for_children() == {"LD_LIBRARY_PATH": "/var/lang/lib"}
