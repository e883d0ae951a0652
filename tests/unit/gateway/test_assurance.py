"""The assurance of a message: as its code declares, never stronger than the way it came proves."""

from __future__ import annotations

import pytest

from adapters.kit.values import DeviceMessage
from hub import records as r
from hub.gateway.admission import examine
from hub.gateway.assurance import weaker
from hub.gateway.devices import make_candidate
from hub.ports import Candidate
from schemas.canonical.pay import ASSURANCES, Assurance
from tests.unit.gateway.onboarded import CALENDAR, NOW, House, make_terms, onboard


def with_code(code: str, adapter: str, exchange: str, assurance: Assurance | None) -> House:
    """The onboarded house, where HR may send one more code."""
    house = onboard()
    declared = {} if assurance is None else {"assurance": assurance}
    house.change("api.add", {"code": code, "adapter": adapter, "exchange": exchange, **declared})
    house.change("grant.add", {"system": "HR", "code": code})
    return house


@pytest.mark.parametrize("declared", [*ASSURANCES, None])
def test_a_signed_push_is_what_its_code_declares(declared: Assurance | None) -> None:
    """A signature proves the strongest, so the directory's word stands."""
    house = with_code("CLERK-CAL", "generic_json", "calendar", declared)
    found = examine(house.push(house.body(CALENDAR, "CLERK-CAL")), house.directory.now(), NOW, make_terms())
    assert isinstance(found, Candidate)
    assert found.headers[r.ASSURANCE] == (declared or "signed")


@pytest.mark.parametrize(
    ("declared", "recorded"),
    [("signed", "device"), (None, "device"), ("device", "device"), ("file", "file"), ("polled", "polled")],
)
def test_a_device_is_never_more_than_a_device(declared: Assurance | None, recorded: Assurance) -> None:
    """A code that declares `signed` makes no signature of an upload that has none."""
    house = with_code("GATE", "zkteco_adms", "attlog", declared)
    house.change(
        "device.add",
        {
            "adapter": "zkteco_adms",
            "serial": "DEVICE0002",
            "institution": "KEM",
            "code": "GATE",
            "networks": ["10.0.0.0/8"],
        },
    )
    view = house.directory.now()
    device = view.device("DEVICE0002")
    assert device is not None
    candidate = make_candidate(
        DeviceMessage("attlog", b"1\t2026-10-01 07:00:00\t0\t1\n", []), device, view, make_terms()
    )
    assert candidate.headers[r.ASSURANCE] == recorded


@pytest.mark.parametrize(
    ("one", "other", "found"),
    [("signed", "device", "device"), ("device", "signed", "device"), ("polled", "file", "polled")],
)
def test_the_weaker_of_two(one: Assurance, other: Assurance, found: Assurance) -> None:
    """In either order."""
    assert weaker(one, other) == found
