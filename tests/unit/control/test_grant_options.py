"""Options of adapters for what a system pushes: its own, and over them those of its grant."""

from __future__ import annotations

from hub.records import CODE, DEVICE
from hub.records import SYSTEM as SYSTEM_OF
from hub.stages.translate import options_of
from tests.unit.control.signed_changes import Script, system_args


def test_a_push_is_read_by_the_options_of_its_system_and_over_them_its_grant() -> None:
    """What the hub itself reads of a system's options is not the adapter's; a device and a feed have options of their own."""
    script = Script()
    script.unit()
    options = {"format": "json", "zone": "system", "unit": "system"}
    assert script.tell("system.add", system_args("NEW", clientId="x", options=options)).accepted
    pushed = {SYSTEM_OF: "NEW", CODE: "SIASN-EMP"}
    assert options_of(script.directory.now(), pushed) == {"zone": "system", "unit": "system"}
    granted = {"system": "NEW", "code": "SIASN-EMP", "options": {"unit": "grant"}}
    assert script.tell("grant.add", granted).accepted
    assert options_of(script.directory.now(), pushed) == {"zone": "system", "unit": "grant"}
    assert options_of(script.directory.now(), {**pushed, DEVICE: "gate-1"}) == {}
    assert script.tell("grant.revoke", {"system": "NEW", "code": "SIASN-EMP"}).accepted
    assert options_of(script.directory.now(), pushed) == {"zone": "system", "unit": "system"}
