"""Commands on contracts in force: what they sign, what they refuse, what they show."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from hub.cli.main import invoke
from signing.jsontext import render
from signing.keyfiles import write_key
from tests.simulator.contracting import SCHEMA, SUBJECT, register
from tests.unit.api.desk import Desk

PINNED = f"subject:{SUBJECT}:1"
NEW = "surat-baru-value"
NARROWER = SCHEMA | {"properties": SCHEMA["properties"] | {"nomor": {"type": "integer", "maximum": 9}}}


def run(desk: Desk, *words: str) -> tuple[int, str]:
    return invoke([*words, "--data", str(desk.data)])


def with_code(desk: Desk) -> None:
    """A code whose contract is version 1 of the subject, and a system that may send under it."""
    desk.run(register(desk.context.registry, desk.clock.now()))
    with desk.client() as client:
        client.change("institution.add", {"code": "KEM", "name": "Kementerian Contoh"})
        key = desk.admin.public.pem()
        system = {
            "institution": "KEM",
            "code": "HR",
            "clientId": "client-hr",
            "secretSha256": "0" * 64,
            "publicKey": key,
        }
        client.change("system.add", system)
        client.change("api.add", {"code": "SURAT", "direction": "relay", "contract": PINNED})
        client.change("grant.add", {"system": "HR", "code": "SURAT"})


def test_a_state_is_signed_announced_and_shown(desk: Desk) -> None:
    """`state` needs a last day for what is deprecated; `show --notices` says who is told, `states` how it stands."""
    with_code(desk)
    change = ("contract", "state", PINNED, "deprecated", "--reason", "version 2 is there")
    status, text = run(desk, *change)
    assert (status, "AMANA-CHANGE-001" in text) == (1, True), text
    status, text = run(desk, *change, "--until", "2099-12-31")
    assert (status, f"{PINNED} is deprecated until 2099-12-31" in text) == (0, True), text
    status, text = run(desk, "contract", "show", PINNED, "--notices")
    assert status == 0
    assert "its last day is 2099-12-31" in text
    assert "HR.contract.notice" in text
    status, text = run(desk, "contract", "states")
    assert (status, "deprecated" in text) == (0, True)


def test_a_breaking_version_is_used_once_a_second_person_has_signed(desk: Desk, tmp_path: Path) -> None:
    """`use` is refused, `waive` opens, the opener may not `sign`, somebody else does, and `use` goes through."""
    with_code(desk)
    desk.run(register(desk.context.registry, desk.clock.now(), NARROWER, subject=NEW))
    file = tmp_path / "narrow.json"
    file.write_bytes(render(NARROWER))
    use = ("contract", "use", "SURAT", "--contract", f"subject:{NEW}:1")
    status, text = run(desk, *use)
    assert (status, "AMANA-CONTRACT-004" in text) == (1, True), text
    waive = ("contract", "waive", str(file), "--subject", NEW, "--reason", "agreed")
    status, text = run(desk, *waive, "--until", "2020-01-01")
    assert (status, "AMANA-CHANGE-003" in text) == (1, True), text
    day = desk.clock.now() // 86_400_000 + 30

    until = date.fromordinal(date(1970, 1, 1).toordinal() + day).isoformat()
    status, text = run(desk, *waive, "--until", until)
    assert (status, "opened; a second person signs it" in text) == (0, True), text
    [waiver] = desk.follower.directory.now().waivers()
    sign = ("contract", "sign", waiver.id, str(file))
    status, text = run(desk, *sign)
    assert (status, "AMANA-OPER-002" in text) == (1, True), text
    write_key(tmp_path / "second.pem", desk.add_operator("second", "Siti Contoh", "admin"))
    status, text = run(desk, *sign, "--operator", str(tmp_path / "second.pem"))
    assert (status, f"{waiver.id} signed" in text) == (0, True), text
    status, text = run(desk, *use)
    assert (status, f"SURAT has subject:{NEW}:1" in text) == (0, True), text
