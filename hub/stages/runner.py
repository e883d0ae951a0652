"""Runs one stage over its partitions. Rule: publish first, then state and position in one transaction, fenced by
epoch; so after a crash the same records are published again under the same sources, and their readers drop them.

Who reads is another matter: `step` reads the log itself, `take` is given what a member of a group was handed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from time import perf_counter
from typing import Final

from hub.errors import BadMessage, Conflict, Halt, TryAgain
from hub.logs import logger
from hub.metrics.measures import Measures
from hub.ports import Append, Bus, Progress, Store, Write
from hub.records import SYSTEM, Batch, partition_of
from hub.stages import repeats
from hub.stages.batches import before, behind, extend, fresh, parts_of
from hub.stages.brake import FAILING, HALTED, Brake, Place, Verdict
from hub.stages.deadletters import dead_letter
from hub.stages.effects import Apart, Effects, Entry, Stage, Together
from hub.topics import DEADLETTERS

FEW: Final = 100
"""Records of each partition, at the least, where a stage takes several together."""

CONFLICTS: Final = 5
"""How often a decision is made again at once because another worker wrote the same rows meanwhile."""


@dataclass(slots=True)
class Tally:
    """What a runner has done since it was made."""

    records: int = 0
    dropped: int = 0  # stood already below a watermark
    published: int = 0
    erased: int = 0
    failed: int = 0
    conflicts: int = 0


@dataclass(slots=True)
class _Part:
    """What was read of one partition, on its way."""

    place: Place
    epoch: int
    before: Progress
    after: Progress
    batches: Sequence[Batch]
    entries: Sequence[Entry]
    counted: dict[str, int]
    writes: list[Write]
    began: float


@dataclass(slots=True)
class Runner:
    """Takes what is new for `stage`, batch by batch. One runner per stage and process."""

    stage: Stage
    bus: Bus
    store: Store
    owner: str
    brake: Brake = field(default_factory=Brake)
    tally: Tally = field(default_factory=Tally)
    measures: Measures = field(default_factory=Measures)
    _epochs: dict[Place, int] = field(default_factory=dict)
    _progress: dict[Place, Progress] = field(default_factory=dict)
    _counted: dict[Place, dict[str, int]] = field(default_factory=dict)
    _unsure: set[Place] = field(default_factory=set)  # whose last commit got no answer
    _late: list[Callable[[], None]] = field(default_factory=list)  # of commits that got no answer
    _together: Together | None = field(init=False)
    _apart: bool = field(init=False)

    def __post_init__(self) -> None:
        self._together = self.stage if isinstance(self.stage, Together) else None
        self._apart = isinstance(self.stage, Apart)

    async def step(self) -> int:
        """Take one batch from each source partition; returns how many records were passed, 0 at the end.

        A partition that the brake halted is left out: what was decided in it is stored, the others go on. Raises
        `TryAgain` (nothing advanced in that partition: call again after its time) and `Halt`.
        """
        passed = 0
        places = self._places()
        for place in places:
            if place not in self._epochs:
                await self.claim(place)
        ahead = await self.bus.wait(self.seen(), 0)  # one question, for most partitions have nothing new
        together: dict[Place, Sequence[Batch]] = {}
        for place in places:
            if place not in ahead:
                continue
            position = self._progress[place].position
            if self._joins(place):
                most = max(FEW, self.stage.batch // len(ahead))
                together[place] = await self.bus.read(*place, position, max_records=most)
            else:
                passed += await self.take(place, await self.bus.read(*place, position, max_records=self.stage.batch))
        return passed + (await self.take_together(together) if together else 0)

    def seen(self) -> Mapping[Place, int]:
        """Positions to wait at: `bus.wait(runner.seen(), ...)`."""
        return {place: self._progress[place].position if place in self._progress else 0 for place in self._places()}

    async def claim(self, place: Place) -> int:
        """Take a partition, from whoever had it: its epoch is raised, its progress read. Returns the position."""
        epoch, progress = await self.store.claim(self.stage.name, *place, self.owner)
        counted = await repeats.load(self.store, place)
        self._epochs[place], self._progress[place], self._counted[place] = epoch, progress, counted
        self._unsure.discard(place)
        return progress.position

    def release(self, *places: Place) -> None:
        """Forget what was claimed (no places: all of it), so that it has to be claimed anew."""
        for place in places or tuple(self._epochs):
            self._epochs.pop(place, None)
            self._progress.pop(place, None)
            self._counted.pop(place, None)
            self._unsure.discard(place)

    def held(self) -> Mapping[Place, int]:
        """What is claimed, with its epochs. Another process may have raised one since: only the store knows."""
        return self._epochs

    def position(self, place: Place) -> int:
        """Next offset of a claimed partition."""
        return self._progress[place].position

    def _places(self) -> list[Place]:
        topics = self.bus.topics()
        places = [(topic, p) for topic in sorted(self.stage.sources(topics)) for p in range(topics[topic])]
        return [place for place in places if place not in self.brake.halted]

    async def take(self, place: Place, batches: Sequence[Batch]) -> int:
        """Take what was read of a claimed partition, from its position on; returns how many records were passed, which
        are fewer than there are where the stage wants the rest again.

        Raises `TryAgain` (nothing advanced) and `Halt`, AMANA-FENCE-001 when somebody else has claimed it since.
        """
        part = await self._prepare(place, batches)
        if part is None:
            return 0
        passed, effects = await self._store([part], partial(self._decide_part, part))
        self._brake(place, effects)
        return passed

    def groups(self, found: Mapping[Place, Sequence[Batch]]) -> list[list[Place]]:
        """Partitions of which is taken what was read, those together that may be. What one batch of the stage holds is
        enough for a commit: others wait for what it publishes."""
        groups: list[list[Place]] = []
        joined: list[Place] = []
        room = 0
        for place, batches in found.items():
            size = sum(len(batch.records) for batch in batches)
            if self._joins(place):
                joined.append(place)
            elif self._apart and groups and size <= room:
                groups[-1].append(place)
                room -= size
            else:
                groups.append([place])
                room = self.stage.batch - size
        return [joined, *groups] if joined else groups

    def _joins(self, place: Place) -> bool:
        return self._together is not None and self._together.joins(place[0])

    async def take_several(self, found: Mapping[Place, Sequence[Batch]]) -> int:
        """Take what was read of several claimed partitions, a group of `groups`, with one commit. Returns and raises as
        `take` does; on any of it nothing advanced in any of them."""
        if self._together is not None:
            return await self.take_together(found)
        parts = await self._prepare_all(found)
        if not parts:
            return 0
        decided = [await self._decide_part(part) for part in parts]
        whole = Effects()
        for effects in decided:
            extend(whole, effects)
        passed = await self._carry_out(parts, whole)
        for part, effects in zip(parts, decided, strict=True):
            self._brake(part.place, effects)
        return passed

    async def _decide_part(self, part: _Part) -> Effects:
        effects = await self._decide(part.place, part.entries) if part.entries else Effects()
        if effects.taken is not None and effects.taken < len(part.entries):
            part.batches = before(part.batches, part.entries[effects.taken].offset)
            part.entries = part.entries[: effects.taken]
            part.after = fresh(part.batches, part.before)[1]
        return effects

    async def take_together(self, found: Mapping[Place, Sequence[Batch]]) -> int:
        """Take what was read of several claimed partitions with one decision and one commit, for a stage that decides so
        (`Together`). Returns and raises as `take` does; on any of it nothing advanced in any of them."""
        stage = self._together
        assert stage is not None
        parts = await self._prepare_all(found)
        if not parts:
            return 0
        entries = [(*part.place, part.entries) for part in parts if part.entries]
        passed, _ = await self._store(parts, partial(stage.decide_together, entries))
        return passed

    async def _store(self, parts: Sequence[_Part], decide: Callable[[], Awaitable[Effects]]) -> tuple[int, Effects]:
        """Decide and carry it out; anew where another worker wrote the same rows meanwhile."""
        for _ in range(CONFLICTS - 1):
            effects = await decide()
            try:
                return await self._carry_out(parts, effects), effects
            except Conflict:
                self.tally.conflicts += 1
                self.measures.inc("amana_conflicts_total", self.stage.name)
        effects = await decide()
        return await self._carry_out(parts, effects), effects

    async def _prepare_all(self, found: Mapping[Place, Sequence[Batch]]) -> list[_Part]:
        prepared = [await self._prepare(place, batches) for place, batches in found.items()]
        return [part for part in prepared if part is not None]

    async def _prepare(self, place: Place, batches: Sequence[Batch]) -> _Part | None:
        """What of `batches` is to be decided; None where nothing is left."""
        if place in self._unsure:
            batches = await self._look_up(place, batches)
        if not batches:
            return None
        began, before = perf_counter(), self._progress[place]
        unseen, after = fresh(batches, before)
        known = self._counted[place]
        counted = dict(known)
        entries = await repeats.first_places(self.bus, place, unseen, counted)
        writes = [*repeats.passed_over(place, unseen, entries), *repeats.writes(place, known, counted)]
        return _Part(place, self._epochs[place], before, after, batches, entries, counted, writes, began)

    async def _carry_out(self, parts: Sequence[_Part], effects: Effects) -> int:
        """Publish, then commit with the positions of all parts."""
        decided = perf_counter()
        for appends in parts_of(effects.publishes):
            await self.bus.append(appends)
            await asyncio.sleep(0)
        epochs = {part.place: part.epoch for part in parts}
        writes = [*effects.writes, *(write for part in parts for write in part.writes)]
        try:
            await self.store.commit(self.stage.name, epochs, {part.place: part.after for part in parts}, writes)
        except Conflict:
            raise  # nothing was stored
        except TryAgain:
            self._unsure.update(epochs)
            self._late += effects.then
            raise
        for part in parts:
            if self._epochs.get(part.place) == part.epoch:  # not released meanwhile
                self._progress[part.place], self._counted[part.place] = part.after, part.counted
            self.tally.records += len(part.entries)
            self.tally.dropped += sum(len(b.records) for b in part.batches) - len(part.entries)
        for then in effects.then:
            then()
        self.tally.published += sum(len(a.records) for a in effects.publishes)
        self.tally.erased += effects.erased
        self.tally.failed += sum(1 for verdict in effects.verdicts if verdict.code)
        self._measure(parts[0].began, decided, [batch for part in parts for batch in part.batches], effects)
        return sum(part.after.position - part.before.position for part in parts)

    async def _look_up(self, place: Place, batches: Sequence[Batch]) -> list[Batch]:
        """What of `batches` is behind the commit that got no answer, if it was stored: else its records would be decided
        again together with others, and what they come to would be another thing under the same id."""
        topic, partition = place
        where = {"stage": self.stage.name, "topic": topic, "partition": partition}
        [row] = await self.store.rows("stage_progress", where)
        if row["epoch"] != self._epochs[place]:
            raise Halt("AMANA-FENCE-001", f"{self.stage.name} {topic}/{partition} epoch {self._epochs[place]}")
        counted = await repeats.load(self.store, place)
        marks = {source: (offset, n) for source, (offset, n) in row["watermarks"].items()}
        self._progress[place], self._counted[place] = Progress(row["position"], marks), counted
        self._unsure.discard(place)
        late, self._late = self._late, []
        for then in late:  # if it was not stored they are called once more than needed
            then()
        return behind(batches, row["position"])

    def _measure(self, began: float, decided: float, batches: Sequence[Batch], effects: Effects) -> None:
        measures, stage, now = self.measures, self.stage.name, perf_counter()
        records = sum(len(batch.records) for batch in batches)
        measures.inc("amana_stage_records_total", stage, by=records)
        measures.observe("amana_stage_seconds", now - began, stage)
        measures.observe("amana_commit_seconds", now - decided, stage)
        measures.observe("amana_commit_records", records, stage)
        if batches:
            measures.observe_age("amana_stage_delay_seconds", batches[0].time, stage)
        for verdict in effects.verdicts:
            if verdict.code:
                measures.inc("amana_dead_letters_total", stage, verdict.code)

    def _brake(self, place: Place, effects: Effects) -> None:
        """After the commit: what was decided stands, whatever the brake makes of it."""
        failing = self.brake.failing
        self.brake.note(place, effects.verdicts)
        topic, partition = place
        where = {"stage": self.stage.name, "topic": topic, "partition": partition}
        if place in self.brake.halted:
            logger().error("partition.halted", code=HALTED, **where)
        for system in self.brake.failing - failing:
            logger().warning("sender.failing", code=FAILING, system=system, **where)
        for system in failing - self.brake.failing:
            logger().info("sender.recovered", system=system, **where)

    async def _decide(self, place: Place, entries: Sequence[Entry]) -> Effects:
        try:
            return await self.stage.decide(*place, entries)
        except BadMessage as bad:
            if len(entries) > 1:
                whole = Effects()
                for entry in entries:
                    extend(whole, await self._decide(place, [entry]))
                return whole
            return self._bury(place, entries[0], bad)

    def _bury(self, place: Place, entry: Entry, bad: BadMessage) -> Effects:
        letter = dead_letter(
            self.stage.name,
            self.stage.version,
            *place,
            entry.offset,
            entry.record,
            code=bad.code,
            reason=bad.detail,
        )
        partition = partition_of(letter.key, self.bus.topics()[DEADLETTERS])
        verdict = Verdict(bad.code, entry.record.headers.get(SYSTEM, ""))
        return Effects(publishes=[Append(DEADLETTERS, partition, [letter])], verdicts=[verdict])
