"""Laws of the `Vault` port: secrets are kept once, and erasing is final."""

from __future__ import annotations

from hub.ports import Admitted
from hub.records import Ms
from tests.laws.cluster import engine
from tests.laws.engines import Engine, candidate, law

__all__ = ["engine"]

ONE, TWO, THREE = (bytes([n]) * 32 for n in (1, 2, 3))


@law
async def test_the_first_secret_of_an_id_is_kept(engine: Engine) -> None:
    """Putting is idempotent: an id that has a secret keeps it, and the answer holds what is kept."""
    log = await engine.open()
    assert await log.put({"run:a": ONE}) == {"run:a": ONE}
    assert await log.put({"run:a": TWO, "run:b": THREE}) == {"run:a": ONE, "run:b": THREE}
    await log.close()
    log = await engine.open()
    assert await log.put({"run:a": TWO}) == {"run:a": ONE}
    assert await log.open(["run:b", "run:a", "run:c"]) == {"run:a": ONE, "run:b": THREE}
    assert await log.open([]) == {}
    assert await log.put({}) == {}
    await log.close()


@law
async def test_an_erased_secret_is_gone(engine: Engine) -> None:
    """After erasing, `open` lacks the id and has the others; only what was there counts; erasing twice is no
    error."""
    log = await engine.open()
    await log.ensure({"inbox.law": 1})
    answers = await log.admit([candidate(b"1"), candidate(b"2")], Ms(1))
    first, second = (answer.id for answer in answers if isinstance(answer, Admitted))
    await log.put({"run:a": ONE})
    assert await log.erase([first, "run:a", "run:never"]) == 2
    assert set(await log.open([first, second, "run:a"])) == {second}
    assert await log.erase([first]) == 0
    await log.close()
    log = await engine.open()
    assert set(await log.open([first, second, "run:a"])) == {second}
    await log.close()


@law
async def test_erasures_are_listed_for_ever(engine: Engine) -> None:
    """`erased` holds every erasure with its time, in order, after a restart too, and no id that had no secret."""
    log = await engine.open()
    await log.put({"run:a": ONE, "run:b": TWO})
    now = engine.clock.time
    await log.erase(["run:b", "run:b"])
    engine.clock.time = Ms(now + 5)
    await log.erase(["run:a", "run:never"])
    await log.close()
    log = await engine.open()
    assert list(await log.erased()) == [("run:b", now), ("run:a", now + 5)]
    await log.close()


@law
async def test_an_erased_id_never_gets_a_secret_again(engine: Engine) -> None:
    """Putting a secret for an erased id keeps nothing: what was erased cannot come back by a replay."""
    log = await engine.open()
    await log.put({"run:a": ONE})
    await log.erase(["run:a"])
    assert await log.put({"run:a": TWO, "run:b": TWO}) == {"run:b": TWO}
    assert await log.open(["run:a"]) == {}
    await log.close()


@law
async def test_applying_erasures_again_destroys_what_came_back(engine: Engine) -> None:
    """The list of erasures, applied to a storage that still has the secrets, destroys them: a restored backup."""
    log = await engine.open()
    await log.put({"run:a": ONE, "run:b": TWO})
    assert await log.erase([name for name, _ in [("run:a", 1), ("run:gone", 2)]]) == 1
    assert await log.open(["run:a", "run:b"]) == {"run:b": TWO}
    await log.close()
