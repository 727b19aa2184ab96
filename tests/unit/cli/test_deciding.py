"""A person's word that ends a held edit: told to whoever dropped the files, and bought again only as it says."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from botocore.exceptions import EndpointConnectionError

from dropcut.domain.model import State
from dropcut.workflow.outputs import OWN_METADATA
from dropcut.workflow.sweep_drops import UNSENT_AFTER, sweep_drops
from dropcut_cli.errors import Refused
from dropcut_cli.plan import Wish
from dropcut_cli.resolve import carry_out
from tests.fakes.examples import OUTBOX
from tests.fakes.machine import Machine
from tests.fakes.worlds import FINISHED
from tests.unit.cli.held import (
    GIVE_UP,
    NOT_BILLED,
    a_day_without_its_row,
    dropped_again,
    in_doubt,
    only,
    planned,
    stack,
)


def test_another_drop_buys_the_unbilled_and_not_the_abandoned() -> None:
    for wish, submissions, status in ((NOT_BILLED, 2, "DELIVERED"), (GIVE_UP, 1, "ABANDONED")):
        world, drop = in_doubt()
        world.provider.loses_requests = False
        a_day_without_its_row(world)
        carry_out(stack(world), planned(world, wish))
        world.provider.ends_at_once = FINISHED
        Machine(world, world).run(dropped_again(world, drop))
        assert len(world.provider.submissions) == submissions
        assert world.topic.published[-1]["status"] == status


ENDS = [(NOT_BILLED, State.FAILED), (GIVE_UP, State.ABANDONED)]


@pytest.mark.parametrize(("wish", "end"), ENDS)
def test_whoever_dropped_the_files_is_told_what_a_person_decided(wish: Wish, end: State) -> None:
    world, drop = in_doubt()
    a_day_without_its_row(world)
    assert "A message tells" in carry_out(stack(world), planned(world, wish))
    held, told = world.topic.published
    assert (held["status"], told["status"]) == ("IN_DOUBT", end)
    assert held["event_id"] != told["event_id"] == only(world).event_id
    error = json.loads(world.files.text(OUTBOX, "trip/beach.error.json"))
    assert (error["status"], error["drop_id"], error["edit_id"]) == (end, drop.drop_id, only(world).edit_id)
    world.clock.now += UNSENT_AFTER + 1
    assert sweep_drops(world)["sent"] == 0, "it was sent"


@pytest.mark.parametrize(("wish", "end"), ENDS)
def test_what_the_command_could_not_tell_the_sweep_tells(
    monkeypatch: pytest.MonkeyPatch, wish: Wish, end: State
) -> None:
    world, _ = in_doubt()
    a_day_without_its_row(world)

    def unreachable(*_: object) -> None:
        raise EndpointConnectionError(endpoint_url="https://aws")

    with monkeypatch.context() as broken:
        broken.setattr(world.topic, "publish", unreachable)
        broken.setattr(world.files, "write_json", unreachable)
        said = carry_out(stack(world), planned(world, wish))
    assert f"The edit is {end}" in said
    assert "error file could not be rewritten" in said
    assert "the sweep sends it" in said
    world.clock.now += UNSENT_AFTER + 1
    assert sweep_drops(world)["sent"] == 1
    assert [notice["status"] for notice in world.topic.published] == ["IN_DOUBT", end]


@pytest.mark.parametrize("metadata", [{}, {OWN_METADATA: "f" * 64}])
def test_the_error_file_of_a_later_drop_is_left_alone(metadata: dict[str, str]) -> None:
    world, _ = in_doubt()
    world.files.put(OUTBOX, "trip/beach.error.json", b'{"status": "REJECTED"}', **metadata)
    carry_out(stack(world), planned(world, GIVE_UP))
    assert json.loads(world.files.text(OUTBOX, "trip/beach.error.json")) == {"status": "REJECTED"}


@pytest.mark.parametrize("seconds", [0, 86_400])
def test_a_submission_that_the_history_shows_is_not_called_unbilled(seconds: int) -> None:
    world, _ = in_doubt()
    world.clock.now += seconds
    for early in (False, True):
        with pytest.raises(Refused) as refusal:
            planned(world, replace(NOT_BILLED, early=early))
        assert f"./dropcut resolve {only(world).edit_id} --adopt request-1" in str(refusal.value)


def test_with_an_unreadable_history_nothing_is_called_unbilled() -> None:
    world, _ = in_doubt()
    a_day_without_its_row(world)
    world.provider.failing_reads = {"search"}
    with pytest.raises(Refused) as refusal:
        planned(world, NOT_BILLED)
    assert "could not be read" in str(refusal.value)
    assert planned(world, GIVE_UP).after.state is State.ABANDONED, "which releases nothing"
