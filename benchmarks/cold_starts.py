"""What does a cold start of each function take, with `import boto3` and one client as 1.00?

    .workshop/dev/bin/python benchmarks/cold_starts.py [--rounds 15] [--processor] [VERB ...]
    .workshop/dev/bin/python benchmarks/cold_starts.py --explain poll_edit

Each measurement is a fresh interpreter of .workshop/lambda, on what the layers hold. Three make a round, and a ratio is
that of a round, so that whatever else this machine does meets all three:

    the floor    `import boto3` and one client
    imports      the floor, and each module that an invocation of the good path has imported, at the top of a file or
                 inside a function: an import that is moved into a function on that path saves nothing
    invocation   functions/<verb>/app.py is imported, and its handler answers events/<verb>.json: with the clients that
                 this function builds, and its calls

AWS and the provider are a server in another process, on loopback, that answers at once (benchmarks/served_world.py).
Only the time of day is replaced in the interpreter that is measured. The answer is held against the one that the
handler gives over the fakes, so that no measurement is of another path.

`--processor` counts processor time, for a machine that is busy. `--explain` says, by `-X importtime`, which packages
take the time.
"""

from __future__ import annotations

import argparse
import io
import json
import logging
import os
import re
import statistics
import subprocess
import sys
from collections import Counter
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # this file is run as it stands

from benchmarks.served_world import served
from localcloud.clips import make_clip
from localcloud.packaging import LAMBDA_PYTHON, installed
from tests.fakes.examples import INBOX, OUTBOX, WORKROOM
from tests.fakes.invoke import VERBS
from tests.fakes.machine import REPOSITORY, call_handler
from tests.fakes.worlds import a_world_for

FLOOR = "import boto3\nboto3.client('s3')"
IMPORTED = FLOOR + "\nfor name in {names!r}: importlib.import_module(name)"
COLD = """
spec = importlib.util.spec_from_file_location("app", {handler!r})
app = importlib.util.module_from_spec(spec)
spec.loader.exec_module(app)
answer = app.lambda_handler(event, context)
"""
# What Lambda's own runtime has imported before it imports a handler is imported before the clock starts.
PROGRAM = """
import importlib.util, json, logging, resource, simplejson, sys, time, types
def processor():
    used = [resource.getrusage(whose) for whose in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)
ahead, real, clock = {now!r} - time.time(), time.time, {clock}
time.time = lambda: real() + ahead
event, answer = json.loads({event!r}), None
context = types.SimpleNamespace(
    function_name="f", memory_limit_in_mb=512, invoked_function_arn="arn", aws_request_id="r")
there = set(sys.modules)
print("began", file=sys.stderr)
began = clock()
{work}
seconds = clock() - began
made = [(name, module) for name, module in sys.modules.items() if name not in there]
names = [name for name, module in made if getattr(getattr(module, "__spec__", None), "name", "") == name]
print(json.dumps({{"seconds": seconds, "answer": answer, "names": names}}))
"""
WORDS = ("outcome", "verdict", "status", "told", "problem", "looked", "settled", "found", "failed")
DEAR = 2_000  # microseconds of one module that are worth a name
HEAD = "{:18}{:>9}{:>14}{:>12}{:>14}{:>9}  {}"


class Run(NamedTuple):
    """One cold start: its seconds, what the handler said, and the modules in the order in which they were imported."""

    seconds: float
    answer: Any
    names: list[str]
    errors: str


def environment(address: str, paths: list[Path]) -> dict[str, str]:
    """What a worker has: all variables of template.yaml at once, and every service at one address."""
    return {
        "PATH": os.defpath,
        "PYTHONPATH": os.pathsep.join(map(str, paths)),
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_ENDPOINT_URL": address,
        "POWERTOOLS_SERVICE_NAME": "dropcut",
        "STACK_NAME": "dropcut",
        "INBOX_BUCKET": INBOX,
        "OUTBOX_BUCKET": OUTBOX,
        "WORKROOM_BUCKET": WORKROOM,
        "LEDGER_TABLE": "ledger",
        "TOPIC_ARN": "arn:aws:sns:us-east-1:123456789012:topic",
        "STATE_MACHINE_ARN": "arn:aws:states:us-east-1:123456789012:stateMachine:edit",
        "CLIP_READER_ROLE_ARN": "arn:aws:iam::123456789012:role/reader",
        "INSPECT_CLIP_FUNCTION": "inspect",
        "API_KEY_PARAMETER": "/dropcut/key",
        "PROVIDER_URL": address,
        "PROVIDER_HISTORY_URL": address,
        "RESULT_HOSTS": address,
        "MAX_CLIP_SECONDS": "10",
        "MAX_USD_PER_DAY": "50",
        "MAX_EDITS_IN_FLIGHT": "5",
        "SPENDING_ENABLED": "true",
        "CREDIT_WAIT_HOURS": "24",
        "FIRST_WAIT_SECONDS": "150",
        "SETTLE_SECONDS": "20",
        "SWEEP_WINDOW_HOURS": "24",
        "HALF_WAIT_MINUTES": "15",
    }


def layers() -> list[Path]:
    """The folders that both layers put on the path, with their requirements installed."""
    requirements = (REPOSITORY / "layers" / name / "requirements.txt" for name in ("core", "mediainfo"))
    return [REPOSITORY / "layers" / "core", *map(installed, requirements)]


class Bench:
    """Starts interpreters in the world of one function."""

    def __init__(self, verb: str, paths: list[Path], clock: str = "time.perf_counter") -> None:
        self.verb, self._paths, self._clock = verb, paths, clock
        self._event = json.loads((REPOSITORY / "events" / f"{verb}.json").read_text(encoding="utf-8"))
        self.world = a_world_for(verb, self._event)
        with redirect_stdout(io.StringIO()):  # the metrics
            self.expected = gist(call_handler(verb, a_world_for(verb, self._event), self._event))
        if verb == "inspect_clip":  # the fake finds a clip in any bytes, MediaInfo does not
            drop = self._event["drop"]
            del self.world.files.objects[drop["bucket"], drop["clip_key"]]
            self.world.files.put(drop["bucket"], drop["clip_key"], make_clip().read_bytes(), drop["clip_version"])

    def run(self, address: str, work: str, *options: str) -> Run:
        """Do the work in a fresh interpreter."""
        now, event = self.world.clock(), json.dumps(self._event)
        program = PROGRAM.format(now=now, clock=self._clock, event=event, work=work)
        command = [str(LAMBDA_PYTHON), *options, "-c", program]
        env = environment(address, self._paths)
        done = subprocess.run(command, env=env, cwd="/", capture_output=True, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"{self.verb} failed:\n{done.stderr}")
        said = json.loads(done.stdout.splitlines()[-1])  # before it are its log lines
        return Run(**said, errors=done.stderr.partition("began\n")[2])

    def cold(self, address: str, *options: str) -> Run:
        """Let the function answer its sample event."""
        run = self.run(address, COLD.format(handler=str(REPOSITORY / "functions" / self.verb / "app.py")), *options)
        if gist(run.answer) != self.expected:
            raise SystemExit(f"{self.verb} took another path: {gist(run.answer)}, not {self.expected}")
        return run


def gist(answer: Any) -> dict[str, Any]:
    """What of an answer says which path was taken: its words, and which fields it has."""
    return {name: answer[name] if name in WORDS else ... for name in answer}


def measure(bench: Bench, rounds: int) -> None:
    """Measure in rounds of three cold starts each, and print the medians of their ratios."""
    with served(bench.world) as address:
        there = set(bench.run(address, FLOOR).names)
        names = [name for name in bench.cold(address).names if name not in there]
        importing = IMPORTED.format(names=names)
        floors, imported, cold = zip(
            *(
                (bench.run(address, FLOOR).seconds, bench.run(address, importing).seconds, bench.cold(address).seconds)
                for _ in range(rounds)
            ),
            strict=True,
        )
    columns = []
    for seconds in (imported, cold):
        ratios = [one / floor for one, floor in zip(seconds, floors, strict=True)]
        low, middle, high = statistics.quantiles(ratios, n=4)
        columns += [f"{middle:.2f}", f"{low:.2f}-{high:.2f}"]
    took = f"{1000 * statistics.median(cold):.0f} ms"
    words = ", ".join(f"{name} {bench.expected[name]}" for name in WORDS if name in bench.expected)
    print(HEAD.format(bench.verb, *columns, took, words or "its document"), flush=True)


def package_of(module: str) -> str:
    """The package that a module belongs to; of dropcut, the room."""
    parts = module.split(".")
    if parts[0] == "dropcut":
        return ".".join(parts[:2])
    return "standard library" if parts[0] in sys.stdlib_module_names else parts[0]


def explain(bench: Bench, rounds: int) -> None:
    """Print what a cold start imports beyond the floor, and how long each package takes by itself: the least time of
    each module in some rounds."""
    with served(bench.world) as address:
        bench.cold(address)
        floor = _least([bench.run(address, FLOOR, "-X", "importtime") for _ in range(rounds)])
        cold = _least([bench.cold(address, "-X", "importtime") for _ in range(rounds)])
    beyond = {module: micros for module, micros in cold.items() if module not in floor}
    packages: Counter[str] = Counter()
    for module, micros in beyond.items():
        packages[package_of(module)] += micros
    print(
        f"\n{bench.verb}: {sum(beyond.values()) / 1000:.0f} ms beyond the floor's {sum(floor.values()) / 1000:.0f} ms"
    )
    for package, micros in packages.most_common():
        names = [module for module in beyond if package_of(module) == package]
        dear = ", ".join(f"{name} {beyond[name] / 1000:.1f}" for name in names if beyond[name] >= DEAR)
        print(f"{micros / 1000:9.1f} ms {len(names):4}  {package}{'  (' + dear + ')' if dear else ''}")


def _least(runs: list[Run]) -> dict[str, int]:
    """The fewest microseconds that each module took by itself."""
    least: dict[str, int] = {}
    for run in runs:
        for micros, module in re.findall(r"^import time:\s+(\d+) \|\s+\d+ \|\s+(\S+)$", run.errors, re.MULTILINE):
            least[module] = min(int(micros), least.get(module, int(micros)))
    return least


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("verbs", nargs="*", metavar="VERB", help="functions (all of them)")
    parser.add_argument("--rounds", type=int, default=15, help="for each function (15)")
    parser.add_argument("--processor", action="store_true", help="count processor time, on a machine that is busy")
    parser.add_argument("--explain", action="store_true", help="say which imports take the time")
    options = parser.parse_args()
    if unknown := set(options.verbs) - set(VERBS):
        parser.error(f"there is no function {', '.join(sorted(unknown))}")
    logging.disable()  # the handlers say what they do over the fakes, too
    if not options.explain:
        print(HEAD.format("", "imports", "middle half", "invocation", "middle half", "takes", "answers"))
    for verb in options.verbs or VERBS:
        bench = Bench(verb, layers(), "processor" if options.processor else "time.perf_counter")
        explain(bench, options.rounds) if options.explain else measure(bench, options.rounds)


if __name__ == "__main__":
    main()
