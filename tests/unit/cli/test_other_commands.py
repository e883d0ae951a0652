"""Contracts, adapters, rule sets and the doctor: commands that look at what is installed or at this machine."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from hub.cli import checks
from hub.cli.main import invoke
from hub.settings import load
from schemas.contracts import CONTRACTS
from signing import jsontext
from tests.unit.api.desk import Desk


def value(*words: str) -> Any:
    status, text = invoke([*words, "--json"])
    assert status == 0, text
    return jsontext.parse(text.encode())


def test_contracts_are_listed_shown_and_exported(tmp_path: Path) -> None:
    """Every canonical contract and every wire contract, each a JSON Schema file of its own."""
    listed = {row["name"] for row in value("contract", "list")["items"]}
    assert set(CONTRACTS) - listed == set()
    assert value("contract", "show", "employee") == CONTRACTS["employee"].schema
    files = value("contract", "export", str(tmp_path))["files"]
    assert len(files) == len(listed)
    assert jsontext.parse((tmp_path / "wire.siasn.employees.json").read_bytes())["$schema"]


def test_an_unknown_contract_is_a_plain_failure() -> None:
    """Status 1 and where to look."""
    status, text = invoke(["contract", "show", "nothing"])
    assert (status, "amana contract list" in text) == (1, True)


def test_a_new_adapter_begins_by_keeping_the_laws(tmp_path: Path) -> None:
    """`adapter new` makes a folder that `adapter check` has nothing against, and never overwrites one."""
    made = value("adapter", "new", "my_system", "--in", str(tmp_path))
    checked = value("adapter", "check", "my_system", "--in", str(tmp_path))
    again = invoke(["adapter", "new", "my_system", "--in", str(tmp_path)])
    assert Path(made["folder"]).is_dir()
    assert checked == {"ok": True, "checked": ["my_system"], "findings": []}
    assert again[0] == 1


def test_a_broken_adapter_fails_its_check(tmp_path: Path) -> None:
    """Status 1 and the law that it breaks."""
    value("adapter", "new", "my_system", "--in", str(tmp_path))
    manifest = tmp_path / "my_system" / "manifest.toml"
    manifest.write_text(manifest.read_text() + "\nnonsense = [")
    status, text = invoke(["adapter", "check", "my_system", "--in", str(tmp_path)])
    assert (status, "manifest" in text) == (1, True)


def test_rule_sets_show_every_line_with_its_source() -> None:
    """Each line has a value, a source and how sure it is."""
    sets = value("pay", "rules")["items"]
    lines = value("pay", "rules", "permenaker-15-2024")["items"]
    assert "permenaker-15-2024" in {row["id"] for row in sets}
    assert [line for line in lines if line["confidence"] not in {"A", "B", "U"} or not line["source"]] == []
    assert {line["line"]: line["value"] for line in lines}["absence-rate"] == "0.03"


def test_keys_that_others_may_read_are_found(desk: Desk) -> None:
    """A key file of mode 0644 fails, with the command that mends it."""
    path = desk.data / "keys" / "operators" / "admin.pem"
    path.chmod(0o644)
    failed = [finding for finding in checks.check_keys(desk.data / "keys") if not finding.ok]
    assert [(f.name, f.remedy) for f in failed] == [("key file operators/admin.pem", f"chmod 600 {path}")]


def test_a_directory_and_files_that_others_may_read_are_found(desk: Desk) -> None:
    """Each with the command that mends it."""
    desk.data.chmod(0o755)
    (desk.data / "store.db-wal").touch(0o644)
    found = [checks.check_directory(desk.data), checks.check_files(desk.data)]
    assert [(f.ok, f.remedy) for f in found] == [
        (False, f"chmod 700 {desk.data}"),
        (False, f"chmod 600 {desk.data / 'store.db-wal'}"),
    ]
    desk.data.chmod(0o700)
    (desk.data / "store.db-wal").chmod(0o600)
    assert [f.ok for f in (checks.check_directory(desk.data), checks.check_files(desk.data))] == [True, True]


def test_a_missing_hub_key_is_found(desk: Desk) -> None:
    """The doctor names the file and what to do."""
    (desk.data / "keys" / "wrap.key").unlink()
    assert [(f.name, f.ok) for f in checks.check_keys(desk.data / "keys")][-1] == ("hub keys", False)


def test_a_full_disk_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Less free than a day of messages needs fails."""
    assert checks.check_disk(tmp_path).ok is True
    monkeypatch.setattr(checks, "LEAST_FREE", 1 << 60)
    assert checks.check_disk(tmp_path).ok is False


def test_durability_of_the_files_is_looked_at(tmp_path: Path) -> None:
    """Files that are not there fail; files of the hub hold WAL and synchronous=FULL."""
    from hub.log.connections import create_tables
    from hub.store.sql import SqlStore

    settings = load(tmp_path)
    assert [checks.check_log(settings).ok, checks.check_store_file(settings).ok] == [False, False]
    create_tables(tmp_path / "bus.db")
    asyncio.run(SqlStore.open(settings.store).close())
    found = [checks.check_log(settings), checks.check_store_file(settings)]
    assert [finding.ok for finding in found] == [True, True]
    assert found[0].found == "journal_mode=wal, synchronous=2, secure_delete=1"


def test_the_doctor_names_a_stage_that_halted_and_what_to_do(desk: Desk) -> None:
    """A stopped stage is a failed check of its own, with the code, its cause and the way back."""
    desk.context.health.halted = {"translate": "AMANA-BRAKE-001"}
    status, text = invoke(["doctor", "--data", str(desk.data), "--json"])
    checks_ = {check["name"]: check for check in jsontext.parse(text.encode())["checks"]}
    assert status == 1
    assert checks_["hub"]["found"] == "stage translate halted: AMANA-BRAKE-001"
    assert checks_["stage translate"]["found"] == "halted: AMANA-BRAKE-001, 0 records behind"
    assert "Find the common cause" in checks_["stage translate"]["do"]
    assert "restart `amana serve`" in checks_["stage translate"]["do"]


def test_the_doctor_names_what_the_brake_holds(desk: Desk) -> None:
    """A system whose messages keep failing is a failed check with what to do; the hub is ready all the same."""
    desk.context.health.braked = {"system HRIS": "AMANA-BRAKE-002"}
    status, text = invoke(["doctor", "--data", str(desk.data), "--json"])
    checks_ = {check["name"]: check for check in jsontext.parse(text.encode())["checks"]}
    assert (status, checks_["hub"]["found"]) == (1, "ready")
    assert checks_["system HRIS"]["found"] == "AMANA-BRAKE-002"
    assert "Show its dead letters" in checks_["system HRIS"]["do"]


def test_the_doctor_fails_where_something_is_wrong(desk: Desk) -> None:
    """Status 1, the failed checks with what to do, and every setting with passwords masked."""
    status, text = invoke(["doctor", "--data", str(desk.data), "--json"])
    found = jsontext.parse(text.encode())
    failed = {check["name"]: check["do"] for check in found["checks"] if not check["ok"]}
    assert status == 1
    assert set(failed) == {"log durability", "store durability"}  # this hub has both in memory
    assert all(failed.values())
    assert {check["name"] for check in found["checks"] if check["ok"]} >= {"hub keys", "hub", "clock", "directory"}
    assert found["settings"]["AMANA_DATA"] == str(desk.data)


def test_a_run_takes_the_only_live_rule_set_and_asks_where_there_are_several(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The hub prefers nobody's rules: with one live set there is no choice, with two the person makes it."""
    from schemas import rulesets

    [only] = [rules for rules in rulesets.available() if rules.status == "live"]
    value("institution", "add", "--code", "KEM", "--name", "x", "--data", str(desk.data))
    opening = ["pay", "run", "--institution", "KEM", "--period", "2026-10", "--data", str(desk.data)]
    run = value(*opening)["result"]["run"]
    order = desk.follower.directory.now().run(run)
    assert order is not None
    assert (order.rule_set, order.rule_version) == (only.id, only.version)
    draft = only.model_copy(update={"id": "draft", "status": "draft"})
    monkeypatch.setattr(rulesets, "available", lambda: (only, draft))
    assert invoke(opening)[0] == 0
    monkeypatch.setattr(rulesets, "available", lambda: (only, only.model_copy(update={"id": "other-rules"})))
    status, text = invoke(opening)
    assert status == 2
    assert f"--rules {only.id} --rules-version {only.version}" in text
    assert "--rules other-rules" in text
    assert invoke([*opening, "--rules", only.id])[0] == 0


def test_schemas_are_registered_listed_and_shown(desk: Desk, tmp_path: Path) -> None:
    """An operator registers; whoever reaches the hub lists and shows; a schema that breaks is told with its place."""
    data = ["--data", str(desk.data)]
    first, second = tmp_path / "first.json", tmp_path / "second.json"
    first.write_text('{"type": "object", "properties": {"a": {"type": "string"}}}')
    second.write_text('{"type": "object", "properties": {"a": {"type": "integer"}}}')
    made = value("contract", "register", str(first), "--subject", "a/b", *data)
    assert made == {"subject": "a/b", "version": 1, "id": 1}
    listed = value("contract", "list", "--registry", "--prefix", "a", *data)["items"]
    assert [(row["subject"], row["version"], row["schemaType"]) for row in listed] == [("a/b", 1, "JSON")]
    assert value("contract", "show", "a/b", "--version", "latest", *data)["type"] == "object"
    status, text = invoke(["contract", "register", str(second), "--subject", "a/b", *data])
    assert (status, "registry 40901" in text, "#/properties/a" in text) == (1, True, True)
    whole = tmp_path / "whole.json"
    whole.write_text('{"$ref": "first.json"}')
    made = value("contract", "register", str(whole), "--subject", "w", "--reference", "first.json=a/b:1", *data)
    assert made["id"] == 2
    assert invoke(["contract", "register", str(whole), "--subject", "w", "--reference", "first.json", *data])[0] == 2
    assert invoke(["contract", "show", "none", "--version", "1", *data])[0] == 1
