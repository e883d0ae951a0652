"""Laws of the `Store` port: fencing, atomicity, upserts, order, pages, progress. They hold for every engine."""

from __future__ import annotations

from typing import Any

import pytest

from hub.errors import Halt
from hub.ports import Progress, Write
from tests.laws.store_fixtures import Faults, OpenStore, Struck, open_store, run

__all__ = ["open_store"]

STAGE = "translate"
PLACE = ("inbox.siasn", 0)


def event(n: int, **more: Any) -> dict[str, Any]:
    return {"id": f"m{n}", "at": n, "state": "admitted", "detail": None} | more


def message(n: int, **more: Any) -> dict[str, Any]:
    row: dict[str, Any] = {
        "id": f"m{n:03d}",
        "kind": "inbox",
        "system": "HRIS",
        "institution": "KEMEN",
        "code": "SIASN-EMP",
    }
    row |= {"state": "admitted", "request_id": f"r{n}", "topic": "inbox.siasn", "partition": 0, "offset": n}
    return row | {"time": n, "updated": n, "detail": None, "parent": None, "version": 1} | more


def signal(n: int, body: bytes, reasons: Any) -> dict[str, Any]:
    row = {"run": "R", "signal_id": f"s{n}", "subject": "00", "status": "ready"}
    return row | {"reasons": reasons, "secret_id": "run:R", "body": body}


def test_a_new_partition_begins_at_nothing(open_store: OpenStore) -> None:
    """The first claim gives epoch 1 and empty progress."""
    assert run(open_store().claim(STAGE, *PLACE, "w1")) == (1, Progress())


def test_each_claim_gets_a_higher_epoch(open_store: OpenStore) -> None:
    """No two claims of a partition share an epoch; other partitions and stages count for themselves."""

    async def story() -> list[int]:
        store = open_store()
        places = [(STAGE, *PLACE), (STAGE, *PLACE), (STAGE, PLACE[0], 1), ("collect", *PLACE), (STAGE, *PLACE)]
        return [(await store.claim(*place, "w"))[0] for place in places]

    assert run(story()) == [1, 2, 1, 1, 3]


def test_progress_is_what_was_committed(open_store: OpenStore) -> None:
    """Position and watermarks come back with the next claim."""
    made = Progress(42, {"inbox.siasn/0": (41, 3), "inbox.siasn/1": (7, 0)})

    async def story() -> Progress:
        store = open_store()
        epoch, _ = await store.claim(STAGE, *PLACE, "w1")
        await store.commit(STAGE, {PLACE: epoch}, {PLACE: made}, [])
        return (await store.claim(STAGE, *PLACE, "w2"))[1]

    assert run(story()) == made


def test_an_older_epoch_writes_nothing(open_store: OpenStore) -> None:
    """Whoever lost the partition is halted, and neither rows nor progress of the attempt are there."""

    async def story() -> tuple[str, int, Progress]:
        store = open_store()
        old, _ = await store.claim(STAGE, *PLACE, "w1")
        new, _ = await store.claim(STAGE, *PLACE, "w2")
        await store.commit(STAGE, {PLACE: new}, {PLACE: Progress(5)}, [])
        with pytest.raises(Halt) as halted:
            await store.commit(STAGE, {PLACE: old}, {PLACE: Progress(9)}, [Write("message_event", [event(1)])])
        rows = await store.rows("message_event")
        return halted.value.code, len(rows), (await store.claim(STAGE, *PLACE, "w3"))[1]

    assert run(story()) == ("AMANA-FENCE-001", 0, Progress(5))


@pytest.mark.parametrize("with_progress", [True, False])
def test_one_lost_partition_of_several_fences_all(open_store: OpenStore, with_progress: bool) -> None:
    """A commit over two partitions is halted whole when one of them is lost, whichever of them has progress."""
    other = (PLACE[0], 1)

    async def story() -> tuple[int, Progress]:
        store = open_store()
        first, _ = await store.claim(STAGE, *PLACE, "w1")
        second, _ = await store.claim(STAGE, *other, "w1")
        await store.claim(STAGE, *other, "w2")
        progress = {PLACE: Progress(3)} | ({other: Progress(3)} if with_progress else {})
        with pytest.raises(Halt):
            await store.commit(STAGE, {PLACE: first, other: second}, progress, [Write("message_event", [event(1)])])
        return len(await store.rows("message_event")), (await store.claim(STAGE, *PLACE, "w1"))[1]

    assert run(story()) == (0, Progress())


def test_a_partition_never_claimed_cannot_be_committed(open_store: OpenStore) -> None:
    """Progress without a claim is halted."""
    with pytest.raises(Halt):
        run(open_store().commit(STAGE, {PLACE: 1}, {PLACE: Progress(1)}, []))


def test_progress_needs_its_epoch(open_store: OpenStore) -> None:
    """Progress of a partition whose epoch is not given is a defect of the caller, and nothing is written."""

    async def story() -> int:
        store = open_store()
        with pytest.raises(ValueError, match="epoch is not given"):
            await store.commit(STAGE, {}, {PLACE: Progress(1)}, [Write("message_event", [event(1)])])
        return len(await store.rows("message_event"))

    assert run(story()) == 0


@pytest.mark.parametrize(("moment", "stored"), [("before", False), ("inside", False), ("after", True)])
def test_a_commit_is_whole_or_not_at_all(open_store: OpenStore, moment: Any, stored: bool) -> None:
    """Failing before or inside the transaction leaves nothing; failing after it leaves everything, and repeating
    the commit under the same epoch is right in both cases."""
    faults = Faults()
    writes = [Write("message_event", [event(1)]), Write("message", [message(1)])]

    async def story() -> tuple[int, int, int, int]:
        store = open_store(faults)
        epoch, _ = await store.claim(STAGE, *PLACE, "w")
        faults.armed = moment
        with pytest.raises(Struck):
            await store.commit(STAGE, {PLACE: epoch}, {PLACE: Progress(7)}, writes)
        rows, events = len(await store.rows("message")), len(await store.rows("message_event"))
        [progress] = await store.rows("stage_progress")
        await store.commit(STAGE, {PLACE: epoch}, {PLACE: Progress(7)}, writes)
        return rows, events, progress["position"], len(await store.rows("message"))

    assert run(story()) == ((1, 1, 7, 1) if stored else (0, 0, 0, 1))


def test_a_failing_row_takes_the_whole_write_back(open_store: OpenStore) -> None:
    """A row that breaks a constraint leaves none of the rows before it."""

    async def story() -> int:
        store = open_store()
        with pytest.raises(Exception, match=r"(?i)not ?null"):
            await store.write([Write("message", [message(1)]), Write("message", [message(2, system=None)])])
        return len(await store.rows("message"))

    assert run(story()) == 0


def test_a_claim_that_fails_changes_no_epoch(open_store: OpenStore) -> None:
    """The epoch of a claim that failed inside its transaction is not used up."""
    faults = Faults()

    async def story() -> int:
        store = open_store(faults)
        await store.claim(STAGE, *PLACE, "w")
        faults.armed = "claim"
        with pytest.raises(Struck):
            await store.claim(STAGE, *PLACE, "w")
        return (await store.claim(STAGE, *PLACE, "w"))[0]

    assert run(story()) == 2


def test_put_replaces_by_primary_key(open_store: OpenStore) -> None:
    """The row has the new values; a column that the new row leaves out keeps what it had."""

    async def story() -> list[dict[str, Any]]:
        store = open_store()
        await store.write([Write("message_event", [event(1, detail="one"), event(2, detail="two")])])
        await store.write([Write("message_event", [event(1, detail="new")])])
        await store.write([Write("message_event", [{"id": "m2", "at": 2, "state": "admitted"}])])
        return await store.rows("message_event", order=("id",))

    assert run(story()) == [event(1, detail="new"), event(2, detail="two")]


def test_put_twice_in_one_write_keeps_the_last(open_store: OpenStore) -> None:
    """Rows of a write are taken in order."""

    async def story() -> list[dict[str, Any]]:
        store = open_store()
        await store.write([Write("message_event", [event(1, detail="one"), event(1, detail="two")])])
        return await store.rows("message_event")

    assert run(story()) == [event(1, detail="two")]


def test_add_keeps_what_is_there(open_store: OpenStore) -> None:
    """Adding a primary key that exists changes nothing and fails nothing."""

    async def story() -> list[dict[str, Any]]:
        store = open_store()
        await store.write([Write("message_event", [event(1, detail="first")], "add")])
        await store.write([Write("message_event", [event(1, detail="again"), event(2)], "add")])
        return await store.rows("message_event", order=("id",))

    assert run(story()) == [event(1, detail="first"), event(2)]


def test_drop_removes_by_primary_key(open_store: OpenStore) -> None:
    """The row with the key is gone, others stay, and a missing key is no error."""

    async def story() -> list[str]:
        store = open_store()
        await store.write([Write("message", [message(1), message(2)])])
        await store.write([Write("message", [{"id": "m001"}, {"id": "m009"}], "drop")])
        return [row["id"] for row in await store.rows("message")]

    assert run(story()) == ["m002"]


def test_writes_of_one_call_are_taken_in_order(open_store: OpenStore) -> None:
    """What a later write drops is gone, what it puts is there."""

    async def story() -> int:
        store = open_store()
        await store.write(
            [
                Write("message", [message(1)]),
                Write("message", [{"id": "m001"}], "drop"),
                Write("message", [message(1)], "add"),
                Write("message", [{"id": "m001"}], "drop"),
                Write("message", []),
            ]
        )
        return len(await store.rows("message"))

    assert run(story()) == 0


def test_values_come_back_as_they_went(open_store: OpenStore) -> None:
    """Bytes, plain structures, booleans, big integers and nothing survive; no two engines disagree."""
    rows = [signal(1, b"\x00\xff" * 3, [{"code": "no-mark", "n": 1}]), signal(2, b"", [])]
    change = {"position": 2**40, "id": "x", "kind": "k", "operator": "", "at": 2**41, "accepted": True}
    change |= {"outcome": "", "detail": None, "repeated": False}

    async def story() -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        store = open_store()
        await store.write([Write("run_signal", rows), Write("change", [change])])
        return await store.rows("run_signal", order=("signal_id",)), await store.rows("change")

    assert run(story()) == (rows, [change])


@pytest.mark.parametrize(
    ("where", "found"),
    [
        (None, [0, 1, 2, 3, 4]),
        ({"offset": 2}, [2]),
        ({"offset": [0, 3]}, [0, 3]),
        ({"offset": {1}}, [1]),
        ({"offset": (1, 4)}, [1, 4]),
        ({"offset": []}, []),
        ({"offset": ("<", 2)}, [0, 1]),
        ({"offset": ("<=", 2)}, [0, 1, 2]),
        ({"offset": (">", 2)}, [3, 4]),
        ({"offset": (">=", 2)}, [2, 3, 4]),
        ({"parent": None}, [0, 1, 2, 3]),
        ({"parent": "m000", "offset": (">", 0)}, [4]),
        ({"system": "NOBODY"}, []),
    ],
)
def test_filters(open_store: OpenStore, where: dict[str, Any] | None, found: list[int]) -> None:
    """Equality, membership, comparison and null, all of them at once."""

    async def story() -> list[int]:
        store = open_store()
        await store.write([Write("message", [message(n, parent="m000" if n == 4 else None) for n in range(5)])])
        return [row["offset"] for row in await store.rows("message", where, order=("offset",))]

    assert run(story()) == found


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ({"system": "S\x00"}, []),
        ({"system": "\x00"}, []),
        ({"system": ["S\x00", "SYS"]}, [0]),
        ({"id": ("<", "a\x00")}, [0]),
        ({"id": ("<=", "a\x00")}, [0]),
        ({"id": (">", "a\x00")}, [1, 2]),
        ({"id": (">=", "a\x00")}, [1, 2]),
        ({"id": (">", "\x00")}, [0, 1, 2]),
    ],
)
def test_a_filter_with_nul_finds_what_it_can(open_store: OpenStore, where: dict[str, Any], found: list[int]) -> None:
    """No kept text holds NUL: nothing equals one that does, and it has its place in the order, on every engine."""

    async def story() -> tuple[list[int], int]:
        store = open_store()
        rows = [message(n, id=name, system="SYS" if n == 0 else f"S{n}") for n, name in enumerate(("a", "a\x01", "b"))]
        await store.write([Write("message", rows)])
        return [r["offset"] for r in await store.rows("message", where, order=("id",))], sum(
            (await store.count("message", where)).values()
        )

    assert run(story()) == (found, len(found))


def test_nul_in_a_text_is_kept_as_the_replacement_character(open_store: OpenStore) -> None:
    """A text that a system chose halts no stage: it is kept readably, the same on every engine; JSON keeps it as it is."""

    async def story() -> tuple[Any, Any, Any]:
        store = open_store()
        rows = [message(1, system="S\x00S"), message(2, id="\x00")]
        await store.write([Write("message", rows), Write("run_signal", [signal(1, b"", [{"code": "\x00"}])])])
        found = await store.rows("message", order=("offset",))
        await store.write([Write("message", [{"id": "\x00"}], "drop")])
        left = await store.rows("message")
        reasons = (await store.rows("run_signal"))[0]["reasons"]
        return [(row["system"], row["id"]) for row in found], len(left), reasons

    assert run(story()) == ([("S\ufffdS", "m001"), ("HRIS", "\ufffd")], 1, [{"code": "\x00"}])


@pytest.mark.parametrize("order", [("time", "id"), ("-time", "id"), ("-time", "-id"), ("time", "-id"), ("id",)])
@pytest.mark.parametrize("size", [1, 2, 3, 50])
def test_pages_hold_each_row_once_in_order(open_store: OpenStore, order: tuple[str, ...], size: int) -> None:
    """Going from page to page by the last row gives the listing itself, equal times included."""

    async def story() -> tuple[list[str], list[str]]:
        store = open_store()
        await store.write([Write("message", [message(n, time=n // 3) for n in range(10)])])
        whole = [row["id"] for row in await store.rows("message", order=order)]
        paged: list[str] = []
        after: dict[str, Any] | None = None
        while rows := await store.rows("message", order=order, limit=size, after=after):
            paged += [row["id"] for row in rows]
            after = {name.removeprefix("-"): rows[-1][name.removeprefix("-")] for name in order}
        return whole, paged

    whole, paged = run(story())
    expected = [message(n, time=n // 3) for n in range(10)]
    for name in reversed(order):
        expected.sort(key=lambda row: row[name.removeprefix("-")], reverse=name.startswith("-"))
    assert (whole, paged) == ([row["id"] for row in expected],) * 2


def test_counts(open_store: OpenStore) -> None:
    """Grouped by columns, or all of it under the empty key; filtered like rows."""

    async def story() -> list[dict[tuple[Any, ...], int]]:
        store = open_store()
        states = ["admitted", "admitted", "refused"]
        await store.write([Write("message", [message(n, state=state) for n, state in enumerate(states)])])
        return [
            await store.count("message"),
            await store.count("message", {"offset": (">", 0)}, by=("state",)),
            await store.count("message", {"system": "NOBODY"}),
            await store.count("message", {"system": "NOBODY"}, by=("state", "kind")),
        ]

    assert run(story()) == [{(): 3}, {("admitted",): 1, ("refused",): 1}, {(): 0}, {}]


def test_names_that_do_not_exist_are_defects(open_store: OpenStore) -> None:
    """An unknown table or column is an error of the caller, never an empty answer."""

    async def story() -> None:
        store = open_store()
        with pytest.raises(ValueError, match="no table nothing"):
            await store.rows("nothing")
        with pytest.raises(ValueError, match=r"no column message\.nothing"):
            await store.rows("message", {"nothing": 1})
        with pytest.raises(ValueError, match=r"no column message\.nothing"):
            await store.write([Write("message", [message(1, nothing=1)])])
        with pytest.raises(ValueError, match="rows of message_event lack at, state"):
            await store.write([Write("message_event", [{"id": "x"}])])
        with pytest.raises(ValueError, match="after holds"):
            await store.rows("message", order=("time", "id"), after={"time": 1})

    run(story())
