"""One suite for all adapters: the laws of the kit, each over each adapter; and the kit against a hostile one."""

from __future__ import annotations

from typing import Any

import pytest

from adapters.kit import AdapterError, DeviceContext, DeviceRequest, KitError, MessageContext
from adapters.kit.laws import LAWS, broken_by, damage_contained
from adapters.kit.registry import ROOT, find, load
from tests.soak import rounds

ADAPTERS = [*find(), "_template"]
REAL = ["adk_tukin", "ekinerja", "generic_json", "siasn", "zkteco_adms"]
MARK = "900001"
UNTRACED = {
    "ekinerja.predicates",  # a workbook: the same rows are traced as CSV
    "opras.forms",  # a workbook: the same rows are traced as CSV
    "ess_deduction.responses",  # of a message, about no person
    "fingerspot.scan",  # one scan in one message
    "hikvision.event",  # one event in one message
    "zkteco_adms.attlog",  # lines in two forms, of columns and of key=value
    "zkteco_adms.operlog",  # about no person
    "zkteco_adms.results",  # about no person
    "zkteco_attlog.attlog",  # lines between a serial number and a checksum, or without them
}
"""Exchanges whose rows are counted, and whose values no form that the kit knows leads to; golden cases show them."""
HOSTILE = load("_hostile")
MESSAGE = MessageContext("SYSTEM-1", "CONTOH", "CODE-1", 0)
DEVICE = DeviceContext("gate-1", "CONTOH0001", "Asia/Jakarta")


def body() -> dict[str, Any]:
    """A body whose values must appear in no error."""
    return {"rows": [{"employeeId": MARK}, {"employeeId": MARK}]}


def test_every_real_adapter_is_under_the_laws() -> None:
    """Discovery finds every folder with a manifest, so none escapes the suite by not being found."""
    folders = {path.parent.name for path in ROOT.glob("[!_]*/manifest.toml")}
    assert set(find()) == folders >= set(REAL)


def test_values_are_traced_wherever_a_form_leads_to_them() -> None:
    """Numbers of people, marks and amounts of every other exchange are followed from the input into the records; a new
    exchange has to say where they stand, or why not here."""
    untraced = {
        f"{name}.{exchange.name}"
        for name, adapter in find().items()
        for exchange in adapter.manifest.exchanges
        if exchange.direction == "in" and (exchange.rows is None or not exchange.rows.traced)
    }
    assert untraced == UNTRACED


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("adapter", ADAPTERS)
def test_adapter_keeps_law(adapter: str, law: str) -> None:
    """The adapter keeps the law."""
    assert broken_by(load(adapter), law) == []


@pytest.mark.parametrize("adapter", ADAPTERS)
def test_damage_of_another_seed_is_contained(adapter: str) -> None:
    """Damage that `amana adapter check` does not try; in a soak a long search."""
    assert damage_contained(load(adapter), rounds(20), seed=2) == []


@pytest.mark.parametrize(
    ("exchange", "kind"),
    [
        ("raises", "raised"),
        ("exits", "raised"),
        ("recurses", "raised"),
        ("endless", "bound"),
        ("wrong-type", "type"),
        ("wrong-item", "type"),
        ("floats", "float"),
        ("foreign", "institution"),
        ("undeclared", "contract"),
        ("mutates", "mutated"),
        ("talks", "bound"),
        ("lies", "type"),
        ("absent", "missing"),
        ("miscounts", "missing"),
        ("no-such-exchange", "missing"),
    ],
)
def test_hostile_translation_is_mapped(exchange: str, kind: str) -> None:
    """Whatever a translation does, a `KitError` of the right kind leaves the kit, and no value with it."""
    with pytest.raises(KitError) as caught:
        HOSTILE.translate(exchange, body(), MESSAGE)
    assert caught.value.kind == kind
    assert MARK not in str(caught.value)
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/hostile/raises", "raised"),
        ("/hostile/wrong-type", "type"),
        ("/hostile/floods", "missing"),
        ("/hostile/nowhere", "missing"),
    ],
)
def test_hostile_route_is_mapped(path: str, kind: str) -> None:
    """Whatever a device route does, a `KitError` of the right kind leaves the kit."""
    with pytest.raises(KitError) as caught:
        HOSTILE.handle(path, DeviceRequest("GET", path, {}, MARK.encode()), DEVICE)
    assert caught.value.kind == kind
    assert MARK not in str(caught.value)


def test_hostile_pages_are_mapped() -> None:
    """Pages that are not numbered 1 to n do not leave the kit."""
    with pytest.raises(KitError) as caught:
        HOSTILE.render("miscounts", {}, [], {})
    assert caught.value.kind == "type"


@pytest.mark.parametrize("law", ["manifest_complete", "cases_hold"])
def test_laws_can_fail(law: str) -> None:
    """The laws find fault with the hostile adapter, so a pass of the others means something."""
    assert broken_by(HOSTILE, law) != []


def test_an_adapter_error_passes_unchanged() -> None:
    """A refusal of a whole message keeps its kind and reason on the way out."""
    with pytest.raises(AdapterError) as caught:
        load("siasn").translate(
            "employees",
            {"pager": {"pageSize": 1, "page": 1, "total": 2, "nextPage": None}, "data": [{}, {}]},
            MESSAGE,
        )
    assert caught.value.kind == "page-overfull"
