"""The arithmetic of the bill, the clock and the looks."""

from __future__ import annotations

import threading
import time

import pytest

from localcloud.simulator.account import Account, Charge
from localcloud.simulator.clock import Clock
from localcloud.simulator.generations import unique_tail, without_query
from localcloud.simulator.looks import LOOKS, PATTERNS, WORDS, look_for, look_name
from localcloud.simulator.parameters import enum_problem
from localcloud.simulator.rates import clip_seconds, mode_of, price
from localcloud.simulator.settings import Settings


def test_the_rates_give_the_published_range_of_prices() -> None:
    assert price(Settings(), "std", 3) == 0.945
    assert price(Settings(), "pro", 15) == 6.3
    assert price(Settings(), "pro", 5) == 2.1


@pytest.mark.parametrize(("length", "billed"), [(3.0, 3), (3.49, 3), (3.5, 4), (4.5, 5), (10.05, 10), (0.2, 1)])
def test_a_clip_is_billed_by_its_rounded_length(length: float, billed: int) -> None:
    assert clip_seconds(length) == billed


def test_the_mode_is_pro_unless_the_request_names_another() -> None:
    assert [mode_of(body) for body in ({}, {"mode": "std"}, {"mode": "ultra"}, {"mode": None})] == [
        "pro",
        "std",
        "pro",
        "pro",
    ]


def test_a_value_outside_its_set_is_named() -> None:
    assert enum_problem({"mode": "std", "duration": "15", "aspect_ratio": "9:16"}) is None
    assert "'ultra'" in str(enum_problem({"mode": "ultra"}))
    assert enum_problem({"mode": ["std"]}) is not None


def test_reservations_count_against_the_balance_but_do_not_change_it() -> None:
    account = Account(2.0, 0.0)
    account.reserve("a", 1.5)
    assert account.balance == 2.0
    assert not account.affords(0.6)
    account.release("a")
    assert account.affords(2.0)
    assert account.charge(Charge("b", "", "std", 3, 0.945)) == 1.055


def test_the_clock_has_a_scale_and_can_advance() -> None:
    clock = Clock(0.01)
    time.sleep(0.02)
    assert 1.9 < clock.now() < 60
    clock.rescale(1000.0)
    before = clock.now()
    clock.advance(3600)
    assert 3600 <= clock.now() - before < 3601


def test_waiting_ends_by_the_clock_or_by_cancelling() -> None:
    clock, cancelled = Clock(1.0), threading.Event()
    results: list[bool] = []
    waiting = threading.Thread(target=lambda: results.append(clock.wait_until(1000, cancelled)))
    waiting.start()
    clock.advance(1000)
    waiting.join(5)
    cancelled.set()
    assert [*results, clock.wait_until(5000, cancelled)] == [True, False]


def test_the_earliest_word_of_a_prompt_decides_the_look() -> None:
    assert set(WORDS) == set(LOOKS)
    assert look_name("Make it WINTER, with neon signs") == "snow"
    assert look_name("a nice day") == look_name("a nice day")
    assert len({look_name(f"prompt {number}") for number in range(100)}) == len(LOOKS)
    assert "{" not in look_for("snow", 1280, 720)


@pytest.mark.parametrize(
    ("prompt", "look"),
    [
        ("Snow, everywhere", "snow"),
        ("deep under the seas", "underwater"),
        ("a city of neon-lit streets", "neon"),
        ("like a 1920s reel", "vintage"),
        ("BLACK\nAND  white, please", "noir"),
        ("two drawings by a child", "sketch"),
    ],
)
def test_a_word_counts_in_any_case_and_plural(prompt: str, look: str) -> None:
    assert look_name(prompt) == look


@pytest.mark.parametrize("prompt", ["the season", "an icecream", "1920x1080", "the pinkest", "a warming", "toying"])
def test_the_beginning_of_a_word_is_not_the_word(prompt: str) -> None:
    assert not any(pattern.search(prompt) for pattern in PATTERNS.values())


def test_shown_urls_carry_neither_query_nor_password() -> None:
    assert without_query("https://me:pw@host/a.mp4?X-Amz-Signature=s#f") == "https://host/a.mp4"
    assert without_query("http://[broken") == "(not a url)"
    assert without_query(None) == ""


def test_a_generations_mark_is_a_box_that_players_skip() -> None:
    tail = unique_tail("ab" * 16)
    assert (int.from_bytes(tail[:4], "big"), tail[4:8]) == (len(tail), b"free")
