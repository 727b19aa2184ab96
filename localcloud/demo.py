"""`make demo`: one edit from drop to delivery, on this machine, with everything it gave left in demo-output/."""

from __future__ import annotations

import argparse
import contextlib
import json
import shutil
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from localcloud.cloud import REPOSITORY, WORKSHOP, CloudFailed
from localcloud.deploy import DeployFailed
from localcloud.executions import Execution, describe_execution, history, list_executions
from localcloud.keepsakes import Keepsakes, near
from localcloud.messages import Message, TopicWatch, watch_topic
from localcloud.packaging import PackagingFailed
from localcloud.progress import Progress
from localcloud.simulator import SimulatorFailed
from localcloud.standing import Standing, stand_up

PROMPT = "Deep winter over the bay: heavy snow is falling, frost on the hills, pale cold light"
SPEED = 30.0
FOLDER = "trip"
GENERATION_SECONDS = 200.0  # the model's published average, instead of a chance that could be long
START_PATIENCE = 30.0  # seconds until an execution must have begun
END_PATIENCE = 60.0  # and ended, beside what the provider and the waits take
END_PATIENCE_AT_REAL_SPEED = 900.0
LOOK_EVERY = 0.15
KEEP_RUNS = 5


class DemoFailed(Exception):
    """The demo cannot go on; the text says why and where to look."""


def main(arguments: list[str]) -> int:
    """Run the demo: 0 if the edit was delivered, or refused as it should be; 130 after Ctrl-C."""
    options = parse(arguments)
    workdir = new_workdir()
    try:
        clip, sidecar = what_to_drop(options)
        keepsakes = Keepsakes(options.output)
        say("Starting an embedded cloud and a provider simulator, deploying template.yaml ...")
        with stand_up(workdir, speed=options.speed, provider=provider_settings()) as standing, quiet_end():
            return show(standing, clip, sidecar, keepsakes, options.speed)
    except KeyboardInterrupt:
        say("\nStopped; nothing is left running.")
        return 130
    except (DemoFailed, CloudFailed, SimulatorFailed, DeployFailed, PackagingFailed, OSError) as problem:
        print(f"\nThe demo failed: {problem}{last_error(workdir)}", file=sys.stderr)
        return 1


def parse(arguments: list[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="python -m localcloud demo", description="Show one edit, end to end.")
    parser.add_argument("--clip", type=Path, help="a clip of your own (mp4 or mov; default: one drawn here)")
    parser.add_argument("--prompt", help="what to do with it")
    parser.add_argument("--sidecar", type=Path, help="a sidecar of your own, instead of --prompt")
    parser.add_argument(
        "--speed", type=float, default=SPEED, help="times faster than in reality (default: %(default)g)"
    )
    parser.add_argument("--output", type=Path, default=REPOSITORY / "demo-output", help="where the results go")
    options = parser.parse_args(arguments)
    if options.speed <= 0:
        parser.error("--speed must be more than 0")
    if options.prompt is not None and options.sidecar:
        parser.error("--prompt and --sidecar: one of the two")
    return options


def what_to_drop(options: argparse.Namespace) -> tuple[Path, bytes]:
    """Return the clip and the bytes of its sidecar; raises DemoFailed."""
    from localcloud.clips import ClipFailed, make_clip

    for path in (options.clip, options.sidecar):
        if path is not None and not path.is_file():
            raise DemoFailed(f"there is no file {path}")
    if options.clip and options.clip.suffix.lower() not in (".mp4", ".mov"):
        raise DemoFailed(f"{options.clip} is no .mp4 or .mov, so the application would ignore it")
    try:
        clip = options.clip or make_clip(WORKSHOP / "clips" / "beach.mp4")
    except ClipFailed as problem:
        raise DemoFailed(str(problem)) from problem
    if options.sidecar:
        return clip, options.sidecar.read_bytes()
    sidecar = {"prompt": PROMPT if options.prompt is None else options.prompt, "keep_audio": True}
    return clip, (json.dumps(sidecar, indent=2, ensure_ascii=False) + "\n").encode()


def show(standing: Standing, clip: Path, sidecar: bytes, keepsakes: Keepsakes, speed: float) -> int:
    """Drop, follow, save and sum up."""
    with watch_topic(standing.cloud, standing.outputs["NotificationTopicArn"]) as watch:
        say(f"Dropping {clip.name} and its sidecar; time runs {speed:g} times faster than in reality.\n")
        progress = Progress(time.time(), say)
        drop(standing, clip, sidecar)
        progress.line("Dropped", f"s3://{standing.outputs['InboxBucket']}/{FOLDER}/")
        execution = follow(standing, progress, speed)
        message = notification(watch)
    keepsakes.dropped(clip, sidecar)
    keepsakes.came(standing.cloud.client("s3"), standing.outputs["OutboxBucket"], FOLDER)
    keepsakes.told(message)
    say("\n" + keepsakes.summary(clip, standing.provider.bill()))
    return 0 if message.attributes.get("status") == "REJECTED" or execution.status == "SUCCEEDED" else 1


def drop(standing: Standing, clip: Path, sidecar: bytes) -> None:
    """Put the two files into the inbox as any S3 client would."""
    s3, inbox = standing.cloud.client("s3"), standing.outputs["InboxBucket"]
    s3.upload_file(str(clip), inbox, f"{FOLDER}/{clip.name}")
    s3.put_object(Bucket=inbox, Key=f"{FOLDER}/{clip.stem}.json", Body=sidecar)


def follow(standing: Standing, progress: Progress, speed: float) -> Execution:
    """Tell what happens until the execution ends; raises DemoFailed if it does not begin or end."""
    cloud, deadline = standing.cloud, time.monotonic() + START_PATIENCE
    while not (executions := list_executions(cloud, standing.outputs["EditStateMachineArn"])):
        wait_until(deadline, f"no edit was started within {START_PATIENCE:.0f} s of the drop")
    arn, patience = executions[0].arn, END_PATIENCE + END_PATIENCE_AT_REAL_SPEED / speed
    deadline = time.monotonic() + patience
    while True:
        execution = describe_execution(cloud, arn)
        progress.feed(history(cloud, arn))
        if execution.status != "RUNNING":
            return execution
        wait_until(deadline, f"the edit has not ended within {patience:.0f} s; it is in {progress.states[-1:]}")


def wait_until(deadline: float, complaint: str) -> None:
    """Wait a moment; raises DemoFailed with the complaint once the deadline is over."""
    if time.monotonic() > deadline:
        raise DemoFailed(complaint)
    time.sleep(LOOK_EVERY)


def notification(watch: TopicWatch) -> Message:
    """Return the message about the edit."""
    try:
        return watch.wait_for(lambda _: True, seconds=START_PATIENCE)
    except AssertionError:
        raise DemoFailed("the edit ended, but no notification came") from None


def last_error(workdir: Path) -> str:
    """Return where the logs are, and what a function last complained of: often the reason."""
    log = workdir / "cloud.log"
    if not log.is_file():
        return ""
    complaints = [line[:300] for line in log.read_text(errors="replace").splitlines() if line.startswith("[ERROR]")]
    return "\n".join(["", *complaints[-1:], f"Logs: {near(workdir)}"])


def provider_settings() -> dict[str, Any]:
    """Return what makes the simulated provider an average one."""
    return {"generation_seconds": GENERATION_SECONDS, "queue_seconds": 2.0}


@contextlib.contextmanager
def quiet_end() -> Iterator[None]:
    """Let a second Ctrl-C, pressed while everything is being stopped, not spoil the stopping."""
    try:
        yield
    except KeyboardInterrupt:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        raise


def new_workdir() -> Path:
    """Return a folder for the logs of this run, and drop those of long ago."""
    runs = WORKSHOP / "demo"
    runs.mkdir(parents=True, exist_ok=True)
    for old in sorted(runs.iterdir())[: -KEEP_RUNS + 1]:
        shutil.rmtree(old, ignore_errors=True)
    return runs / f"{time.strftime('%Y%m%d-%H%M%S')}-{time.time_ns() % 1000:03d}"


def say(text: str) -> None:
    """Print at once, terminal or not."""
    print(text, flush=True)
