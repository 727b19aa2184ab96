"""The API key and the clip's signed address are known to the provider and to nobody else."""

from __future__ import annotations

import json

from localcloud.executions import history, states_entered
from localcloud.standing import put_api_key
from tests.e2e.local_powers import Powers
from tests.e2e.outcomes import ASK, assert_delivered, assert_ended
from tests.e2e.stand import Stand, eventually

SIGNED = (
    "https://workroom.s3.amazonaws.com/clip.mp4?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=ASIAEXAMPLE%2F2026"
    "&X-Amz-Security-Token=FwoGZXIvYXdzEXAMPLE&X-Amz-Signature=5ec4e75ec4e7"
)


def everything_said(stand: Stand, powers: Powers) -> dict[str, str]:
    """All that this stand ever wrote where a person can read it, by where it is."""
    runs = stand.executions("")
    said = {
        "logs": powers.logs(),
        "log group": "\n".join(line["message"] for line in stand.log_lines()),
        "executions": repr(runs),
        "histories": json.dumps([history(stand.cloud, run.arn) for run in runs], default=str),
        "messages": "\n".join(message.body + message.text + message.subject for message in stand.messages("")),
        "ledger": repr(stand.ledger()),
    }
    return said | {key: stand.read(key).decode() for key in stand.outbox("") if key.endswith(".json")}


def test_no_secret_is_written_anywhere(stand: Stand, powers: Powers, folder: str, clip: bytes) -> None:
    key = stand.provider.api_key
    words = f"Reference media rejected: could not fetch {SIGNED} for x-api-key: {key}"
    stand.provider.inject({"stage": "submit", "kind": "failed", "text": words})
    stand.drop(f"{folder}told/beach.mp4", clip, ASK)
    assert (
        "could not fetch https://workroom.s3.amazonaws.com/clip.mp4"
        in assert_ended(stand, f"{folder}told/", "FAILED").text
    )
    stand.drop(f"{folder}good/beach.mp4", clip, ASK)
    assert_delivered(stand, f"{folder}good/")
    stand.drop(f"{folder}signed/beach.mp4", clip, {"prompt": f"like {SIGNED}", "image_urls": [SIGNED], "mode": key})
    assert [run.error for run in stand.finish(f"{folder}signed/")] == ["Rejected"]

    secrets = [key, "X-Amz-Signature=5ec4e7", "5ec4e75ec4e7", "ASIAEXAMPLE", "FwoGZXIvYXdzEXAMPLE"]
    for place, text in everything_said(stand, powers).items():
        told = [secret for secret in secrets if secret in text]
        assert told == [], place
        signatures = text.count("X-Amz-Signature=") - text.count("X-Amz-Signature=***")
        assert signatures == 0, place


def test_the_provider_is_given_an_address_of_this_clip_alone(stand: Stand, folder: str, clip: bytes) -> None:
    stand.drop(f"{folder}beach.mp4", clip, ASK)
    stand.finish(folder)
    (post,) = stand.posts(folder)
    (edit,) = stand.edits(folder)
    bucket, _, key = post["video_url"].split("/", 3)[3].partition("/")
    assert (bucket, key) == (stand.outputs["WorkroomBucket"], f"{edit['edit_id']}/1/clip.mp4")
    frozen = stand.cloud.client("s3").get_object(Bucket=bucket, Key=key)
    with frozen["Body"] as body:
        assert body.read() == clip
    assert frozen["Metadata"] == {}


def test_a_replaced_api_key_is_read_while_an_edit_runs(stand: Stand, folder: str, clip: bytes) -> None:
    """Between the old key's end at the provider and the new one in the parameter every poll is a 401."""
    old, new = stand.provider.api_key, "SG_00000000deadbeef"
    stand.drop(f"{folder}beach.mp4", clip, ASK)
    try:
        eventually(lambda: stand.posts(folder), "it is submitted")
        stand.provider.settings(api_key=new)
        (run,) = stand.executions(folder)
        eventually(lambda: "PollEdit" in states_entered(stand.cloud, run.arn)[:-1], "one poll was refused")
        put_api_key(stand.cloud, new)
        assert_delivered(stand, folder)
    finally:
        stand.provider.settings(api_key=old)
        put_api_key(stand.cloud, old)
