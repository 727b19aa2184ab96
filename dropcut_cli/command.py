"""Reads what was typed, answers on stdout, tells of trouble on stderr.

Exit status: 0 done, 1 refused or failed (nothing was written unless the words say so), 2 typed wrongly, 130 stopped.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, NoRegionError

from dropcut.domain.dates import day_of
from dropcut.domain.resolutions import Decision
from dropcut_cli import status_text
from dropcut_cli.errors import Refused
from dropcut_cli.lookup import Found
from dropcut_cli.plan import Wish
from dropcut_cli.resolve import carry_out, plan_for
from dropcut_cli.stack import Stack, open_stack
from dropcut_cli.status import overview, status_of

NO_CREDENTIALS = "There are no AWS credentials. Set AWS_PROFILE, or what `aws configure` and `aws sso login` set."
NO_REGION = "There is no region. Set AWS_DEFAULT_REGION, or one in the profile."


def main(arguments: list[str] | None = None) -> int:
    """Do what was typed; gives the exit status."""
    typed = parser().parse_args(arguments)
    try:
        return int(typed.run(open_stack(typed.stack), typed))
    except Refused as refusal:
        say(str(refusal))
    except NoCredentialsError:
        say(NO_CREDENTIALS)
    except NoRegionError:
        say(NO_REGION)
    except (BotoCoreError, ClientError) as error:
        say(f"AWS says: {error}")
    except BrokenPipeError:  # whoever reads has read enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        say("Stopped.")
        return 130
    return 1


def parser() -> argparse.ArgumentParser:
    """Everything that can be typed."""
    parser = argparse.ArgumentParser(
        prog="dropcut", description="What is known of edits, and what becomes of held ones."
    )
    add_stack(parser, os.environ.get("DROPCUT_STACK", "dropcut"))
    commands = parser.add_subparsers(title="commands", required=True)
    add_status(
        commands.add_parser("status", help="what is known of one edit, or of all that are open, delayed or held")
    )
    add_resolve(commands.add_parser("resolve", help="decide what becomes of an edit that is held"))
    return parser


def add_stack(parser: argparse.ArgumentParser, default: str) -> None:
    """It may stand before the command or after it."""
    parser.add_argument("--stack", default=default, help="the stack's name (default: $DROPCUT_STACK, or dropcut)")


WHICH = "an edit's or a drop's id, six or more characters of its beginning, or where its clip lies: trip/beach.mp4"


def add_status(status: argparse.ArgumentParser) -> None:
    add_stack(status, argparse.SUPPRESS)
    status.add_argument("edit", nargs="?", metavar="EDIT", help=WHICH)
    status.add_argument("--json", action="store_true", help="for programs")
    status.set_defaults(run=show)


def add_resolve(resolve: argparse.ArgumentParser) -> None:
    add_stack(resolve, argparse.SUPPRESS)
    resolve.add_argument("edit", metavar="EDIT", help=WHICH)
    verdict = resolve.add_mutually_exclusive_group(required=True)
    verdict.add_argument(
        "--adopt",
        nargs="?",
        const="",
        metavar="REQUEST_ID",
        help="carry on with this request; an UNDELIVERED edit knows its own",
    )
    verdict.add_argument("--not-billed", action="store_true", help="nothing was accepted: dropped again, it is bought")
    verdict.add_argument("--give-up", action="store_true", help="over; what it may have cost stays counted as spent")
    resolve.add_argument(
        "--early",
        action="store_true",
        help="with --not-billed: the provider itself said that it took nothing, less than a day after the sending",
    )
    resolve.add_argument("--note", default="", help="why, for the ledger's audit")
    resolve.add_argument("--dry-run", action="store_true", help="print what would be written, and write nothing")
    resolve.add_argument("--yes", action="store_true", help="do not ask")
    resolve.set_defaults(run=resolve_held)


def show(stack: Stack, typed: argparse.Namespace) -> int:
    """`dropcut status`."""
    document, text = about(stack, typed.edit) if typed.edit else everything(stack)
    print(json.dumps(document, indent=2, default=str) if typed.json else text.rstrip("\n"))
    return 0


def everything(stack: Stack) -> tuple[dict[str, Any], str]:
    """All that is open, delayed or held."""
    lookup, services = stack.lookup, stack.services
    now = services.clock()
    document = overview(lookup.unfinished(), lookup.slots(), lookup.money(day_of(now)), services.limits, now)
    return document, status_text.overview_text(document)


def about(stack: Stack, term: str) -> tuple[dict[str, Any], str]:
    """One edit, or a drop that came to none."""
    found, services = stack.lookup.find(term), stack.services
    if found.edit_id is None:
        document = bare_drop(stack, found)
        return document, status_text.drop_text(document)
    rows = stack.lookup.about(found.edit_id)
    edit = services.ledger.edit(found.edit_id)
    carrier = edit.carrier if edit else ""
    known = {"stack": services.stack, "limits": services.limits, "now": services.clock(), "others": found.others}
    doubt = stack.lookup.doubt(found.edit_id)
    document = status_of(rows, execution=stack.execution(carrier), doubt=doubt, **known).as_json()
    return document, status_text.edit_text(document)


def bare_drop(stack: Stack, found: Found) -> dict[str, Any]:
    """A drop without an edit: refused, superseded, not yet understood; or half of one."""
    row = found.row
    if row["sk"] == "WAIT":
        return {"file": f"s3://{row['bucket']}/{row['key']}", "state": "WAITING: its other half has not come"}
    drop_id = row["sk"].removeprefix("DROP#")
    execution = stack.execution(drop_id)
    return {
        "drop": drop_id,
        "clip": f"s3://{row['bucket']}/{row['clip_key']}",
        "outcome": row.get("outcome") or "not understood yet",
        "execution": f"{execution.status or 'does not exist'} in {execution.state}"
        if execution.state
        else execution.status,
        "said": json.loads(row["notice"])["message"]["email"].split("\n")[0] if row.get("notice") else None,
    }


def resolve_held(stack: Stack, typed: argparse.Namespace) -> int:
    """`dropcut resolve`."""
    if typed.early and not typed.not_billed:
        say("--early belongs to --not-billed.")
        return 2
    found = stack.lookup.find(typed.edit)
    edit = stack.services.ledger.edit(found.edit_id) if found.edit_id else None
    if edit is None:
        raise Refused("That drop came to no edit, so there is nothing to resolve.")
    verdict = Decision.NOT_BILLED if typed.not_billed else Decision.GIVE_UP if typed.give_up else Decision.ADOPT
    wish = Wish(verdict=verdict, request_id=typed.adopt or "", note=typed.note, early=typed.early)
    plan = plan_for(stack, edit, wish)
    lines = "\n".join(plan.lines())
    if typed.dry_run:
        print(lines)
        return 0
    say(lines)
    if not typed.yes:
        if not sys.stdin.isatty():
            say("This is no terminal, so it needs --yes to be written.")
            return 2
        if not agreed():
            say("Nothing was written.")
            return 1
    print(carry_out(stack, plan))
    return 0


def agreed() -> bool:
    print("Write it? [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
