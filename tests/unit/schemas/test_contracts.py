"""Canonical contracts: what they enforce, what institutions read, and what a breach may say."""

from __future__ import annotations

import calendar
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from schemas.canonical.text import DATE_PATTERN
from schemas.contracts import CONTRACTS, Breach, checker, compile_checker, complete
from schemas.errors import SchemaError
from schemas.generate import DIRECTORY, render

NAMES = {
    "employee",
    "payee",
    "enrolment",
    "calendar",
    "leave",
    "sanction",
    "device-outage",
    "attendance.punch",
    "attendance.day",
    "performance.review",
    "pay.signal",
    "pay.run",
    "pay.deduction",
    "pay.reply",
    "employee.profile",
    "employee.event",
    "identity.link",
    "hr.notice",
    "attendance.entry",
    "performance.plan",
    "performance.progress",
    "performance.activity",
    "performance.report",
    "performance.assessment",
    "performance.appeal",
    "performance.institution-result",
    "performance.feedback",
    "contract.notice",
}
CANARY = "KENARI-7741"
PUNCH = {
    "serial": "CONTOH0000001",
    "pin": "0042",
    "at": "2026-10-05T07:21:00",
    "zone": "Asia/Jakarta",
    "zoneWhy": "registry",
    "instant": "2026-10-05T00:21:00Z",
    "state": 0,
    "verify": 1,
    "workcode": None,
    "flags": [],
}
PAYEE = {
    "employeeId": "198503152010011001",
    "institution": "KEMCONTOH",
    "class": 9,
    "tariff": "5079200",
    "currency": "IDR",
    "payingUnit": "900001",
    "bankCode": "901",
    "bankName": "BANK CONTOH SATU",
    "account": "901000000042",
    "accountName": "PEGAWAI CONTOH",
    "decree": None,
    "validFrom": "2026-01",
}


def members(schema: Any, path: str = "") -> Iterator[tuple[str, dict[str, Any]]]:
    """Every member of a schema with its path."""
    if isinstance(schema, dict):
        for name, member in schema.get("properties", {}).items():
            yield f"{path}/{name}", member
        for keyword, inner in schema.items():
            yield from members(inner, f"{path}/{keyword}")
    elif isinstance(schema, list):
        for inner in schema:
            yield from members(inner, path)


def test_every_contract_is_there() -> None:
    """Other rooms rely on these names."""
    assert set(CONTRACTS) == NAMES


@pytest.mark.parametrize("name", sorted(NAMES))
def test_files_are_what_the_models_say(name: str) -> None:
    """The checked-in schema equals the generated one: run `python -m schemas.generate` after a change."""
    assert (DIRECTORY / f"{name}.json").read_bytes() == render(CONTRACTS[name].schema)


def test_no_file_without_a_contract() -> None:
    """A contract that is gone leaves no file behind."""
    assert {path.name.removesuffix(".json") for path in DIRECTORY.iterdir()} == NAMES


@pytest.mark.parametrize("name", sorted(NAMES))
def test_every_member_is_explained(name: str) -> None:
    """Joining institutions read the schemas: each member has a title and a description."""
    bare = [path for path, m in members(CONTRACTS[name].schema) if not m.get("title") or not m.get("description")]
    assert bare == []


@pytest.mark.parametrize("name", sorted(NAMES))
def test_records_are_closed_and_whole(name: str) -> None:
    """No member may be added and none left out, at any depth: one record has one canonical form."""
    schema = CONTRACTS[name].schema
    objects = [schema, *schema.get("$defs", {}).values()]
    open_ones = [o["title"] for o in objects if o.get("additionalProperties") is not False]
    loose = [o["title"] for o in objects if set(o["required"]) != set(o["properties"])]
    assert (open_ones, loose) == ([], [])


def test_urn_is_the_schema_id() -> None:
    """`ce_dataschema` of a record is the `$id` of its schema."""
    assert {c.name: c.urn for c in CONTRACTS.values()} == {c.name: c.schema["$id"] for c in CONTRACTS.values()}


def test_a_valid_record_has_no_breach() -> None:
    """`ok` and `breaches` agree on a good record."""
    assert (checker("attendance.punch").ok(PUNCH), checker("attendance.punch").breaches(PUNCH)) == (True, [])


@pytest.mark.parametrize(
    ("member", "value", "rule"),
    [
        ("at", "2026-02-29T07:00:00", "a local date and time, YYYY-MM-DDTHH:MM:SS"),
        ("at", "2026-10-05 07:21:00", "a local date and time, YYYY-MM-DDTHH:MM:SS"),
        ("at", "2026-10-05T07:21:60", "a local date and time, YYYY-MM-DDTHH:MM:SS"),
        ("instant", "2026-10-05T07:21:00+07:00", "a date and time in UTC, YYYY-MM-DDTHH:MM:SSZ"),
        ("zone", "../../etc/passwd", "a zone such as Asia/Jakarta or +07:00"),
        ("pin", "", "pattern"),
        ("pin", "42\n", "pattern"),
        ("pin", "٤٢", "pattern"),
        ("state", "0", "type null or integer"),
        ("state", -1, "minimum 0"),
        ("flags", ["with space"], "pattern"),
        ("workcode", "a\tb", "at least one character, none of them a control character"),
    ],
)
def test_a_punch_breach_names_place_and_rule(member: str, value: object, rule: str) -> None:
    """Each malformed member is found at its place, by the rule that it breaks."""
    path, broken = checker("attendance.punch").breaches({**PUNCH, member: value})[0]
    assert (path.split("/")[1], broken.partition(" ^")[0]) == (member, rule)


@pytest.mark.parametrize("tariff", ["5079200.00", "0", "0.5", "4980612.728"])
def test_money_is_digits_in_a_string(tariff: str) -> None:
    """Whole and decimal amounts are accepted as text."""
    assert checker("payee").ok({**PAYEE, "tariff": tariff}) is True


@pytest.mark.parametrize("tariff", [5079200, 5079200.0, "5,079,200", "-1", "1e6", "01", ".5", "5.", "Rp5", "", "٥"])
def test_money_in_another_form_is_refused(tariff: object) -> None:
    """Numbers, separators, signs, exponents, leading zeros and other digits are no money here."""
    assert checker("payee").ok({**PAYEE, "tariff": tariff}) is False


def test_a_float_that_looks_like_an_integer_is_refused() -> None:
    """JSON Schema takes 9.0 for an integer; a canonical record does not, and says so."""
    value = {**PAYEE, "class": 9.0}
    expected = [Breach("", "no floating-point numbers: integers, or decimal digits in a string")]
    assert (checker("payee").ok(value), checker("payee").breaches(value)) == (False, expected)


def test_a_float_deep_inside_is_refused() -> None:
    """The same within nested objects and lists."""
    counts = {"employees": 1, "ready": 1, "held": 0, "unmatchedPunches": 0}
    run = {
        "run": "R-1",
        "institution": "KEMCONTOH",
        "earned": "2026-10",
        "paid": "2026-11",
        "ruleSet": {"id": "r", "version": "1"},
        "counts": counts,
        "totals": {"gross": "1", "cut": "0", "net": "1"},
        "signalsDigest": "sha256:" + "0" * 64,
        "kind": "regular",
    }
    nested = {**run, "counts": {**counts, "unmatchedPunches": 0.0}}
    assert (checker("pay.run").ok(run), checker("pay.run").ok(nested)) == (True, False)


def test_every_29th_of_february_is_checked() -> None:
    """The date pattern knows leap years as the calendar does, 1000 to 2999."""
    dates = compile_checker({"type": "string", "pattern": DATE_PATTERN})
    wrong = [year for year in range(1000, 3000) if dates.ok(f"{year}-02-29") is not calendar.isleap(year)]
    assert wrong == []


def test_every_day_of_a_year_is_a_date_and_nothing_else() -> None:
    """Months have the days that they have."""
    dates = compile_checker({"type": "string", "pattern": DATE_PATTERN})
    found = [(m, d) for m in range(14) for d in range(33) if dates.ok(f"2026-{m:02d}-{d:02d}")]
    assert found == [(m, d) for m in range(1, 13) for d in range(1, calendar.monthrange(2026, m)[1] + 1)]


@pytest.mark.parametrize("name", sorted(NAMES))
def test_breaches_never_show_values_or_unknown_names(name: str) -> None:
    """A value and a member name that the contract does not know appear in no breach, wherever they stand."""
    schema = CONTRACTS[name].schema
    junk = {member: {CANARY: CANARY} for member in schema["properties"]}
    lists = {member: [CANARY, {CANARY: [CANARY]}] for member in schema["properties"]}
    texts = dict.fromkeys(schema["properties"], f"{CANARY}\n")
    said = [str(checker(name).breaches({**value, CANARY: 1}, limit=99)) for value in (junk, lists, texts)]
    assert [CANARY in text for text in said] == [False, False, False]


def test_a_path_through_unknown_members_is_masked() -> None:
    """Where a schema allows any member name, the path shows `*` for it."""
    free = compile_checker({"type": "object", "additionalProperties": {"type": "integer"}})
    assert free.breaches({CANARY: "x"}) == [Breach("/*", "type integer")]


def test_unexpected_members_are_counted() -> None:
    """How many members are too many, not which."""
    breaches = checker("payee").breaches({**PAYEE, "secretA": 1, "secretB": 2})
    assert breaches == [Breach("", "2 member(s) that the contract does not have")]


def test_a_missing_member_is_named() -> None:
    """The name comes from the contract, so it may be said."""
    value = {m: v for m, v in PAYEE.items() if m != "tariff"}
    assert checker("payee").breaches(value) == [Breach("", "required member tariff")]


def test_breaches_are_limited() -> None:
    """A row that is wrong everywhere answers with so many breaches only."""
    assert len(checker("payee").breaches(dict.fromkeys(PAYEE, 1.5), limit=3)) == 3


@pytest.mark.parametrize(
    "schema",
    [
        {"$ref": "http://127.0.0.1:9/other.json"},
        {"$ref": "file:///etc/passwd"},
        {"type": "string", "pattern": "^(?=a)b$"},
        {"type": "string", "pattern": "^(a)\\1$"},
        {"type": "string", "format": "nobody-checks-this"},
        {"type": "strnig"},
    ],
)
def test_schemas_that_cannot_be_trusted_do_not_compile(schema: dict[str, Any]) -> None:
    """No fetching, no back-tracking, no format without a check, no misspelt type."""
    with pytest.raises(SchemaError) as caught:
        compile_checker(schema)
    assert caught.value.kind == "schema"


def test_nothing_is_fetched_even_from_the_same_machine(tmp_path: Path) -> None:
    """A reference to a file that is there is refused all the same: a contract stands alone."""
    other = tmp_path / "other.json"
    other.write_bytes(render({"type": "string"}))
    with pytest.raises(SchemaError) as caught:
        compile_checker({"$ref": other.as_uri()})
    assert "Retrieval is disabled" in caught.value.detail


def test_an_unknown_contract_is_named() -> None:
    """The error says which contract there is none of."""
    with pytest.raises(SchemaError) as caught:
        checker("employe")
    assert (caught.value.kind, caught.value.detail) == ("contract", "there is no contract 'employe'")


def test_complete_fills_what_may_be_null_and_nothing_else() -> None:
    """A sender may leave out what it does not know; a required member that is missing stays missing."""
    completed = complete("payee", {"tariff": "1", "class": 9})
    assert completed == {"tariff": "1", "class": 9, "decree": None}


def test_models_and_schemas_agree() -> None:
    """What the schema takes, the model takes and gives back under the same names."""
    model = CONTRACTS["payee"].model
    assert model.model_validate(PAYEE).model_dump(by_alias=True) == PAYEE
