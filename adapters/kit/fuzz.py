"""Damage, made from good input: what senders, cables and attackers do to it.

Rule: the same seed gives the same damage, so that a finding can be repeated. Damaged JSON is passed on only when it
still keeps the wire contract: the gateway lets nothing else through.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from random import Random
from typing import Any, Final

from adapters.kit import attached
from adapters.kit.cases import Case, answered
from adapters.kit.errors import AdapterError
from adapters.kit.registry import Adapter
from schemas.contracts import checker

ODD: Final[tuple[Any, ...]] = (
    None, True, 0, -1, 1.0, 10**30, "", " ", "0", "000", "a\tb", "\x00", "٣٤", "\ufffd", "x" * 400, "=1+1",
    "31-02-2026", "00-00-0000", "2026-02-30", "9999-12", "198001012005010", [], [[]], {},
)  # fmt: skip
_BYTES: Final = (b"\t", b"\r\n", b"\n", b"\x00", b"\xff\xfe", b"9" * 30, b"2063-01-01 00:00:00", b"0001-01-01 00:00:00")


def damaged_inputs(adapter: Adapter, case: Case, rounds: int, seed: int) -> Iterator[Any]:
    """At most `rounds` damaged copies of a case's input, and those with a whole number written as `7.0`."""
    random = Random(f"{seed}/{case.name}")  # noqa: S311 -- repeatable on purpose
    for _ in range(rounds):
        if case.poll:
            yield _damaged_answers(case.input, random)
        elif isinstance(case.input, bytes):
            yield damaged_bytes(case.input, random)
        elif case.request:
            yield {**case.input, "body": damaged_bytes(case.input.get("body", "").encode(), random).decode("latin-1")}
        else:
            damaged = _damaged_body(adapter, case, random)
            if _admissible(adapter, case, damaged):
                yield damaged
    if not (case.poll or case.request) and adapter.manifest.exchange(case.target).direction == "in":
        yield from _with_floats(adapter, case)


def _with_floats(adapter: Adapter, case: Case) -> Iterator[Any]:
    """Each whole number of a body as a float of the same value, where the wire contract takes it: JSON knows one kind."""
    found = copy.deepcopy(case.input)
    for holder, key in list(_places(found)):
        number = holder[key]
        if type(number) is int:
            holder[key] = float(number)
            if _admissible(adapter, case, found):
                yield copy.deepcopy(found)
            holder[key] = number


def _damaged_body(adapter: Adapter, case: Case, random: Random) -> Any:
    exchange = adapter.manifest.exchange(case.target)
    if exchange.direction == "in" and exchange.attached and random.random() < 0.8:
        try:
            content = attached.unwrap(case.input)
        except AdapterError:
            content = b""
        return case.input | attached.wrap(case.input["name"], damaged_bytes(content, random))
    return damaged_json(case.input, random)


def _admissible(adapter: Adapter, case: Case, damaged: Any) -> bool:
    if adapter.manifest.exchange(case.target).direction == "in":
        return adapter.wire_checker(case.target).ok(damaged)
    if adapter.manifest.exchange(case.target).source == "records":
        return _admissible_records(adapter, case, damaged)
    try:
        run, signals, options = damaged["run"], damaged["signals"], damaged["options"]
        texts = isinstance(options, dict) and all(isinstance(value, str) for value in options.values())
        return texts and checker("pay.run").ok(run) and all(checker("pay.signal").ok(signal) for signal in signals)
    except (KeyError, TypeError):
        return False


def _admissible_records(adapter: Adapter, case: Case, damaged: Any) -> bool:
    allowed = adapter.manifest.exchange(case.target).contracts
    try:
        records, options = damaged["records"], damaged["options"]
        texts = isinstance(options, dict) and all(isinstance(value, str) for value in options.values())
        known = all(set(r) == {"contract", "value"} and r["contract"] in allowed for r in records)
        return texts and known and all(checker(r["contract"]).ok(r["value"]) for r in records)
    except (KeyError, TypeError):
        return False


def _damaged_answers(conversation: Any, random: Random) -> Any:
    """A conversation whose answers are damaged: status, headers, bytes."""
    found = copy.deepcopy(conversation)
    for answer in found["answers"]:
        if random.random() < 0.7:
            text = damaged_bytes(answered(answer), random).decode("latin-1")
            answer.pop("json", None)
            answer["text"] = text
        if random.random() < 0.2:
            answer["status"] = random.choice((200, 204, 301, 400, 401, 403, 404, 429, 500, 503))
        if random.random() < 0.2:
            answer["headers"] = {}
    return found


def damaged_bytes(content: bytes, random: Random) -> bytes:
    """`content` with one to four of: a byte changed, a part cut out, a part repeated, something odd put in."""
    found = bytearray(content)
    for _ in range(random.randint(1, 4)):
        start = random.randint(0, len(found))
        end = min(len(found), start + random.randint(0, 40))
        match random.randrange(4):
            case 0 if start < len(found):
                found[start] = random.randrange(256)
            case 1:
                del found[start:end]
            case 2:
                found[start:start] = found[start:end]
            case _:
                found[start:start] = random.choice(_BYTES)
    return bytes(found)


def damaged_json(value: Any, random: Random) -> Any:
    """`value` with one to three places made odd, dropped or repeated."""
    found = copy.deepcopy(value)
    for _ in range(random.randint(1, 3)):
        places = list(_places(found))
        if not places:
            break
        holder, key = random.choice(places)
        match random.randrange(4):
            case 0:
                del holder[key]
            case 1 if isinstance(holder, list):
                holder.append(copy.deepcopy(holder[key]))
            case 2 if isinstance(holder[key], str) and holder[key]:
                text, at = holder[key], random.randrange(len(holder[key]))
                holder[key] = text[:at] + random.choice(["", " ", "0", "x", "é", text]) + text[at + 1 :]
            case _:
                holder[key] = copy.deepcopy(random.choice(ODD))
    return found


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    if isinstance(value, dict | list):
        for key, inner in list(value.items() if isinstance(value, dict) else enumerate(value)):
            yield value, key
            yield from _places(inner)
