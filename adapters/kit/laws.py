"""The laws that every adapter keeps. One function a law: adapter in, list of broken promises out.

Rule: the laws run the adapter on its own golden cases and on damage made from them, so an adapter without cases
for the normal, the odd and the refused keeps no law. They run in `amana adapter check` and in the test suite alike.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Final

import msgspec

from adapters.kit import attached, fuzz
from adapters.kit.cases import Case, differences, read_cases, rendered, run
from adapters.kit.contain import fingerprint, holds_float
from adapters.kit.counting import leaves, rows_of, traced
from adapters.kit.errors import AdapterError, KitError
from adapters.kit.numberlaw import numbers_checked
from adapters.kit.registry import Adapter
from adapters.kit.timelaw import device_time_kept
from adapters.kit.values import Canonical, Refused, Repeated
from adapters.kit.wire import checkable
from schemas.contracts import CONTRACTS, checker

Law = Callable[[Adapter], list[str]]

PAGES: Final = ("README.md", "CHANGES.md")
PAGE_LINES: Final = 70
_LONG_NUMBER: Final = re.compile(r"[0-9]{6,}")
_MONTH: Final = re.compile(r"[12][0-9]{3}-(0[1-9]|1[0-2])")


def manifest_complete(adapter: Adapter) -> list[str]:
    """Contracts exist, functions and models are there, gaps are declared, and the pages are written: the README is one page
    with its facts, how sure each is, and its gaps."""
    broken = [f"{page} is missing or empty" for page in PAGES if not _filled(adapter, page)]
    broken += [] if broken else _page_faults((adapter.folder / PAGES[0]).read_text("utf-8"))
    if not adapter.manifest.gaps:
        broken.append("manifest: gaps is empty; every adapter leaves something out")
    for poll in adapter.manifest.polls:
        broken += _kit_errors(lambda name=poll.name: adapter.poll_functions(name))  # type: ignore[misc]
    for exchange in adapter.manifest.exchanges:
        broken += [f"{exchange.name}: no contract {name}" for name in exchange.contracts if name not in CONTRACTS]
        broken += _kit_errors(lambda name=exchange.name: adapter.function(name))  # type: ignore[misc]
    return broken


def wire_contract_generates(adapter: Adapter) -> list[str]:
    """Every wire contract compiles, twice to the same schema, and the inputs of the golden cases keep theirs."""
    broken: list[str] = []
    for exchange in adapter.manifest.exchanges:
        broken += _kit_errors(lambda name=exchange.name: adapter.wire_checker(name))  # type: ignore[misc]
        if not broken and adapter.wire_schema(exchange.name) != adapter.wire_schema(exchange.name):
            broken.append(f"{exchange.name}: two schemas of one model differ")
    if broken:
        return broken
    for case in _inward(adapter):
        found = adapter.wire_checker(case.target).breaches(checkable(case.input), 1)
        broken += [f"{case.name}: the input breaks the wire contract at {place} ({rule})" for place, rule in found]
    for case in _cases(adapter, "out"):
        if adapter.manifest.exchange(case.target).source == "records":
            given = [(record["contract"], record["value"]) for record in case.input["records"]]
        else:
            given = [("pay.run", case.input["run"]), *(("pay.signal", signal) for signal in case.input["signals"])]
        for contract, value in given:
            found = checker(contract).breaches(value, 1)
            broken += [f"{case.name}: a {contract} of the input breaks its contract at {place}" for place, _ in found]
    return broken


def cases_hold(adapter: Adapter) -> list[str]:
    """Golden cases come out as written, and there is one that succeeds and one that is refused for each exchange."""
    broken: list[str] = []
    good: set[str] = set()
    bad: set[str] = set()
    for case in read_cases(adapter):
        broken += differences(adapter, case)
        try:
            results = run(adapter, case)
        except AdapterError:
            bad.add(case.target)
            continue
        if case.request or case.poll:
            good |= {case.target} if case.poll else set()
            continue
        good |= {case.target for item in results if "refused" not in item}
        bad |= {case.target for item in results if "refused" in item}
    for name in [*(e.name for e in adapter.manifest.exchanges), *(p.name for p in adapter.manifest.polls)]:
        broken += [f"{name}: no case that succeeds"] * (name not in good)
        broken += [f"{name}: no case that is refused"] * (name not in bad)
    return broken


def deterministic(adapter: Adapter) -> list[str]:
    """The same input gives the same bytes, members in the same order."""
    return [
        f"{case.name}: two runs differ"
        for case in read_cases(adapter)
        if msgspec.json.encode(_outcome(adapter, case)) != msgspec.json.encode(_outcome(adapter, case))
    ]


def rows_conserved(adapter: Adapter) -> list[str]:
    """Every row is a record, a refusal, or one that `message.rows` leaves out; none is both, none is lost."""
    broken: list[str] = []
    for case in _inward(adapter):
        try:
            items = adapter.translate(case.target, case.input, case.message)
        except AdapterError:
            continue
        made = {item.row for item in items if isinstance(item, Canonical)}
        refused = [item.row for item in items if not isinstance(item, Canonical)]
        firsts = {item.first for item in items if isinstance(item, Repeated)}
        if not firsts <= made | set(refused):
            broken.append(f"{case.name}: a repeated row names one that is not there")
        found = rows_of(adapter.manifest.exchange(case.target), case.input)
        count = case.count if found is None else len(found)
        if count is None:
            broken.append(
                f"{case.name}: nothing says how many rows there are (rows of the exchange, count of the case)"
            )
        asked = set(range(len(made) + len(refused) if count is None else count))
        if case.message.rows is not None:
            asked &= case.message.rows
        if made & set(refused) or len(refused) != len(set(refused)) or made | set(refused) != asked:
            broken.append(f"{case.name}: rows in and rows out are not the same")
        part = frozenset(row for row in asked if row % 2 == 0)
        some = adapter.translate(case.target, case.input, replace(case.message, rows=part))
        if {item.row for item in some} != part:
            broken.append(f"{case.name}: other rows than message.rows were translated")
    return broken


def records_canonical(adapter: Adapter) -> list[str]:
    """Every record keeps its canonical contract, has no float, and its subject is the one in its value."""
    broken: list[str] = []
    for case in _inward(adapter):
        for item in _results(adapter, case):
            broken += [f"{case.name}: {fault}" for fault in _faults(item)]
    return broken


def pages_canonical(adapter: Adapter) -> list[str]:
    """Every outgoing message keeps its wire contract, and a file in it is what its digest says."""
    broken: list[str] = []
    for case in _cases(adapter, "out"):
        checks = adapter.wire_checker(case.target)
        for page in _results(adapter, case):
            broken += [f"{case.name}: {place} {rule}" for place, rule in checks.breaches(checkable(page.body), 1)]
            if adapter.manifest.exchange(case.target).attached:
                attached.unwrap(page.body)
    return broken


def refusals_declared(adapter: Adapter) -> list[str]:
    """Every refusal is declared in the manifest, says why, and quotes no long number out of the message."""
    broken: list[str] = []
    for case in read_cases(adapter):
        try:
            items = _call(adapter, case, case.input)
        except AdapterError as error:
            broken += [f"{case.name}: problem {error.kind} is not declared"] * (
                error.kind not in adapter.manifest.problems
            )
            broken += [f"{case.name}: a reason quotes a number"] * bool(_LONG_NUMBER.search(error.reason))
            continue
        for item in items:
            if isinstance(item, Refused) and (not item.reason or _LONG_NUMBER.search(item.reason)):
                broken.append(f"{case.name}: a reason is empty or quotes a number")
    return broken


def input_untouched(adapter: Adapter) -> list[str]:
    """No function changes what it was given."""
    broken: list[str] = []
    for case in read_cases(adapter):
        before = fingerprint(case.input)
        _outcome(adapter, case)
        broken += [f"{case.name}: the input was changed"] * (fingerprint(case.input) != before)
    return broken


def damage_contained(adapter: Adapter, rounds: int = 60, seed: int = 1) -> list[str]:
    """Damaged input that still passes the wire contract gives records that keep their contracts, refusals, or an
    `AdapterError`: nothing else is raised."""
    broken: list[str] = []
    for case in read_cases(adapter):
        for number, damaged in enumerate(fuzz.damaged_inputs(adapter, case, rounds, seed)):
            try:
                items = _call(adapter, case, damaged)
            except AdapterError as error:
                faults = [] if error.kind in adapter.manifest.problems else [f"problem {error.kind} is not declared"]
            except KitError as error:
                faults = [str(error)]
            else:
                faults = [fault for item in items for fault in _faults(item)]
            broken += [f"{case.name}, damage {number} of seed {seed}: {fault}" for fault in faults[:1]]
    return broken


def values_conserved(adapter: Adapter) -> list[str]:
    """Every number of a person, mark and amount that the exchange traces stands in a record of its row, unless the row is
    refused or repeated."""
    broken: list[str] = []
    for case in _inward(adapter):
        exchange = adapter.manifest.exchange(case.target)
        rows = rows_of(exchange, case.input)
        if rows is None or exchange.rows is None or not exchange.rows.traced:
            continue
        said: dict[int, set[str]] = {}
        for item in _results(adapter, case):
            if isinstance(item, Canonical):
                said.setdefault(item.row, set()).update(leaves(item.value))
        for row, found in said.items():
            lost = row < len(rows) and set(traced(exchange.rows, rows[row])) - found
            broken += [f"{case.name}: row {row}: a traced value is in no record"] * bool(lost)
    return broken


def round_trips(adapter: Adapter) -> list[str]:
    """Where an exchange reads back what another writes: records written and read again are the same records."""
    broken: list[str] = []
    for exchange in adapter.manifest.exchanges:
        back = exchange.reads_back
        if back is None:
            continue
        for case in _cases(adapter, "out"):
            if case.target == exchange.name:
                pages = _results(adapter, case)
                wanted = [record["value"] for record in case.input["records"]]
                broken += _trip(adapter, back, pages, wanted, case) if pages else []
        for case in _cases(adapter, "in"):
            if case.target == back:
                items = [item for item in _results(adapter, case) if isinstance(item, Canonical)]
                records = [{"contract": item.contract, "value": item.value} for item in items]
                pages = adapter.render_records(exchange.name, records, {}) if records else []
                broken += _trip(adapter, back, pages, [item.value for item in items], case) if pages else []
    return broken


def _trip(adapter: Adapter, back: str, pages: Sequence[Any], wanted: list[Any], case: Case) -> list[str]:
    carried = adapter.manifest.exchange(back)
    found: list[Any] = []
    for page in pages:
        body = attached.wrap(page.name, page.body) if carried.attached and isinstance(page.body, bytes) else page.body
        items = adapter.translate(back, body, case.message)
        found += [item.value for item in items if isinstance(item, Canonical)]
    same = sorted(map(msgspec.json.encode, found)) == sorted(map(msgspec.json.encode, wanted))
    return [] if same else [f"{case.name}: what was written is not what is read back"]


def level_justified(adapter: Adapter) -> list[str]:
    """A level is earned. trial: a golden case shows every reason to refuse a row; live: the manifest says, too, against
    which release of the real system it was proved."""
    manifest = adapter.manifest
    if manifest.level == "draft":
        return []
    items = [item for case in _inward(adapter) for item in _results(adapter, case)]
    shown = {item.code for item in items if isinstance(item, Refused)}
    broken = [f"level {manifest.level}: no golden case shows {name}" for name in manifest.reasons if name not in shown]
    if manifest.level == "live" and manifest.proof is None:
        broken.append("level live: proof is empty")
    return broken


LAWS: Final[Mapping[str, Law]] = MappingProxyType(
    {
        law.__name__: law
        for law in (
            manifest_complete,
            wire_contract_generates,
            cases_hold,
            deterministic,
            rows_conserved,
            values_conserved,
            device_time_kept,
            numbers_checked,
            round_trips,
            level_justified,
            records_canonical,
            pages_canonical,
            refusals_declared,
            input_untouched,
            damage_contained,
        )
    }
)


def broken_by(adapter: Adapter, law: str) -> list[str]:
    """What of `law` an adapter breaks; an adapter that fails under the law breaks it."""
    try:
        return LAWS[law](adapter)
    except KitError as error:
        return [str(error)]
    except AdapterError as error:
        return [f"an unexpected refusal: {error.kind}"]


def _page_faults(page: str) -> list[str]:
    facts = page.partition("\n## Facts and gaps\n")[2]
    broken = [f"README.md: more than {PAGE_LINES} lines"] * (page.count("\n") > PAGE_LINES)
    sure = any(mark in facts for mark in ("[A]", "[B]", "[U]"))
    return broken + ["README.md: no section Facts and gaps whose facts say how sure they are"] * (not sure)


def _filled(adapter: Adapter, page: str) -> bool:
    path = adapter.folder / page
    return path.is_file() and bool(path.read_text("utf-8").strip())


def _kit_errors(action: Callable[[], object]) -> list[str]:
    try:
        action()
    except KitError as error:
        return [str(error)]
    return []


def _cases(adapter: Adapter, direction: str) -> Iterator[Case]:
    for case in read_cases(adapter):
        if not case.request and not case.poll and adapter.manifest.exchange(case.target).direction == direction:
            yield case


def _inward(adapter: Adapter) -> Iterator[Case]:
    return _cases(adapter, "in")


def _call(adapter: Adapter, case: Case, given: Any) -> Sequence[Any]:
    """The bare results of a case with `given` as its input."""
    if case.request or case.poll:
        run(adapter, replace(case, input=given))
        return []
    if adapter.manifest.exchange(case.target).direction == "in":
        return adapter.translate(case.target, given, case.message)
    return rendered(adapter, case.target, given)


def _results(adapter: Adapter, case: Case) -> Sequence[Any]:
    try:
        return _call(adapter, case, case.input)
    except AdapterError:
        return []


def _outcome(adapter: Adapter, case: Case) -> Any:
    try:
        return run(adapter, case)
    except AdapterError as error:
        return {"kind": error.kind, "reason": error.reason}


def _faults(item: object) -> list[str]:
    """What is wrong with one result, without its values."""
    if not isinstance(item, Canonical):
        return []
    value = item.value
    members: dict[str, tuple[str, ...]] = {
        "employee": ("employeeId",),
        "pin": ("serial", "pin"),
        "institution": ("institution",),
    }
    found = [f"{item.contract}{place}: {rule}" for place, rule in checker(item.contract).breaches(value, 1)]
    if holds_float(value):
        found.append(f"{item.contract}: a float")
    kind, *parts = item.subject
    if kind not in members or parts != [value.get(name) for name in members[kind]]:
        found.append(f"{item.contract}: the subject is not the one in the value")
    if item.period is not None and not _MONTH.fullmatch(item.period):
        found.append(f"{item.contract}: the period is not a month")
    return found
