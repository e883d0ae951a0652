"""The checked-in list of departures holds: each verdict, each witness, and no departure that is not listed."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

import schemas.compatibility
from schemas.compatibility import Level, Policy, check
from tests.means import VECTORS
from tests.unit.schemas.compatibility.cases import compatible, text, valid

FILE: Final = Path(schemas.compatibility.__file__).parent / "departures.json"
LISTED: Final = msgspec.json.decode(FILE.read_bytes())
OWN: Final = [*LISTED["sound"], *LISTED["reference"]]
SAYS: Final = {"backward": (True, False), "both": (True, True), "none": (False, False)}


def shown(original: Any, updated: Any, witness: Any) -> str:
    """What a document shows about a step."""
    old, new = valid(original, witness), valid(updated, witness)
    return "refused" if old and not new else "accepted by both" if old and new else "nothing fits"


@pytest.mark.parametrize("departure", OWN, ids=[departure["name"] for departure in OWN])
def test_own_departures(departure: dict[str, Any]) -> None:
    """The verdicts are as listed, the rule has words, and an independent validator confirms the witness."""
    original, updated = departure["original"], departure["updated"]
    assert {name: compatible(original, updated, Policy(name)) for name in departure["verdicts"]} == departure[
        "verdicts"
    ]
    assert departure["rule"] in LISTED["rules"]
    assert shown(original, updated, departure["witness"]) == departure["witness_shows"]


def test_sound_departs_in_both_directions() -> None:
    """SOUND refuses what breaks although STRICT passes it, and passes what STRICT refuses without need."""
    verdicts = [(d["verdicts"]["SOUND"], d["witness_shows"]) for d in LISTED["sound"]]
    assert {(False, "refused"), (True, "accepted by both")} == set(verdicts)


def test_every_rule_is_used() -> None:
    """The list explains nothing that does not happen."""
    assert {d["rule"] for d in [*OWN, *LISTED["vectors"]]} == set(LISTED["rules"])


def _vectors() -> list[dict[str, Any]]:
    tests: list[dict[str, Any]] = msgspec.json.decode(
        (VECTORS / "apicurio-json-schema-compatibility.json").read_bytes()
    )["tests"]
    return tests


@pytest.mark.needs("vectors")
@pytest.mark.parametrize("policy", list(Policy))
def test_the_vectors_hold_but_for_what_is_listed(policy: Policy) -> None:
    """Each vector, both ways: the verdict is the vector's, or the departure is listed."""
    departures = []
    for number, vector in enumerate(_vectors()):
        if not vector["enabled"]:
            continue
        old, new = text(vector["original"]), text(vector["updated"])
        says = SAYS[vector["compatibility"]]
        for direction, level, expected in zip(
            ("backward", "forward"), (Level.BACKWARD, Level.FORWARD), says, strict=True
        ):
            answer = check([old], new, level, policy).compatible
            if answer is not expected:
                departures.append((number, vector["id"], direction, answer))
    listed = [d for d in LISTED["vectors"] if d["policy"] == policy]
    assert departures == [(d["vector"], d["id"], d["direction"], d["verdict"]) for d in listed]


@pytest.mark.needs("vectors")
def test_witnesses_of_the_vectors() -> None:
    """What SOUND refuses is refuted by the witness; what it passes has none that does."""
    vectors = _vectors()
    for departure in LISTED["vectors"]:
        vector = vectors[departure["vector"]]
        pair = (vector["original"], vector["updated"])
        original, updated = pair if departure["direction"] == "backward" else pair[::-1]
        assert shown(original, updated, departure["witness"]) == departure["witness_shows"], departure
        if departure["policy"] == "SOUND":
            assert (departure["witness_shows"] == "refused") is not departure["verdict"]
