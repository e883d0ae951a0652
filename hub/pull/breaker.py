"""Who is not asked for a while, and how many are asked at once.

    closed --(FAULTS faults in a row)--> open --(its rest is over)--> half-open --answer--> closed
                                          ^                               |
                                          +------- a fault, twice as long +

Rule: pure; the caller gives the time. Only faults of the provider count, never what a caller can make it refuse. What a
caller may have made it do (an error of its own, silence) keeps that caller away; everybody only where nobody reached it,
or where the faults came from several. No provider, however slow, takes more than half of the places that are left.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Literal

from hub.records import Ms

FAULTS: Final = 5
FIRST_REST: Final = 2_000
LONGEST_REST: Final = 60_000
"""Milliseconds of rest: doubled from fault to fault while it is half open."""

PLACES: Final = 256
"""Pulls of this process that may be under way at one time, as the connections of the `Caller` are."""

MOST: Final = 64
LEAST: Final = 4
"""Places of one provider: at most, and however little is left."""

EVERYBODY: Final = ""
"""The caller of a fault that no caller can have caused."""

Phase = Literal["closed", "open", "half-open"]


@dataclass(slots=True)
class _Provider:
    faults: int = 0
    rest: int = 0  # of the last opening, ms; 0: closed
    until: int = 0
    probing: bool = False
    under_way: int = 0
    asked_by: set[str] = field(default_factory=set)  # who asked when it failed, since its last rest began to end

    def rests_for(self, caller: str) -> bool:
        return bool(self.rest) and (len(self.asked_by) > 1 or not self.asked_by.isdisjoint({EVERYBODY, caller}))


@dataclass(frozen=True, slots=True)
class Denied:
    """Why the provider is not asked now; `after`: seconds until it may be worth asking."""

    code: str
    after: float


@dataclass(frozen=True, slots=True)
class Place:
    """A request that may go. `probe`: the one by which a provider shows whether it is back."""

    provider: str
    probe: bool
    caller: str = EVERYBODY


class Breaker:
    """Over all providers of one process."""

    def __init__(self, on_change: Callable[[str, Phase], None] = lambda _, __: None) -> None:
        self._providers: dict[str, _Provider] = {}
        self._under_way = 0
        self._on_change = on_change

    @property
    def under_way(self) -> int:
        return self._under_way

    def phase(self, provider: str, now: Ms) -> Phase:
        found = self._providers.get(provider)
        if found is None or not found.rest:
            return "closed"
        return "open" if now < found.until else "half-open"

    def resting(self, now: Ms) -> list[str]:
        """Providers that somebody may not ask now."""
        return [provider for provider in self._providers if self.phase(provider, now) == "open"]

    def enter(self, provider: str, now: Ms, caller: str = EVERYBODY) -> Place | Denied:
        """A place for a request, to be given back by `leave`; or why there is none."""
        one = self._providers.setdefault(provider, _Provider())
        rests = one.rests_for(caller)
        if rests:
            if now < one.until:
                return Denied("AMANA-PULL-009", (one.until - now) / 1000)
            if one.probing:
                return Denied("AMANA-PULL-009", 1.0)
        left = PLACES - (self._under_way - one.under_way)
        if one.under_way >= max(LEAST, min(MOST, left // 2)):
            return Denied("AMANA-PULL-011", 1.0)
        one.probing = one.probing or rests
        one.under_way += 1
        self._under_way += 1
        return Place(provider, rests, caller)

    def leave(self, place: Place, now: Ms, *, faulty: bool | None, reached: bool = True) -> None:
        """Give the place back. `faulty` None: the exchange says nothing about the provider."""
        one = self._providers[place.provider]
        one.under_way -= 1
        self._under_way -= 1
        if place.probe:
            one.probing = False
        if faulty is None:
            return
        if not faulty:
            if one.rest:
                self._on_change(place.provider, "closed")
            one.faults = one.rest = one.until = 0
            one.asked_by.clear()
            return
        one.faults += 1
        if place.probe:
            one.asked_by.clear()  # who failed before may have been right or not: it is seen anew
        one.asked_by.add(place.caller if reached else EVERYBODY)
        if place.probe:
            one.rest = min(one.rest * 2, LONGEST_REST)
        elif not one.rest and one.faults >= FAULTS:
            one.rest = FIRST_REST
        else:
            return
        one.until = now + one.rest
        self._on_change(place.provider, "open")
