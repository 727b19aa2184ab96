"""What only shows on AWS itself, held without it."""

from __future__ import annotations

import boto3
import pytest
from aws_lambda_powertools.utilities.parameters import SSMProvider
from aws_lambda_powertools.utilities.parameters.exceptions import GetParameterError

from dropcut.bootstrap import SIGNED, Services
from dropcut.errors import KeyUnreadable
from dropcut.settings import Settings

URLS = {"PROVIDER_URL": "https://api.example", "PROVIDER_HISTORY_URL": "https://history.example"}


def test_a_clip_is_shared_through_its_own_region() -> None:
    session = boto3.session.Session("key", "secret", "token")
    s3 = session.client("s3", region_name="eu-central-1", config=SIGNED)
    url = s3.generate_presigned_url("get_object", Params={"Bucket": "workroom", "Key": "1/clip.mp4"}, ExpiresIn=60)
    assert url.startswith("https://workroom.s3.eu-central-1.amazonaws.com/1/clip.mp4?")


@pytest.mark.parametrize(("word", "spends"), [("true", True), ("false", False)])
def test_the_switch_of_spending_is_read_as_the_template_writes_it(word: str, spends: bool) -> None:
    limits = {"MAX_USD_PER_DAY": "50", "MAX_EDITS_IN_FLIGHT": "5", "CREDIT_WAIT_HOURS": "24"}
    assert Services(Settings({"SPENDING_ENABLED": word, **limits})).limits.spending is spends


@pytest.mark.parametrize("value", ["", "SG_0123 4567", "SG_0123\n4567", "\ufeffSG_0123", "SG_0123\u201d"])
def test_text_that_cannot_be_a_key_is_told_before_anything_is_sent(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SSMProvider, "get", lambda *_, **__: value)
    services = Services(Settings({"API_KEY_PARAMETER": "/dropcut/key", **URLS}))
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with pytest.raises(KeyUnreadable, match="/dropcut/key"):
        services.provider.ready()


def test_a_parameter_that_cannot_be_read_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise GetParameterError("ParameterNotFound")

    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    monkeypatch.setattr(SSMProvider, "get", refuse)
    services = Services(Settings({"API_KEY_PARAMETER": "/dropcut/key", **URLS}))
    with pytest.raises(KeyUnreadable, match="/dropcut/key"):
        services.provider.ready()


def test_the_process_that_parses_clips_is_given_what_it_needs_to_start_and_no_more() -> None:
    environment = {"LD_LIBRARY_PATH": "/var/lang/lib", "AWS_SECRET_ACCESS_KEY": "secret", "LEDGER_TABLE": "ledger"}
    assert Settings(environment).for_children() == {"LD_LIBRARY_PATH": "/var/lang/lib"}
