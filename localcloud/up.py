"""`python -m localcloud up`: the application left standing, for `aws s3 cp` from another terminal."""

from __future__ import annotations

import argparse
import json
import shlex
import shutil
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from localcloud.cloud import WORKSHOP, CloudFailed
from localcloud.dead_letters import DeadLetters
from localcloud.deploy import DeployFailed
from localcloud.executions import describe_execution, list_executions
from localcloud.messages import Message, watch_topic
from localcloud.packaging import PackagingFailed
from localcloud.simulator import SimulatorFailed
from localcloud.standing import Standing, stand_up

AFTERWARDS = "# once the notification is here"
HALF_WAIT_MINUTES = 1  # the least that the template takes; the sweep looks every five minutes of real time
SIDECAR = {"prompt": "Paint the whole scene as a watercolour, soft edges, visible paper", "duration": "4"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.add_argument("--port", type=int, default=0, help="port of the cloud's endpoint (default: a free one)")
    parser.add_argument(
        "--speed",
        type=float,
        default=30.0,
        help="how many times faster than in reality the provider edits and the state machine waits; "
        "at 1 an edit takes its real four minutes (default: %(default)g)",
    )
    parser.add_argument(
        "--workdir", type=Path, default=None, help="where logs and mail go (default: a new folder in .workshop/up)"
    )


def main(arguments: argparse.Namespace) -> int:
    """Stand until Ctrl-C or SIGTERM; 0 then, 1 where it cannot stand."""
    workdir = arguments.workdir or WORKSHOP / "up" / time.strftime("%Y%m%d-%H%M%S")
    if arguments.speed <= 0:
        print("--speed must be more than 0.", file=sys.stderr)
        return 2
    print("Starting ...", file=sys.stderr, flush=True)
    try:
        with stand_up(
            workdir,
            speed=arguments.speed,
            port=arguments.port,
            parameters={"HalfWaitMinutes": str(HALF_WAIT_MINUTES)},
        ) as standing:
            print(welcome(standing, *sample(workdir)), flush=True)
            with watch_topic(standing.cloud, standing.outputs["NotificationTopicArn"]) as watch:
                begun, dead_letters = set[str](), DeadLetters(standing.cloud, standing.outputs["LostEventsQueueUrl"])
                while standing.cloud.is_running():
                    if news := dead_letters.news():
                        print(news, flush=True)
                    for line in beginnings(standing, begun):
                        print(line, flush=True)
                    for message in watch.receive(1.0):
                        print(announcement(message), flush=True)
        print(f"The embedded cloud has ended by itself. Its log: {workdir / 'cloud.log'}", file=sys.stderr)
    except KeyboardInterrupt:
        print("Stopped; nothing is left running.", file=sys.stderr)
        return 0
    except (CloudFailed, SimulatorFailed, DeployFailed, PackagingFailed, OSError) as problem:
        print(f"{problem}\nLogs: {workdir}", file=sys.stderr)
    return 1


def beginnings(standing: Standing, begun: set[str]) -> Iterator[str]:
    """A line for each edit that has begun since the last look; its end is announced by its notification."""
    for execution in list_executions(standing.cloud, standing.outputs["EditStateMachineArn"]):
        if execution.arn not in begun:
            begun.add(execution.arn)
            drop = describe_execution(standing.cloud, execution.arn).input["drop"]
            yield f"--- {time.strftime('%H:%M:%S')}  {drop['clip_key']} and {drop['sidecar_key']}: the edit begins\n"


def sample(workdir: Path) -> tuple[Path, Path]:
    """A clip and its sidecar to begin with, so that what is printed works as it stands."""
    from localcloud.clips import make_clip

    clip = make_clip(workdir / "sample" / "beach.mp4", fine=True)
    sidecar = clip.with_suffix(".json")
    sidecar.write_text(json.dumps(SIDECAR, indent=2) + "\n", encoding="utf-8")
    return clip, sidecar


def welcome(standing: Standing, clip: Path, sidecar: Path) -> str:
    """What stands where, and what to type."""
    inbox, outbox = standing.outputs["InboxBucket"], standing.outputs["OutboxBucket"]
    exports = " ".join(f"{name}={value}" for name, value in standing.cloud.environment().items())
    typed = "\n  ".join(to_type(aws_command(), inbox, outbox, clip, sidecar))
    return f"""
Dropcut is standing, and forgets everything when it stops.

  cloud      {standing.cloud.endpoint}
  provider   {standing.provider.url}   (a simulator: nothing is paid)
  inbox      {inbox}
  outbox     {outbox}
  logs, mail {nearby(standing.cloud.workdir)}

In another terminal, here:

  export {exports}
  {typed}

Notifications appear below. A file whose partner does not come gets a notice after {HALF_WAIT_MINUTES} to 6 minutes.
Ctrl-C stops everything.
"""


def aws_command() -> str | None:
    """The `aws` that a person here can type: the one on PATH, or the one that `make dev` puts beside the SAM CLI."""
    ours = WORKSHOP / "sam" / "bin" / "aws"
    return "aws" if shutil.which("aws") else shlex.quote(nearby(ours)) if ours.exists() else None


def to_type(aws: str | None, inbox: str, outbox: str, clip: Path, sidecar: Path) -> list[str]:
    """The commands that drop both files and fetch what came; without an `aws`, by the boto3 of the workshop."""
    halves = [(shlex.quote(nearby(half)), half.name) for half in (clip, sidecar)]
    if aws:
        drops = [f"{aws} s3 cp {path} s3://{inbox}/trip/" for path, _ in halves]
        return [*drops, f"{aws} s3 cp --recursive s3://{outbox}/trip/ edited/    {AFTERWARDS}"]
    boto3 = ".workshop/dev/bin/python -c 'import sys, boto3; boto3.client(\"s3\").{}(*sys.argv[1:])'"
    drops = [f"{boto3.format('upload_file')} {path} {inbox} trip/{name}" for path, name in halves]
    fetch = f"mkdir -p edited; {boto3.format('download_file')} {outbox} trip/{clip.name} edited/{clip.name}"
    return [*drops, f"{fetch}    {AFTERWARDS}"]


def nearby(path: Path) -> str:
    """The path as one types it from here."""
    here = Path.cwd()
    return str(path.resolve().relative_to(here) if path.resolve().is_relative_to(here) else path)


def announcement(message: Message) -> str:
    """One notification: what an e-mail reader sees, and the attributes that machines filter on."""
    attributes = "  ".join(f"{name}={value}" for name, value in sorted(message.attributes.items()))
    text = "\n".join("  " + line for line in (message.text or message.body).splitlines())
    return f"--- {time.strftime('%H:%M:%S')}  {message.subject}\n  [{attributes}]\n{text}\n"
