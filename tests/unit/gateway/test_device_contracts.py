"""What the state of a contract's version does to devices, which can read no notice."""

from __future__ import annotations

import pytest

from adapters.kit.values import DeviceMessage
from hub import records as r
from hub.errors import BadMessage
from hub.gateway.devices import make_candidate
from hub.ports import Candidate
from tests.unit.gateway.onboarded import make_terms
from tests.unit.gateway.test_assurance import with_code

PINNED = "wire:zkteco_adms.attlog:1"


def upload(*states: dict[str, str], **options: str) -> Candidate:
    """What becomes of an upload after these decisions on the contract."""
    house = with_code("GATE", "zkteco_adms", "attlog", None)
    device = {"adapter": "zkteco_adms", "serial": "DEVICE0002", "institution": "KEM", "code": "GATE"}
    house.change("device.add", device | {"networks": ["10.0.0.0/8"], "options": options})
    for state in states:
        house.change("contract.state", {"contract": PINNED, "reason": "x"} | state)
    view = house.directory.now()
    found = view.device("DEVICE0002")
    assert found is not None
    message = DeviceMessage("attlog", b"1\t2026-10-01 07:00:00\t0\t1\n", [])
    return make_candidate(message, found, view, make_terms())


def test_a_deprecated_version_is_noted_and_a_draft_is_for_trials() -> None:
    """The record says what nobody told the device; a draft is taken from a device that is on trial, and from no other."""
    assert r.NOTICE not in upload().headers
    noted = upload({"state": "deprecated", "until": "2099-12-31"})
    assert noted.headers[r.NOTICE] == f"{PINNED} is deprecated, its last day is 2099-12-31"
    assert upload({"state": "draft"}, trial="yes").headers[r.NOTICE] == f"{PINNED} is a draft"
    with pytest.raises(BadMessage, match="AMANA-CONTRACT-003"):
        upload({"state": "draft"})


def test_a_retired_version_is_taken_from_no_device() -> None:
    """It is answered as what cannot be taken, so the device keeps what it has and sends it again."""
    with pytest.raises(BadMessage, match="AMANA-CONTRACT-002"):
        upload({"state": "draft"}, {"state": "retired"})
