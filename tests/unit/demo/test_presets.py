"""The demo's presets: the same seed gives the same bytes, each tap is carried once, and the oracle prices by its own table."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from adapters.kit.registry import find
from adapters.kit.sample import Mark
from adapters.kit.values import Canonical, DeviceContext, MessageContext
from hub.demo.acts import seen_by
from hub.demo.oracle import earned
from hub.demo.preset import load, names
from hub.demo.receiver import read_batch
from hub.demo.world import make_month
from schemas.rulesets import load as load_rules

PERIOD = "2026-10"


def test_both_presets_come_with_the_hub() -> None:
    """A ministry and a district."""
    assert names() == ["halmashauri", "kementerian"]


@pytest.mark.parametrize("preset", names())
def test_the_same_seed_gives_the_same_bytes(preset: str) -> None:
    """Every message of every source, and what the oracle expects; another seed gives others."""
    chosen, adapters = load(preset), find()

    def made(seed: int) -> list[Any]:
        month = make_month(chosen, PERIOD, 40, seed)
        sources = chosen.of_way("in") + chosen.of_way("device") + chosen.of_way("folder")
        bodies = [m.body for e in sources for m in adapters[e.adapter].sample(e.exchange, seen_by(chosen, month, e))]
        return [month.expected, *bodies]

    assert made(7) == made(7)
    assert made(7) != made(8)


@pytest.mark.parametrize("preset", names())
def test_every_tap_is_carried_by_one_way(preset: str) -> None:
    """What a device pushes is in no file, and what is brought as a file is pushed by nobody."""
    chosen = load(preset)
    month = make_month(chosen, PERIOD, 40, 7)
    carried = [
        device.serial
        for exchange in chosen.of_way("device") + chosen.of_way("folder")
        for device in seen_by(chosen, month, exchange).devices
    ]
    assert sorted(carried) == sorted(device.serial for device in chosen.devices)
    taps = [tap for device in month.world.devices for batch in device.batches for tap in batch]
    assert len(taps) > 500


def test_the_file_of_the_rural_office_holds_its_taps() -> None:
    """As many punches as it has taps, in the layout that the folder is told, none of them odd."""
    chosen, adapters = load("halmashauri"), find()
    month = make_month(chosen, PERIOD, 40, 7)
    (exchange,) = chosen.of_way("folder")
    world = seen_by(chosen, month, exchange)
    (message,) = adapters[exchange.adapter].sample(exchange.exchange, world)
    (device,) = world.devices
    context = MessageContext(
        "S", "CONTOH", exchange.code, 1_796_000_000_000,
        device=DeviceContext("d", device.serial, device.zone), options=exchange.options,
    )  # fmt: skip
    items = adapters[exchange.adapter].translate(exchange.exchange, message.body, context)
    assert len(items) == message.rows == sum(map(len, device.batches))
    assert all(isinstance(item, Canonical) and item.value["flags"] == [] for item in items)


def test_a_draft_says_so_and_is_allowed_for_its_own_demo_alone() -> None:
    """The setting goes with the preset; the ministry's demo pays by a live rule set and gets none."""
    for preset in map(load, names()):
        rules = load_rules(preset.rule_set.id, preset.rule_set.version)
        assert (rules.status == "draft") == preset.draft_rules == bool(preset.settings())
        assert rules.currency == preset.currency


def test_the_oracle_scores_by_weights() -> None:
    """60 % of 82.5 and 40 % of 76.5 are 80.1: half of each mark is the behaviour's, and the second task lies 6 lower."""
    oracle = load("halmashauri").oracle
    assert earned(oracle, Mark("di-atas", "sesuai", "baik")) == Decimal("80.10")
    assert earned(oracle, Mark("di-bawah", "di-bawah", "sangat-kurang")) == Decimal("47.60")
    assert earned(load("kementerian").oracle, Mark("di-atas", "sesuai", "butuh-perbaikan")) == 85


def batch(**totals: Any) -> dict[str, Any]:
    rows = [
        {"key": f"C:2026-10:{n}", "employeeId": f"90000000{n}", "gross": "100", "cut": "10", "net": "90"}
        for n in (1, 2)
    ]
    said = {"count": 2, "gross": "200", "cut": "20", "net": "180", "hash": "1800000003"} | totals
    return {"run": "C-2026-10-1", "currency": "TZS", "totals": said, "rows": rows}


def test_payroll_takes_a_batch_whose_totals_hold() -> None:
    """Count, sums and hash over the rows."""
    assert (read_batch(batch()).count, read_batch(batch()).net) == (2, 180)


@pytest.mark.parametrize(
    "totals", [{"count": 3}, {"gross": "201"}, {"cut": "21"}, {"net": "181"}, {"hash": "1800000004"}]
)
def test_payroll_refuses_a_batch_whose_totals_do_not(totals: dict[str, Any]) -> None:
    """One digit is enough."""
    with pytest.raises(ValueError, match="totals"):
        read_batch(batch(**totals))


def test_payroll_refuses_a_batch_with_a_row_twice() -> None:
    """The totals may hold all the same."""
    twice = batch()
    twice["rows"][1]["key"] = twice["rows"][0]["key"]
    with pytest.raises(ValueError, match="rows"):
        read_batch(twice)
