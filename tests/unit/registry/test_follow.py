"""One registry in many processes: the log decides, memory answers, a replay is the same."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from hub.errors import Halt
from hub.ports import Append
from hub.records import Record
from hub.registry import judging
from hub.registry.follow import RegistryFollower
from hub.registry.judging import Case, Judgement
from hub.registry.own import own_schemas, register_own
from hub.registry.state import Registry
from hub.topics import REGISTRY
from tests.unit.registry.client import (
    CLOSED,
    CLOSED_TWO,
    STRICTER,
    Client,
    json_schema,
    open_registry,
    registration,
)
from tests.unit.registry.conftest import Tell


def everything(registry: Registry) -> Any:
    """All that a registry knows."""
    names = registry.subjects()
    rows = [registry.versions(name, deleted=True) for name in names]
    return rows, [(registry.config(name), registry.mode(name)) for name in ["", *names]], registry.greatest_id


def test_a_read_asks_no_port(tell: Tell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every GET, look-up and comparison is answered while bus, store and vault are out of reach."""

    async def story(client: Client) -> None:
        await client.register("s", json_schema(CLOSED))

        async def fail(*_: object, **__: object) -> None:
            raise AssertionError("a port was asked")

        for port in (client.site.log, client.site.store):
            for name in ("read", "append", "wait", "rows", "write", "open", "put", "ensure", "end"):
                if hasattr(port, name):
                    monkeypatch.setattr(port, name, fail)
        for target in (
            "/subjects",
            "/subjects/s/versions",
            "/subjects/s/versions/latest",
            "/schemas",
            "/schemas/ids/1",
            "/schemas/ids/1/versions",
            "/config",
            "/mode",
        ):
            assert await client.get(target)
        assert (await client.does("POST", "/subjects/s", json_schema(CLOSED)))["id"] == 1
        assert await client.compatible("s", json_schema(CLOSED_TWO))
        monkeypatch.undo()

    tell(story)


def test_two_processes_that_register_the_same_get_one_version(tmp_path: Path) -> None:
    """Followers of one log, at the same moment, with several schemas each: one id and one version a schema."""

    async def main() -> None:
        async with open_registry(tmp_path) as client:
            log, now = client.site.log, client.site.clock.now()
            followers = [RegistryFollower(log, log) for _ in range(4)]
            builds = [registration(f"s{n}", CLOSED) for n in range(5)]
            found = await asyncio.gather(*(f.submit(b, now) for b in builds for f in followers))
            assert len({row.id for row in found}) == 1
            assert {(row.subject, row.number) for row in found} == {(f"s{n}", 1) for n in range(5)}
            for follower in followers:
                await follower.catch_up()
            assert all(everything(f.registry) == everything(followers[0].registry) for f in followers)

    asyncio.run(main())


def test_what_was_judged_before_a_change_is_judged_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two processes find two schemas compatible with the same version, but they do not follow each other."""

    async def main() -> None:
        async with open_registry(tmp_path) as client:
            log, now = client.site.log, client.site.clock.now()
            one, two = RegistryFollower(log, log), RegistryFollower(log, log)
            judged = 0
            real = judging.judge

            def count(case: Case) -> Judgement:
                nonlocal judged
                judged += 1
                return real(case)

            monkeypatch.setattr(judging, "judge", count)
            results = await asyncio.gather(
                one.submit(registration("s", CLOSED), now),
                two.submit(registration("s", STRICTER), now),
                return_exceptions=True,
            )
            kept = [r for r in results if not isinstance(r, BaseException)]
            refused = [r for r in results if isinstance(r, BaseException)]
            assert ([row.number for row in kept], [getattr(r, "code", None) for r in refused]) == ([1], [40901])
            assert judged == 3

    asyncio.run(main())


def test_a_replay_compares_nothing_and_is_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was decided stays decided, whatever rules the process that reads has."""

    def fail(_: Case) -> Judgement:
        raise AssertionError("judged")

    async def main() -> None:
        async with open_registry(tmp_path) as client:
            for text in (CLOSED, CLOSED_TWO):
                await client.register("s", json_schema(text))
                await client.register("t", json_schema(text, metadata={"properties": {"a": text[:9]}}))
            await client.does("PUT", "/config/s", {"compatibility": "NONE"})
            await client.register("s", json_schema(STRICTER))
            await client.does("DELETE", "/subjects/s/versions/1")
            await client.does("DELETE", "/subjects/t")
            await client.register("t", json_schema(CLOSED))
            await client.does("PUT", "/mode/t", {"mode": "READONLY"})
            monkeypatch.setattr(judging, "judge", fail)
            log = client.site.log
            fresh = RegistryFollower(log, log)
            await fresh.catch_up()
            assert everything(fresh.registry) == everything(client.site.gateway.context.registry.registry)

    asyncio.run(main())


def test_what_is_refused_leaves_no_record(tell: Tell) -> None:
    """Nor does what changes nothing: nobody fills the log by asking."""

    async def story(client: Client) -> None:
        await client.register("s", json_schema(CLOSED))
        before = await client.site.log.end(REGISTRY, 0)
        await client.register("s", json_schema(CLOSED))
        await client.refused(40901, "POST", "/subjects/s/versions", json_schema(STRICTER))
        await client.refused(40408, "DELETE", "/config/s")
        await client.refused(42205, "PUT", "/mode/s", {"mode": "IMPORT"})
        assert await client.site.log.end(REGISTRY, 0) == before

    tell(story)


def test_a_record_that_the_hub_did_not_seal_halts(tell: Tell) -> None:
    """Who can write to the log but has no key of the hub changes no schema."""

    async def story(client: Client) -> None:
        await client.register("s", json_schema(CLOSED))
        forged = Record(b"registry", {"ce_id": "0" * 64}, b"forged")
        await client.site.log.append([Append(REGISTRY, 0, [forged])])
        log = client.site.log
        with pytest.raises(Halt):
            await RegistryFollower(log, log).catch_up()

    tell(story)


def test_the_hubs_contracts_are_registered_once(tell: Tell) -> None:
    """Each start registers what is missing, in one append; the schema under a subject is the contract's."""

    async def story(client: Client) -> None:
        follower, now = client.site.gateway.context.registry, client.site.clock.now()
        count = await register_own(follower, now)
        end = await client.site.log.end(REGISTRY, 0)
        assert end == count == len(await client.get("/subjects?subjectPrefix=amana."))
        await register_own(follower, now)
        assert await client.site.log.end(REGISTRY, 0) == end
        for subject, schema, _ in own_schemas():
            reply = await client.ask("GET", f"/subjects/{subject}/versions/latest/schema")
            assert reply.json == schema

    tell(story)


def test_a_hostile_schema_stops_nobody_else(tell: Tell) -> None:
    """While one comparison spends all its budget, the gateway answers others; then it is told that it was too much."""
    branch = ",".join(
        '{"type":"object","properties":{' + ",".join(f'"p{n}_{m}":{{"$ref":"#"}}' for m in range(5)) + "}}"
        for n in range(150)
    )

    async def story(client: Client) -> None:
        old = json_schema(f'{{"anyOf":[{branch}]}}')
        new = json_schema(f'{{"anyOf":[{branch.replace("p0_0", "q0_0")}]}}')
        await client.register("s", old)
        slow = asyncio.create_task(client.ask("POST", "/compatibility/subjects/s/versions/latest?verbose=true", new))
        answered = 0
        while not slow.done():
            assert await client.get("/subjects") == ["s"]
            await asyncio.sleep(0)
            answered += 1
        found = (await slow).json
        assert found["is_compatible"] is False
        assert "BUDGET_EXCEEDED" in found["messages"][0]
        assert answered > 20

    tell(story)


def test_a_chain_of_references_has_an_end(tell: Tell) -> None:
    """Schemas that refer to each other without end are refused, not followed until the stack is full."""

    async def story(client: Client) -> None:
        await client.register("s0", json_schema('{"type":"string"}'))
        for n in range(1, judging.MOST_TEXTS + 1):
            reference = {"name": f"s{n - 1}.json", "subject": f"s{n - 1}", "version": 1}
            await client.register(f"s{n}", json_schema(f'{{"$ref":"s{n - 1}.json"}}', references=[reference]))
        reference = {"name": "last.json", "subject": f"s{judging.MOST_TEXTS}", "version": 1}
        value = json_schema('{"$ref":"last.json"}', references=[reference])
        await client.refused(42201, "POST", "/subjects/whole/versions", value)

    tell(story)
