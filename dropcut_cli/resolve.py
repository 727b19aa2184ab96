"""Carries out what a person decided: look it up, plan it, write it, and start what goes on."""

from __future__ import annotations

from dataclasses import replace
from itertools import count

from botocore.exceptions import BotoCoreError, ClientError

from dropcut.errors import LedgerConflict, ProviderUnreadable
from dropcut.messages import to_type
from dropcut.model import Edit, HistoryRow
from dropcut.ports import Executions, Provider
from dropcut.resolutions import Verdict
from dropcut_cli.plan import Facts, Plan, Wish, plan_resolution, request_for
from dropcut_cli.refused import Refused
from dropcut_cli.stack import Stack


def plan_for(stack: Stack, edit: Edit, wish: Wish) -> Plan:
    """Reads only. Raises Refused."""
    services = stack.services
    request_id, facts = request_for(edit, wish), Facts(who=stack.who, now=services.clock())
    if request_id:
        row, known = _asked(services.provider, request_id)
        facts = replace(
            facts,
            row=row,
            known=known,
            holders=frozenset(stack.records.holders(request_id)),
            running=services.executions.status(edit.execution or edit.owner) == "RUNNING",
            execution=free_name(services.executions, edit),
        )
    return plan_resolution(edit, wish, facts)


def free_name(executions: Executions, edit: Edit) -> str:
    """A name that no execution has had: names are taken for ninety days."""
    return next(name for n in count(2) if executions.status(name := f"{edit.owner}-{n}") is None)


def _asked(provider: Provider, request_id: str) -> tuple[HistoryRow | None, bool | None]:
    """The history's row, and whether the provider knows the request; None where it did not say."""
    try:
        row = provider.row(request_id)
        known = row is not None or provider.status(request_id).status != "GONE"
    except ProviderUnreadable:
        return None, None
    return row, known


def carry_out(stack: Stack, plan: Plan) -> str:
    """Write it, and start what goes on; gives what is now true. Raises Refused where somebody was faster."""
    services, edit = stack.services, plan.edit
    try:
        after = services.ledger.resolve(edit, plan.resolution)
    except LedgerConflict:
        now = services.ledger.edit(edit.edit_id)
        moved = f"It is {now.state} now. " if now else ""
        raise Refused(
            f"Somebody was faster, and nothing was written. {moved}See {to_type(services.stack)} status {edit.edit_id}"
        ) from None
    if plan.resolution.verdict is Verdict.NOT_BILLED:
        return "The edit is FAILED, unpaid, and its reservation is released. Drop the files again to buy it anew."
    if plan.resolution.verdict is Verdict.GIVE_UP:
        return f'The edit is ABANDONED and stays counted as spent. "rerun": {after.rerun + 1} buys it again.'
    try:
        services.executions.start(plan.drop, plan.resolution.execution, edit.edit_id)
    except (BotoCoreError, ClientError) as error:
        raise Refused(
            f"The edit is SUBMITTED as request {after.request_id}, and that is written; but its execution could not be "
            f"started: {error}. The sweep starts it within twenty minutes."
        ) from None
    return f"The edit is SUBMITTED as request {after.request_id}, and execution {after.execution} carries it on."
