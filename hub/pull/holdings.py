"""Pulls of what the hub itself holds, by page of a frozen snapshot: employees as they stand, signals of an approved run.

    {"pager"?: {"page", "pageSize"}, "snapshot"?, "run"?, "period"?, "institution"?}
    {"pager": {"pageSize", "page", "total", "nextPage"}, "snapshot", "asOf", "employees"|"signals": [...], "erased"}

Rule: the first page without a snapshot makes one; the others name it. Pages of a snapshot never change by later records;
what was erased since is left out, and counted. Every record that leaves keeps its contract.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Protocol

from hub.control.objects import Holding
from hub.errors import BadMessage
from hub.gateway.receipts import format_time
from hub.ports import Store, Vault
from hub.pull.answerers import Reply
from hub.pull.asking import Members
from hub.pull.snapshots import Snapshot, Snapshots
from hub.records import Ms
from hub.stages.bodies import open_body
from hub.stages.facts import TABLE, unpack
from schemas.contracts import checker
from signing.jsontext import parse
from signing.sealing import BodyKey

if TYPE_CHECKING:
    from hub.control.objects import Api
    from hub.pull.question import Question

PAGE_SIZE: Final = 100
MOST: Final = 500
MOST_PAGES: Final = 999_999_999
READ: Final = 5_000
"""Rows of the latest facts in one question to the store."""

RELEASED: Final = ("approved", "delivered")
"""States of runs whose signals may leave."""

_SNAPSHOT: Final = re.compile(r"[0-9a-f]{32}")
_MONTH: Final = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")
_CODE: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which page of what."""

    page: int
    size: int
    snapshot: str | None
    run: str | None
    period: str | None
    institution: str | None


def read_wanted(value: Any) -> Wanted:
    """Raises `BadMessage` AMANA-HOLD-001."""
    code = "AMANA-HOLD-001"
    asked = Members(value, ("pager", "snapshot", "run", "period", "institution"), code)
    pager = Members(asked.get("pager"), ("page", "pageSize", "total", "nextPage"), code, "esbBody.pager")
    wanted = Wanted(
        page=pager.number("page", 1, 1, MOST_PAGES),
        size=pager.number("pageSize", PAGE_SIZE, 1, MOST),
        snapshot=asked.text("snapshot", _SNAPSHOT, "the snapshot as page 1 named it"),
        run=asked.text("run", _CODE, "the code of a run"),
        period=asked.text("period", _MONTH, "YYYY-MM"),
        institution=asked.text("institution", _CODE, "the code of an institution"),
    )
    if wanted.page > 1 and wanted.snapshot is None:
        raise BadMessage(code, "esbBody.snapshot: the one that page 1 named expected")
    return wanted


class Held(Protocol):
    """One kind of records that the hub answers for."""

    @property
    def name(self) -> Holding:
        """Of the holding, and of the member that has the records."""
        ...

    @property
    def contract(self) -> str: ...

    async def choose(self, api: Api, wanted: Wanted) -> tuple[list[str], str | None]:
        """Ids of what is asked for, in order, and the run that they are of. Raises `BadMessage`."""
        ...

    async def rows(self, snapshot: Snapshot, ids: Sequence[str]) -> Mapping[str, Mapping[str, Any]]:
        """Rows with `secret_id` and sealed `body`, by id; what is gone is missing."""
        ...

    async def about(self, snapshot: Snapshot) -> dict[str, Any]:
        """Further members of the answer."""
        ...


class Pages:
    """The answerer for one kind of records."""

    def __init__(self, held: Held, store: Store, vault: Vault) -> None:
        self._held = held
        self._vault = vault
        self._snapshots = Snapshots(store)

    @property
    def name(self) -> str:
        return self._held.name

    async def answer(self, question: Question) -> Reply:
        api, system = question.api, question.system.code
        assert api is not None
        wanted = read_wanted(question.body)
        if wanted.snapshot is not None:
            snapshot = await self._snapshots.find(wanted.snapshot, system, api.code, question.now)
        else:
            ids, run = await self._held.choose(api, wanted)
            snapshot = await self._snapshots.make(system, api.code, ids, Ms(question.now), run)
        found = await self._snapshots.page(snapshot, wanted.page, wanted.size)
        values = await self._open(snapshot, found)
        last = wanted.page >= snapshot.pages(wanted.size)
        pager = {
            "pageSize": wanted.size,
            "page": wanted.page,
            "total": snapshot.total,
            "nextPage": None if last else wanted.page + 1,
        }
        answer = {"pager": pager, "snapshot": snapshot.id, "asOf": format_time(snapshot.made_at)}
        answer |= await self._held.about(snapshot)
        return Reply(answer | {self.name: values, "erased": len(found) - len(values)}, kept=False)

    async def _open(self, snapshot: Snapshot, ids: Sequence[str]) -> list[Any]:
        """The values that are left, in order."""
        rows = await self._held.rows(snapshot, ids)
        names = sorted({row["secret_id"] for row in rows.values()})
        contract = self._held.contract
        keys = {name: BodyKey(secret, contract) for name, secret in (await self._vault.open(names)).items()}
        ok = checker(contract).ok
        values: list[Any] = []
        for id_ in ids:
            row = rows.get(id_)
            key = None if row is None else keys.get(row["secret_id"])
            if row is None or key is None:
                continue
            value = parse(open_body(key, id_, row["body"]))
            if not ok(value):
                raise BadMessage("AMANA-TRANS-002", contract)
            values.append(value)
        return values


class Employees:
    """The latest record of every person of the code's institution, or of all."""

    name: Holding = "employees"
    contract = "employee"

    def __init__(self, store: Store) -> None:
        self._store = store

    async def choose(self, api: Api, wanted: Wanted) -> tuple[list[str], str | None]:
        if wanted.run is not None or wanted.period is not None:
            raise BadMessage("AMANA-HOLD-001", "run and period go with signals")
        where: dict[str, Any] = {"contract": self.contract}
        institution = _within(api, wanted)
        if institution is not None:
            where["institution"] = institution
        ids: list[str] = []
        after: dict[str, Any] | None = None
        while True:
            rows = await self._store.rows(
                "fact_latest", where, order=("institution", "subject"), limit=READ, after=after
            )
            ids += [row["record_id"] for row in rows]
            if len(rows) < READ:
                return ids, None
            after = {name: rows[-1][name] for name in ("institution", "subject")}

    async def rows(self, snapshot: Snapshot, ids: Sequence[str]) -> Mapping[str, Mapping[str, Any]]:  # noqa: ARG002
        rows = await self._store.rows(TABLE, {"record_id": list(ids)})
        return {kept.record_id: {**row, "body": kept.body} for row in rows for kept in unpack(row)}

    async def about(self, snapshot: Snapshot) -> dict[str, Any]:  # noqa: ARG002
        return {}


class Signals:
    """The signals of a run that was approved: named by its code, or the latest one of a month."""

    name: Holding = "signals"
    contract = "pay.signal"

    def __init__(self, store: Store) -> None:
        self._store = store

    async def choose(self, api: Api, wanted: Wanted) -> tuple[list[str], str | None]:
        run = await self._run(api, wanted)
        # grouped by what tells them apart, for it is the ids that are wanted and not the bodies
        found = await self._store.count("run_signal", {"run": run}, by=("signal_id",))
        return sorted(str(id_) for (id_,) in found), run

    async def _run(self, api: Api, wanted: Wanted) -> str:
        where: dict[str, Any] = {"state": list(RELEASED)}
        institution = _within(api, wanted)
        if institution is not None:
            where["institution"] = institution
        if wanted.run is not None:
            where["code"] = wanted.run
        elif wanted.period is None or institution is None:
            raise BadMessage("AMANA-HOLD-001", "run, or period and institution, expected")
        if wanted.period is not None:
            where["period"] = wanted.period
        rows = await self._store.rows("run", where, order=("-approved_at", "-code"), limit=1)
        if not rows:
            raise BadMessage("AMANA-HOLD-004")
        return str(rows[0]["code"])

    async def rows(self, snapshot: Snapshot, ids: Sequence[str]) -> Mapping[str, Mapping[str, Any]]:
        where = {"run": snapshot.run, "signal_id": list(ids)}
        return {row["signal_id"]: row for row in await self._store.rows("run_signal", where)}

    async def about(self, snapshot: Snapshot) -> dict[str, Any]:
        """The run with its digest and totals, so that whoever reads all pages can check that they are all."""
        [row] = await self._store.rows("run", {"code": snapshot.run})
        return {"run": {name: row[name] for name in ("code", "institution", "period", "digest", "counts", "totals")}}


def _within(api: Api, wanted: Wanted) -> str | None:
    """The institution that is asked for; a code that is for one shows no other."""
    if api.institution is not None and wanted.institution not in {None, api.institution}:
        raise BadMessage("AMANA-HOLD-004", "the code is for another institution")
    return api.institution or wanted.institution
