"""Between sealed records and the plain values of a run. Rule: everything a run makes is sealed under the run's own
secret, so that its retention is its own; keys and headers are what any derived record has."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from hub.errors import BadMessage
from hub.keys import subject_key
from hub.ports import Store, Vault
from hub.records import (
    ASSURANCE,
    CONTENT_TYPE,
    DATASCHEMA,
    DERIVED,
    ID,
    INSTITUTION,
    PARENT,
    PERIOD,
    RUN,
    SECRET,
    SOURCE,
    SPECVERSION,
    STAGE,
    TIME,
    TYPE,
    Ms,
    Record,
)
from hub.runs.compute import VERSION, RunResult
from hub.runs.selection import NATURAL_KEYS, SCORED, Fact
from hub.runs.totals import add_up, count, signals_digest
from hub.stages.bodies import open_body, open_with
from hub.stages.facts import TABLE, unpack
from hub.topics import SIGNALS_HR, SIGNALS_PAY, records
from schemas.contracts import CONTRACTS, checker
from signing.jsontext import canonical, parse, render
from signing.sealing import BodyKey

if TYPE_CHECKING:
    from hub.control.objects import RunOrder

NAME: Final = "runs"
MAKER: Final = f"{NAME}/{VERSION}"
PAGE: Final = 500
"""Rows of facts that are read at once."""

STRIDE: Final = 200
"""Bodies opened or sealed before the event loop gets its turn."""

ROW_BITS: Final = 24
"""Rows of one message, in `Fact.order`."""


def secret_id(run: str) -> str:
    """Under which the vault keeps the secret of a run."""
    return f"run:{run}"


def run_digest(run: Mapping[str, Any]) -> str:
    """What an approval signs: SHA-256 over the canonical pay.run, which holds totals and the digest of the signals."""
    return "sha256:" + hashlib.sha256(canonical(run)).hexdigest()


@dataclass(frozen=True, slots=True)
class Loaded:
    """The facts of a run, and how many of its records were erased since."""

    facts: list[Fact]
    erased: int


async def load_facts(order: RunOrder, store: Store, vault: Vault, *, scored: bool = False) -> Loaded:
    """Every fact of the institution below the cut-off. Punches of the neighbouring months come along, because a
    device's clock and a night shift may carry one over the edge. `scored`: assessments and appeals too, by which the rules
    price performance."""
    facts: list[Fact] = []
    erased = 0
    wanted: list[tuple[str, dict[str, Any]]] = [
        (name, {}) for name in sorted(NATURAL_KEYS) if scored or name not in SCORED
    ]
    wanted.append(("attendance.punch", {"period": _around(order.period)}))
    for contract, where in wanted:
        found = await load_contract(store, vault, order.institution, contract, lambda row: _is_below(order, row), where)
        facts += found.facts
        erased += found.erased
    return Loaded(facts, erased)


async def load_contract(
    store: Store,
    vault: Vault,
    institution: str,
    contract: str,
    wanted: Callable[[Mapping[str, Any]], bool] = lambda _: True,
    where: Mapping[str, Any] = MappingProxyType({}),
) -> Loaded:
    """The facts of one contract and institution whose rows are `wanted`."""
    facts: list[Fact] = []
    erased = 0
    after: Mapping[str, Any] | None = None
    asked = {"contract": contract, "institution": institution, **where}
    while True:
        rows = await store.rows(TABLE, asked, order=("record_id",), limit=PAGE, after=after)
        opened, gone = await _open([row for row in rows if wanted(row)], vault, contract)
        facts += opened
        erased += gone
        if len(rows) < PAGE:
            return Loaded(facts, erased)
        after = {"record_id": rows[-1]["record_id"]}


async def _open(rows: Sequence[Mapping[str, Any]], vault: Vault, contract: str) -> tuple[list[Fact], int]:
    secrets = await vault.open(sorted({row["secret_id"] for row in rows}))
    keys = {id_: BodyKey(secret, contract) for id_, secret in secrets.items()}
    facts: list[Fact] = []
    erased = 0
    since = 0
    for row in rows:
        since += int(row["count"])
        if since >= STRIDE:
            since = 0
            await asyncio.sleep(0)
        key = keys.get(row["secret_id"])
        if key is None:
            erased += int(row["count"])
            continue
        place = int(row["origin_offset"]) << ROW_BITS
        time, assurance, system = Ms(row["time"]), row["assurance"], row["system"]
        for kept in unpack(row):
            value = parse(open_body(key, kept.record_id, kept.body))
            facts.append(Fact(contract, kept.record_id, time, assurance, value, place | kept.n, system))
    return facts, erased


def _is_below(order: RunOrder, row: Mapping[str, Any]) -> bool:
    ends = order.cutoff.get(row["origin_topic"], ())
    partition = int(row["origin_partition"])
    return partition < len(ends) and int(row["origin_offset"]) < ends[partition]


def _around(period: str) -> list[str]:
    month = int(period[:4]) * 12 + int(period[5:]) - 1
    return [f"{m // 12:04d}-{m % 12 + 1:02d}" for m in (month - 1, month, month + 1)]


@dataclass(frozen=True, slots=True)
class Sealed:
    """A run as records with their topics, in the order of publishing, and as rows of `run_signal`."""

    records: list[tuple[str, Record]]
    rows: list[dict[str, Any]]


async def seal_run(order: RunOrder, result: RunResult, secret: bytes, hmac: bytes, source: Callable[[], str]) -> Sealed:
    """Seal days, signals and the run. `source` gives the next `DERIVED` text. Raises `BadMessage` AMANA-TRANS-002
    when a value breaks its contract: nothing of such a run leaves."""
    sealer = _Sealer(order, secret, hmac, source)
    parents = {s["employeeId"]: result.parents[s["signalId"]] for s in result.signals}
    made: list[tuple[str, Record]] = []
    rows: list[dict[str, Any]] = []
    for n, (day, day_id) in enumerate(zip(result.days, result.day_ids, strict=True)):
        if n % STRIDE == 0:
            await asyncio.sleep(0)
        employee = day["employeeId"]
        made.append(
            (records("attendance.day"), sealer.seal("attendance.day", day, day_id, parents[employee], employee))
        )
    for n, signal in enumerate(result.signals):
        if n % STRIDE == 0:
            await asyncio.sleep(0)
        id_ = signal["signalId"]
        record = sealer.seal("pay.signal", signal, id_, result.parents[id_], signal["employeeId"])
        made.append((SIGNALS_PAY, record))
        rows.append(signal_row(order, record, signal))
    made.append((SIGNALS_PAY, sealer.seal("pay.run", result.run, result.run_id, result.run["signalsDigest"], None)))
    return Sealed(made, rows)


def seal_notices(
    order: RunOrder,
    notices: Iterable[tuple[str, dict[str, Any]]],
    secret: bytes,
    hmac: bytes,
    source: Callable[[], str],
) -> list[tuple[str, Record]]:
    """Records of the notices of a run, in the order given. Raises `BadMessage` AMANA-TRANS-002."""
    sealer = _Sealer(order, secret, hmac, source)
    return [
        (SIGNALS_HR, sealer.seal("hr.notice", value, id_, value["grounds"][0], value["employeeId"]))
        for id_, value in notices
    ]


def signal_row(order: RunOrder, record: Record, signal: Mapping[str, Any]) -> dict[str, Any]:
    """The row of `run_signal` of one signal and its sealed record."""
    return {
        "run": order.code,
        "signal_id": record.headers[ID],
        "subject": record.key.hex(),
        "status": signal["status"],
        "reasons": [reason["code"] for reason in signal["reasons"]],
        "secret_id": secret_id(order.code),
        "body": record.value,
    }


def open_record(secret: bytes, record: Record) -> dict[str, Any]:
    """The value of a record of a run."""
    value: dict[str, Any] = parse(open_with(secret, record.headers[TYPE], record))
    return value


class _Sealer:
    """Makes records of one run."""

    def __init__(self, order: RunOrder, secret: bytes, hmac: bytes, source: Callable[[], str]) -> None:
        self._order = order
        self._secret = secret
        self._hmac = hmac
        self._source = source
        self._keys: dict[str, BodyKey] = {}

    def seal(self, contract: str, value: dict[str, Any], id_: str, parent: str, employee: str | None) -> Record:
        if not checker(contract).ok(value):
            raise BadMessage("AMANA-TRANS-002", contract)
        key = self._keys.get(contract)
        if key is None:
            key = self._keys[contract] = BodyKey(self._secret, contract)
        order = self._order
        headers = dict((SPECVERSION,))
        headers |= {
            ID: id_,
            SOURCE: f"stage/{NAME}",
            STAGE: MAKER,
            TYPE: contract,
            DATASCHEMA: CONTRACTS[contract].urn,
            CONTENT_TYPE: "application/json",
            TIME: str(order.opened_at),
            INSTITUTION: order.institution,
            SECRET: secret_id(order.code),
            PARENT: parent,
            DERIVED: self._source(),
            PERIOD: order.period,
            RUN: order.code,
        }
        if "assurance" in value:
            headers[ASSURANCE] = value["assurance"]
        subject = ("institution", order.institution) if employee is None else ("employee", employee)
        return Record(subject_key(self._hmac, *subject), headers, key.seal(id_, render(value)))


async def open_signals(rows: Iterable[Mapping[str, Any]], secret: bytes) -> list[dict[str, Any]]:
    """The signals of a run, from rows of `run_signal` in order of signal id."""
    key = BodyKey(secret, "pay.signal")
    signals: list[dict[str, Any]] = []
    for n, row in enumerate(rows):
        if n % STRIDE == 0:
            await asyncio.sleep(0)
        signals.append(parse(open_body(key, row["signal_id"], row["body"])))
    return signals


def rebuild_run(order: RunOrder, counts: Mapping[str, Any], signals: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """The pay.run of these signals. Its digest is the approved one only if they are the very signals that were
    computed; `counts` gives what does not follow from signals."""
    return {
        "run": order.code,
        "institution": order.institution,
        "earned": order.period,
        "paid": order.paid,
        "ruleSet": {"id": order.rule_set, "version": order.rule_version},
        "counts": {**counts, **count(signals)},
        "totals": add_up(signals),
        "signalsDigest": signals_digest(signals),
        "kind": "regular",
    }
