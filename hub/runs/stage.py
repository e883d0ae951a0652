"""The run stage: `run.open` computes, `run.approve` releases. Rule: a run waits until every record below its cut-off
has been translated and collected, and is computed once; nothing of it reaches an outbox before its digest is
approved. When it was computed is when the log took its pay.run record: the stage reads that back, and has no clock."""

from __future__ import annotations

import asyncio
import secrets as random_bytes
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import count as counting
from typing import TYPE_CHECKING, Any, Final

from hub.errors import BadMessage, TryAgain
from hub.keys import subject_key
from hub.ports import Append, Bus, Store, Vault, Write
from hub.records import RUN, TYPE, Record, RecordId, derived_id, partition_of
from hub.runs import codec
from hub.runs.compute import VERSION, compute_run
from hub.runs.notices import CONTRACT, find_notices
from hub.runs.published import Published, Stored
from hub.runs.scoring import scoring_of
from hub.stages.brake import Verdict
from hub.stages.collect import NAME as COLLECT
from hub.stages.deadletters import dead_letter
from hub.stages.effects import Effects, Entry
from hub.stages.rendering import Given
from hub.stages.route import ApprovedRun, outgoing, subscribers
from hub.stages.translate import NAME as TRANSLATE
from hub.topics import CONTROL, DEADLETTERS, INBOX_RELAY, RECORDS, SIGNALS_PAY, partitions_of
from schemas.errors import SchemaError
from schemas.rulesets import load
from signing.sealing import SECRET_BYTES

if TYPE_CHECKING:
    from adapters.kit.registry import Adapter
    from hub.control.follow import DirectoryFollower
    from hub.control.objects import RunOrder

NAME: Final = codec.NAME
OPEN: Final = "run.open"
APPROVE: Final = "run.approve"
WAIT: Final = 0.05
"""Seconds between two looks at how far translate and collect are, while a run waits for them."""


class RunStage:
    """The stage. Orders are carried out one after the other, in the order of the control log."""

    name = NAME
    version = VERSION
    batch = 1000

    def __init__(
        self,
        bus: Bus,
        store: Store,
        vault: Vault,
        follower: DirectoryFollower,
        adapters: Mapping[str, Adapter],
        hmac: bytes,
        partitions: int,
        draft_rules: bool = False,
    ) -> None:
        self._bus = bus
        self._store = store
        self._vault = vault
        self._follower = follower
        self._adapters = adapters
        self._hmac = hmac
        self._partitions = partitions
        self._draft_rules = draft_rules
        self._published = Published(bus)
        self._ends: dict[str, dict[tuple[str, int], int]] = {}

    def sources(self, topics: Iterable[str]) -> list[str]:
        return [topic for topic in topics if topic in {CONTROL, SIGNALS_PAY}]

    async def decide(self, topic: str, partition: int, entries: Sequence[Entry]) -> Effects:  # noqa: ARG002 (port)
        if topic == SIGNALS_PAY:
            return await self._read_back(entries)
        directory = self._follower.directory
        if directory.position < entries[-1].offset:
            await self._follower.catch_up()
        for n, entry in enumerate(entries):
            outcome = directory.outcome(entry.offset)
            if outcome.kind not in {OPEN, APPROVE} or not outcome.accepted or outcome.repeated:
                continue
            if n:
                return Effects(taken=n)
            order = directory.at(entry.offset).run(outcome.result["run"])
            assert order is not None
            try:
                effects = await (self._open(order) if outcome.kind == OPEN else self._approve(order, entry))
            except BadMessage as bad:  # here, so that the orders behind it see what came of those before
                effects = self._bury(entry, bad)
            effects.taken = 1 if effects.taken is None else effects.taken
            return effects
        return Effects()

    def _bury(self, entry: Entry, bad: BadMessage) -> Effects:
        letter = dead_letter(NAME, VERSION, CONTROL, 0, entry.offset, entry.record, code=bad.code, reason=bad.detail)
        return Effects(publishes=self._appends([(DEADLETTERS, letter)]), verdicts=[Verdict(bad.code)])

    async def _read_back(self, entries: Sequence[Entry]) -> Effects:
        """Note when each run was computed: once, before its approval is carried out, so that from then on the row
        changes by its deliveries alone. A run whose row is not there yet is still to be found in the control log."""
        rows: dict[str, dict[str, Any]] = {}
        for n, entry in enumerate(entries):
            h = entry.record.headers
            if h[TYPE] != "pay.run" or h[RUN] in rows:
                continue
            found = await self._store.rows("run", {"code": h[RUN]})
            if not found or found[0]["state"] == "open":
                return Effects(writes=_put(rows), taken=n)
            if found[0]["computed_at"] is None:
                rows[h[RUN]] = dict(found[0], computed_at=entry.at)
        return Effects(writes=_put(rows))

    async def _open(self, order: RunOrder) -> Effects:
        await self._store.write([Write("run", [_row(order)], "add")])
        if stored := await self._stored(order):
            row = _computed(order, stored.run)
            return Effects(writes=[Write("run_signal", stored.rows), Write("run", [row])], verdicts=[Verdict()])
        await self._await_stages(order)
        secret = await self._secret(order)
        try:
            rules = load(order.rule_set, order.rule_version)
            scoring_of(rules, order.institution, drafts=self._draft_rules)
        except SchemaError as error:
            raise BadMessage("AMANA-RUN-002", error.detail) from error
        if rules.status == "draft" and not self._draft_rules:
            raise BadMessage("AMANA-RUN-002", "a draft")
        loaded = await codec.load_facts(
            order, self._store, self._vault, scored=rules.lines.performance_score is not None
        )
        # pure and long: beside the event loop, so that deliveries go on
        result = await asyncio.to_thread(compute_run, order, loaded.facts, rules, drafts=self._draft_rules)
        sealed = await codec.seal_run(order, result, secret, self._hmac, _sources(order.position))
        writes = [Write("run_signal", sealed.rows), Write("run", [_computed(order, result.run)])]
        return Effects(
            publishes=self._appends(sealed.records), writes=writes, verdicts=[Verdict()], erased=loaded.erased
        )

    async def _stored(self, order: RunOrder) -> Stored | None:
        """The run as it stands in the log. It has a secret since it was first computed; without one, none is there."""
        id_ = codec.secret_id(order.code)
        secret = (await self._vault.open([id_])).get(id_)
        return None if secret is None else await self._published.find(order, secret)

    async def _approve(self, order: RunOrder, entry: Entry) -> Effects:
        approval = order.approved
        assert approval is not None
        found = await self._store.rows("run", {"code": order.code})
        if not found or found[0]["digest"] != approval.digest:
            raise BadMessage("AMANA-CHANGE-004", order.code)
        if found[0]["computed_at"] is None:
            return Effects(taken=0)  # its record lies in the log, and is read in this very step
        secret = await self._secret(order)
        rows = await self._store.rows("run_signal", {"run": order.code}, order=("signal_id",))
        signals = await codec.open_signals(rows, secret)
        run = codec.rebuild_run(order, found[0]["counts"], signals)
        if codec.run_digest(run) != approval.digest:
            raise BadMessage("AMANA-CHANGE-004", "the stored signals are not the approved ones")
        notices = self._notices(order, signals)
        approved = ApprovedRun(
            record_id=derived_id(run["signalsDigest"], f"{NAME}/{order.code}", VERSION, 0),
            code=order.code,
            institution=order.institution,
            period=order.period,
            time=approval.at,
            secret_id=codec.secret_id(order.code),
            secret=secret,
            run=run,
            signals=signals,
            notices=[
                Given(CONTRACT, subject_key(self._hmac, "employee", value["employeeId"]), value) for _, value in notices
            ],
        )
        told = codec.seal_notices(order, notices, secret, self._hmac, _sources(entry.offset))
        publishes = self._appends([*told, *await self._outgoing(approved, entry)])
        row = dict(found[0], state="approved", approved_at=approval.at)
        return Effects(publishes=publishes, writes=[Write("run", [row])], verdicts=[Verdict()])

    def _notices(self, order: RunOrder, signals: Sequence[dict[str, Any]]) -> list[tuple[RecordId, dict[str, Any]]]:
        try:
            rules = load(order.rule_set, order.rule_version)
        except SchemaError as error:
            raise BadMessage("AMANA-RUN-002", error.kind) from error
        return find_notices(signals, rules, draft=self._draft_rules)

    async def _outgoing(self, approved: ApprovedRun, entry: Entry) -> list[tuple[str, Record]]:
        """What every subscriber gets. One that cannot be rendered for is a dead letter; the others go on."""
        view = self._follower.directory.at(entry.offset)
        numbers = counting()
        made: list[tuple[str, Record]] = []
        for subscription in subscribers(view, approved.institution, self._adapters):
            source = lambda: f"{CONTROL}/0/{entry.offset}/{next(numbers)}"  # noqa: E731
            try:
                made += outgoing(approved, subscription, view, self._adapters, self._hmac, source)
            except BadMessage as bad:
                n = next(numbers)
                letter = dead_letter(
                    NAME, VERSION, CONTROL, 0, entry.offset, entry.record, code=bad.code, reason=subscription.id, n=n
                )
                made.append((DEADLETTERS, letter))
        missing = {topic for topic, _ in made} - set(self._bus.topics())
        if missing:
            await self._bus.ensure({topic: partitions_of(topic, self._partitions) for topic in sorted(missing)})
        return made

    async def _await_stages(self, order: RunOrder) -> None:
        """Raises `TryAgain` until translate is past the cut-off and collect has taken all that it had made by then.

        Where the records end is noted once, when translate is past the cut-off: what is made later descends from
        later messages, which are no part of this run. After a restart it is noted anew, further on: the set is the
        same.
        """
        ends = self._ends.get(order.code)
        if ends is None:
            self._await_positions(TRANSLATE, _places(order.cutoff), await self._positions(TRANSLATE))
            ends = self._ends[order.code] = {
                (topic, partition): await self._bus.end(topic, partition)
                for topic, partitions in self._bus.topics().items()
                if topic.startswith(RECORDS)
                for partition in range(partitions)
            }
        self._await_positions(COLLECT, ends, await self._positions(COLLECT))
        del self._ends[order.code]

    def _await_positions(
        self, stage: str, ends: Mapping[tuple[str, int], int], positions: Mapping[tuple[str, int], int]
    ) -> None:
        for (topic, partition), end in ends.items():
            if positions.get((topic, partition), 0) < end:
                raise TryAgain("AMANA-RUN-001", f"{stage} {topic}/{partition}", after=WAIT)

    async def _positions(self, stage: str) -> dict[tuple[str, int], int]:
        rows = await self._store.rows("stage_progress", {"stage": stage})
        return {(row["topic"], row["partition"]): row["position"] for row in rows}

    async def _secret(self, order: RunOrder) -> bytes:
        id_ = codec.secret_id(order.code)
        kept = await self._vault.put({id_: random_bytes.token_bytes(SECRET_BYTES)})
        if id_ not in kept:
            raise BadMessage("AMANA-ERASED-001", order.code)
        return kept[id_]

    def _appends(self, records: Iterable[tuple[str, Record]]) -> list[Append]:
        topics = self._bus.topics()
        by_place: dict[tuple[str, int], list[Record]] = {}
        for topic, record in records:
            by_place.setdefault((topic, partition_of(record.key, topics[topic])), []).append(record)
        return [Append(topic, partition, made) for (topic, partition), made in by_place.items()]


def _sources(offset: int) -> Callable[[], str]:
    numbers = counting()
    return lambda: f"{CONTROL}/0/{offset}/{next(numbers)}"


def _places(cutoff: Mapping[str, Sequence[int]]) -> dict[tuple[str, int], int]:
    """What translate has to be past. It leaves alone what is passed on: no record comes of that."""
    return {
        (topic, partition): end
        for topic, ends in cutoff.items()
        if topic != INBOX_RELAY
        for partition, end in enumerate(ends)
    }


def _computed(order: RunOrder, run: Mapping[str, Any]) -> dict[str, Any]:
    made = {"digest": codec.run_digest(run), "counts": run["counts"], "totals": run["totals"]}
    return _row(order) | {"state": "computed"} | made


def _put(rows: Mapping[str, dict[str, Any]]) -> list[Write]:
    return [Write("run", list(rows.values()))] if rows else []


def _row(order: RunOrder) -> dict[str, Any]:
    return {
        "code": order.code,
        "institution": order.institution,
        "period": order.period,
        "state": "open",
        "digest": None,
        "counts": None,
        "totals": None,
        "opened_at": order.opened_at,
        "computed_at": None,
        "approved_at": None,
        "delivered_at": None,
    }
