"""Every translation stands in a benchmark, in and out, and what is measured there is the translation of good rows."""

from __future__ import annotations

import pytest

from adapters.kit import Canonical, Skipped
from adapters.kit.registry import find, load
from tests.bench import render_rows_bench, translate_rows_bench

MEASURED_IN = set(translate_rows_bench.INPUTS)
MEASURED_OUT = {tuple(name.split(".")) for name in render_rows_bench.renders()}
SYSTEMS = {name for name, *_ in MEASURED_IN | MEASURED_OUT}
"""A new adapter is its folder alone; one that is measured is measured whole."""


@pytest.mark.parametrize(("direction", "measured"), [("in", MEASURED_IN), ("out", MEASURED_OUT)])
def test_every_translation_is_measured(direction: str, measured: set[tuple[str, str]]) -> None:
    """An exchange that an adapter gets brings the rows that its speed is measured with."""
    wanted = {
        (name, exchange.name)
        for name in find().keys() & SYSTEMS
        for exchange in load(name).manifest.exchanges
        if exchange.direction == direction
    }
    assert wanted <= measured


@pytest.mark.parametrize(("name", "exchange"), translate_rows_bench.INPUTS)
def test_rows_that_are_measured_are_taken(name: str, exchange: str) -> None:
    """A refusal is quicker than a record, so none may be among them; and they keep the wire contract."""
    adapter, body = load(name), translate_rows_bench.INPUTS[name, exchange]()
    items = adapter.translate(exchange, body, translate_rows_bench.MESSAGE)
    assert {type(item) for item in items} in ({Canonical}, {Skipped})
    if not isinstance(body, bytes):
        assert adapter.wire_checker(exchange).ok(body)
