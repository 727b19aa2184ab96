"""Carries out what a person decided: look it up, plan it, write it, and start what goes on."""

from __future__ import annotations

from dataclasses import replace

from botocore.exceptions import BotoCoreError, ClientError

from dropcut.domain.errors import LedgerConflict, ProviderUnreadable
from dropcut.domain.model import Edit, HistoryRow
from dropcut.domain.resolutions import Decision
from dropcut.notifications.endings import to_type
from dropcut.ports import Provider, Services
from dropcut.workflow.resuming import free_name, start_resumed
from dropcut_cli.errors import Refused
from dropcut_cli.evidence import Facts
from dropcut_cli.notify import notify
from dropcut_cli.plan import Plan, Wish, plan_resolution, request_for
from dropcut_cli.stack import Stack


def plan_for(stack: Stack, edit: Edit, wish: Wish) -> Plan:
    """Reads only. Raises Refused."""
    services, request_id = stack.services, request_for(edit, wish)
    facts = Facts(who=stack.who, now=services.clock(), outbox=services.outbox, stack=services.stack)
    if wish.verdict is Decision.NOT_BILLED:
        rows, whole = _searched(services.provider, edit)
        facts = replace(facts, rows=rows, whole=whole)
    if request_id:
        row, known = _asked(services.provider, request_id)
        facts = replace(
            facts,
            row=row,
            known=known,
            holders=frozenset(stack.lookup.holders(request_id)),
            running=services.executions.status(edit.carrier) == "RUNNING",
            execution=free_name(services.executions, edit),
        )
    return plan_resolution(edit, wish, facts)


def _searched(provider: Provider, edit: Edit) -> tuple[tuple[HistoryRow, ...] | None, bool]:
    """The history since the sending, and whether that is all of it; None where it could not be read."""
    try:
        rows, whole = provider.search_all(edit.sent_at or edit.drop.dropped_at)
    except ProviderUnreadable:
        return None, False
    return tuple(rows), whole


def _asked(provider: Provider, request_id: str) -> tuple[HistoryRow | None, bool | None]:
    """The history's row, and whether the provider knows the request; None where it did not say."""
    try:
        row = provider.row(request_id)
        known = row is not None or provider.status(request_id).status != "GONE"
    except ProviderUnreadable:
        return None, None
    return row, known


def carry_out(stack: Stack, plan: Plan) -> str:
    """Write it, and start what goes on or tell what is over; gives what is now true.

    Raises Refused where somebody was faster, or where only the writing was done.
    """
    services, edit = stack.services, plan.edit
    try:
        after, notice = services.ledger.resolve(edit, plan.resolution, plan.after.notice)
    except LedgerConflict:
        raise Refused(f"Somebody was faster, and nothing was written. {_as_it_is(services, edit)}") from None
    if plan.message and notice:
        done = "The edit is FAILED, unpaid, and its reservation is released. Drop the files again to buy it anew."
        if plan.resolution.verdict is Decision.GIVE_UP:
            done = f'The edit is ABANDONED and stays counted as spent. "rerun": {after.rerun + 1} buys it again.'
        return f"{done} {notify(services, after, plan.message, notice)}"
    try:
        after = start_resumed(services, after)
    except LedgerConflict:
        raise Refused(f"That was written, and the edit has moved since. {_as_it_is(services, edit)}") from None
    except (BotoCoreError, ClientError) as error:
        raise Refused(
            f"The edit is SUBMITTED as request {after.request_id}, and that is written; but its execution could not be "
            f"started: {error}. The sweep starts it within twenty minutes."
        ) from None
    return f"The edit is SUBMITTED as request {after.request_id}, and execution {after.execution} carries it on."


def _as_it_is(services: Services, edit: Edit) -> str:
    now = services.ledger.edit(edit.edit_id)
    state = f"It is {now.state} now. " if now else ""
    return f"{state}See {to_type(services.stack)} status {edit.edit_id}"
