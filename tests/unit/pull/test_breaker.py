"""The circuit breaker: who is asked, who rests, and how long; who takes which part of the places."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.pull.breaker import FAULTS, FIRST_REST, LEAST, LONGEST_REST, MOST, PLACES, Breaker, Denied, Phase, Place
from hub.records import Ms


def enter(breaker: Breaker, now: int, provider: str = "A") -> Place:
    place = breaker.enter(provider, Ms(now))
    assert isinstance(place, Place)
    return place


def ask(breaker: Breaker, now: int, *, faulty: bool | None, provider: str = "A") -> None:
    breaker.leave(enter(breaker, now, provider), Ms(now), faulty=faulty)


def fail(breaker: Breaker, now: int, times: int = FAULTS) -> None:
    for _ in range(times):
        ask(breaker, now, faulty=True)


def test_faults_in_a_row_open_it() -> None:
    """One fault less, or an answer in between, and it stays closed."""
    breaker = Breaker()
    fail(breaker, 0, FAULTS - 1)
    ask(breaker, 0, faulty=False)
    fail(breaker, 0, FAULTS - 1)
    assert breaker.phase("A", Ms(0)) == "closed"
    fail(breaker, 0, 1)
    assert breaker.phase("A", Ms(0)) == "open"
    assert breaker.enter("A", Ms(500)) == Denied("AMANA-PULL-009", (FIRST_REST - 500) / 1000)


def test_one_request_shows_whether_it_is_back() -> None:
    """After the rest one is let through and the others wait for it; its answer closes the breaker."""
    breaker = Breaker()
    fail(breaker, 0)
    assert breaker.phase("A", Ms(FIRST_REST)) == "half-open"
    probe = enter(breaker, FIRST_REST)
    assert probe.probe
    assert isinstance(breaker.enter("A", Ms(FIRST_REST)), Denied)
    breaker.leave(probe, Ms(FIRST_REST), faulty=False)
    assert breaker.phase("A", Ms(FIRST_REST)) == "closed"
    enter(breaker, FIRST_REST)


def test_a_probe_that_fails_doubles_the_rest_up_to_a_bound() -> None:
    """2 s, 4 s, 8 s, ... and never more than a minute."""
    breaker, now, rests = Breaker(), 0, []
    fail(breaker, now)
    rest = FIRST_REST
    for _ in range(8):
        now += rest
        ask(breaker, now, faulty=True)
        denied = breaker.enter("A", Ms(now))
        assert isinstance(denied, Denied)
        rest = round(denied.after * 1000)
        rests.append(rest)
    assert rests == [4_000, 8_000, 16_000, 32_000, LONGEST_REST, LONGEST_REST, LONGEST_REST, LONGEST_REST]


def test_a_probe_that_says_nothing_lets_the_next_one_go() -> None:
    """A probe that never reached the provider (its host is forbidden, say) does not hold up the others for ever."""
    breaker = Breaker()
    fail(breaker, 0)
    ask(breaker, FIRST_REST, faulty=None)
    assert enter(breaker, FIRST_REST).probe


def test_requests_from_before_the_opening_move_no_probe() -> None:
    """Their late faults neither stretch the rest nor let a second probe through."""
    breaker = Breaker()
    slow = [enter(breaker, 0) for _ in range(3)]
    fail(breaker, 0)
    probe = enter(breaker, FIRST_REST)
    for place in slow:
        breaker.leave(place, Ms(FIRST_REST), faulty=True)
    assert isinstance(breaker.enter("A", Ms(FIRST_REST)), Denied)
    breaker.leave(probe, Ms(FIRST_REST), faulty=False)
    assert breaker.phase("A", Ms(FIRST_REST)) == "closed"


def test_one_provider_fails_alone() -> None:
    """Its rest is nobody else's."""
    breaker = Breaker()
    fail(breaker, 0)
    enter(breaker, 0, "B")


def test_openings_and_closings_are_told() -> None:
    """Once each, with the provider's name."""
    heard: list[tuple[str, Phase]] = []
    breaker = Breaker(lambda provider, phase: heard.append((provider, phase)))
    fail(breaker, 0)
    ask(breaker, FIRST_REST, faulty=True)
    ask(breaker, FIRST_REST * 3, faulty=False)
    ask(breaker, FIRST_REST * 3, faulty=False)
    assert heard == [("A", "open"), ("A", "open"), ("A", "closed")]


def test_one_provider_has_its_bound() -> None:
    """Beyond it, the caller is told when to come back; a place that is given back is taken again."""
    breaker = Breaker()
    places = [enter(breaker, 0) for _ in range(MOST)]
    assert breaker.enter("A", Ms(0)) == Denied("AMANA-PULL-011", 1.0)
    breaker.leave(places[0], Ms(0), faulty=None)
    enter(breaker, 0)


@given(st.lists(st.integers(0, 9), max_size=600))
def test_slow_providers_starve_nobody(asked: list[int]) -> None:
    """However many hang at whichever providers, another one always has a place, and what is counted is what was let in."""
    breaker = Breaker()
    taken = sum(isinstance(breaker.enter(f"P{n}", Ms(0)), Place) for n in asked)
    assert breaker.under_way == taken <= PLACES + 10 * LEAST
    enter(breaker, 0, "somebody else")


@pytest.mark.parametrize("faulty", [True, False, None])
def test_places_are_given_back_whatever_came(faulty: bool | None) -> None:
    """No exchange keeps its place."""
    breaker = Breaker()
    ask(breaker, 0, faulty=faulty)
    assert breaker.under_way == 0


def fail_for(breaker: Breaker, now: int, caller: str, *, reached: bool = True) -> None:
    place = breaker.enter("A", Ms(now), caller)
    assert isinstance(place, Place)
    breaker.leave(place, Ms(now), faulty=True, reached=reached)


def test_one_caller_shuts_nobody_else_out() -> None:
    """What one caller makes a provider do, again and again, keeps that one away and no other, rest after rest."""
    breaker, now = Breaker(), 0
    for _ in range(FAULTS):
        fail_for(breaker, now, "hostile")
    for _ in range(10):
        assert isinstance(breaker.enter("A", Ms(now), "hostile"), Denied)
        honest = breaker.enter("A", Ms(now), "honest")
        assert isinstance(honest, Place)
        breaker.leave(honest, Ms(now), faulty=None)
        now += LONGEST_REST
        fail_for(breaker, now, "hostile")


def test_faults_of_several_callers_are_the_providers() -> None:
    """It rests for everybody then, also for who has not asked yet; after the rest each is judged anew."""
    breaker = Breaker()
    for n in range(FAULTS):
        fail_for(breaker, 0, f"caller {n % 2}")
    assert isinstance(breaker.enter("A", Ms(0), "third"), Denied)
    fail_for(breaker, FIRST_REST, "hostile")
    assert isinstance(breaker.enter("A", Ms(FIRST_REST), "third"), Place)


def test_a_provider_that_is_not_there_rests_for_everybody() -> None:
    """No caller can make a connection fail."""
    breaker = Breaker()
    for _ in range(FAULTS):
        fail_for(breaker, 0, "one", reached=False)
    assert isinstance(breaker.enter("A", Ms(0), "another"), Denied)


def test_an_answer_to_anybody_ends_the_rest() -> None:
    """The first caller may ask again once another one was answered."""
    breaker = Breaker()
    for _ in range(FAULTS):
        fail_for(breaker, 0, "one")
    place = breaker.enter("A", Ms(1), "another")
    assert isinstance(place, Place)
    breaker.leave(place, Ms(1), faulty=False)
    assert isinstance(breaker.enter("A", Ms(1), "one"), Place)
