"""`make demo`: one edit from drop to delivery, on this machine, with everything it gave left in demo-output/."""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from localcloud.cloud import WORKSHOP, CloudFailed
from localcloud.deploy import DeployFailed
from localcloud.ending import Ending
from localcloud.executions import Execution, describe_execution, history, list_executions
from localcloud.keepsakes import Keepsakes, about, near
from localcloud.messages import Message, TopicWatch, watch_topic
from localcloud.offer import DRAWN, Offer, OfferRefused, parse, what_to_drop
from localcloud.packaging import PackagingFailed
from localcloud.progress import Progress
from localcloud.simulator import SimulatorFailed
from localcloud.standing import Standing, stand_up
from localcloud.terminal import Terminal, plain, wrap

FOLDER = "trip"
GENERATION_SECONDS = 200.0  # the model's published average, instead of a chance that could be long
START_PATIENCE = 30.0  # seconds until an execution must have begun
END_PATIENCE = 60.0  # and ended, beside what the provider and the waits take
END_PATIENCE_AT_REAL_SPEED = 900.0
LOOK_EVERY = 0.15
KEEP_RUNS = 5
SHOWN_PROMPT = 600  # characters: enough for any that a person writes by hand


class DemoFailed(Exception):
    """The demo cannot go on; the text says why and where to look."""


def main(arguments: list[str]) -> int:
    """Run the demo: 0 if the edit was delivered, or refused as it should be; 1, 2 and 130 as --help says."""
    for stream in (sys.stdout, sys.stderr):
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]  # a name may be in letters that it has not
    options = parse(arguments)
    terminal, workdir = Terminal(sys.stdout), new_workdir()
    try:
        return run(options, terminal, workdir)
    except KeyboardInterrupt:
        terminal.say("\nStopped; nothing is left running.")
        return 130
    except OfferRefused as problem:
        complain(f"Nothing is dropped: {problem}")
        return 2
    except BrokenPipeError:
        return unheard()
    except (DemoFailed, CloudFailed, SimulatorFailed, DeployFailed, PackagingFailed, OSError) as problem:
        terminal.clear()
        complain(f"\nThe demo failed: {problem}{last_error(workdir)}")
        return 1


def run(options: argparse.Namespace, terminal: Terminal, workdir: Path) -> int:
    """Take what is given, stand everything up, and show it."""
    if not options.clip and not DRAWN.exists():
        terminal.tell("Drawing a clip: a coast at sunset, with sound ...")
    offer = what_to_drop(options)
    keepsakes = Keepsakes(options.output)
    clip = keepsakes.begin(offer.clip, offer.sidecar, offer.sidecar_name)
    terminal.tell("Starting an embedded cloud and a provider simulator, deploying template.yaml ...")
    started = counting(terminal)
    with stand_up(workdir, speed=options.speed, provider=provider_settings()) as standing, quiet_end():
        started.set()
        return show(standing, Ending(terminal, offer, keepsakes, clip), options.speed)


def counting(terminal: Terminal) -> threading.Event:
    """Count seconds on the line that moves, until the event is set: the first start takes a while."""
    over, began = threading.Event(), time.monotonic()

    def count() -> None:
        while not over.wait(1.0):
            terminal.live(f"  {time.monotonic() - began:.0f} s; usually five, and more the first time")

    if terminal.moves:
        threading.Thread(target=count, daemon=True).start()
    return over


def show(standing: Standing, ending: Ending, speed: float) -> int:
    """Drop, follow, save and sum up."""
    terminal, offer = ending.terminal, ending.offer
    with watch_topic(standing.cloud, standing.outputs["NotificationTopicArn"]) as watch:
        announce(terminal, offer, ending.clip, speed)
        progress = Progress(terminal, speed, GENERATION_SECONDS)
        drop(standing, ending.clip, offer)
        progress.line("Dropped", f"s3://{standing.outputs['InboxBucket']}/{FOLDER}/")
        execution = follow(standing, progress, speed)
        message = notification(watch)
    ending.collect(standing.cloud.client("s3"), standing.outputs["OutboxBucket"], FOLDER, message)
    ending.tell(standing.provider.bill())
    return 0 if ending.status == "REJECTED" or execution.status == "SUCCEEDED" else 1


def announce(terminal: Terminal, offer: Offer, clip: Path, speed: float) -> None:
    """Say what is dropped, and above all the prompt."""
    terminal.tell(f"Dropping {clip.name} ({about(clip)}) with {offer.sidecar_name}:")
    prompt = "(a sidecar of which no prompt can be read)" if offer.prompt is None else f'"{offer.prompt}"'
    prompt = plain(prompt if len(prompt) <= SHOWN_PROMPT else f"{prompt[:SHOWN_PROMPT]}...")
    lines = [terminal.paint(line, "bold") for line in wrap(prompt, terminal.text_columns - 2)]
    terminal.say("\n" + "\n".join("  " + line for line in lines) + "\n")
    terminal.tell(f"On the left is your clock. The provider's runs {speed:g} times faster; ~ marks an estimate.")
    terminal.say()


def drop(standing: Standing, clip: Path, offer: Offer) -> None:
    """Put the two files into the inbox as any S3 client would."""
    s3, inbox = standing.cloud.client("s3"), standing.outputs["InboxBucket"]
    s3.upload_file(str(clip), inbox, f"{FOLDER}/{clip.name}")
    s3.put_object(Bucket=inbox, Key=f"{FOLDER}/{offer.sidecar_name}", Body=offer.sidecar)


def follow(standing: Standing, progress: Progress, speed: float) -> Execution:
    """Tell what happens until the execution ends; raises DemoFailed if it does not begin or end."""
    cloud, deadline = standing.cloud, time.monotonic() + START_PATIENCE
    while not (executions := list_executions(cloud, standing.outputs["EditStateMachineArn"])):
        progress.tick()
        wait_until(deadline, f"no edit was started within {START_PATIENCE:.0f} s of the drop")
    arn, patience = executions[0].arn, END_PATIENCE + END_PATIENCE_AT_REAL_SPEED / speed
    deadline = time.monotonic() + patience
    while True:
        execution = describe_execution(cloud, arn)
        progress.feed(history(cloud, arn))
        if execution.status != "RUNNING":
            return execution
        progress.tick()
        wait_until(deadline, f"the edit has not ended within {patience:.0f} s; its last state: {progress.place()}")


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


def complain(text: str) -> None:
    """Say on standard error what went wrong; paths in it stay whole."""
    terminal = Terminal(sys.stderr)
    for line in text.splitlines():
        terminal.say("\n".join(wrap(plain(line), terminal.text_columns, breaking=False)))


def unheard() -> int:
    """End quietly where nobody reads on, as in `make demo | head`."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 1
