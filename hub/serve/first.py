"""The first start on an empty directory, and what every start makes sure of: keys, first operator, topics, tables.

Rule: runs alone, before any role; every step may have been done by an earlier start that was cut off, and is then not
done again. The hub's key and the first operator enter the control log as one self-signed change, `hub.start`.
"""

from __future__ import annotations

import asyncio
import secrets
import shutil
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

from adapters.kit.registry import find
from hub import keys, topics
from hub.control.follow import DirectoryFollower, submit
from hub.control.requests import sign_change
from hub.errors import ConfigError, Halt, TryAgain
from hub.metrics.sharing import forget_shared
from hub.registry.follow import RegistryFollower
from hub.registry.own import register_own
from hub.serve import ports
from hub.serve.ports import Opened, open_ports
from hub.settings import Settings
from hub.stages.halted import forget_halted
from schemas.contracts import CONTRACTS

FIRST_OPERATOR: Final = "admin"

T = TypeVar("T")

WITHIN: Final = 30.0
"""Seconds after which a start is given up that Kafka or PostgreSQL does not answer."""

_NO_KEYS: Final = "there is a log, but not the keys that open it"


async def prepare(settings: Settings) -> Path | None:
    """Make the directory fit to be served; the key file of the first operator if it was made just now. Raises `ConfigError`,
    and `TryAgain` when what the hub runs on did not answer in time."""
    if settings.data.is_dir():
        settings.data.chmod(0o700)  # it may have been made by hand; it holds keys and people's data
    with keys.making(settings.keys):  # several processes of one hub may start for the first time at once
        fresh = not keys.exists(settings.keys)
        if fresh:
            if await _patiently(partial(ports.has_log, settings)):
                raise ConfigError("AMANA-CONF-004", _NO_KEYS)
            keys.create(settings.keys)
        try:
            made = await _patiently(partial(_prepare, settings))
        except Halt:
            if not fresh:
                raise
            shutil.rmtree(settings.keys)  # they open nothing of what is there
            raise ConfigError("AMANA-CONF-004", _NO_KEYS) from None
    forget_halted(settings.data)  # no worker of this directory runs yet, so none has stopped
    forget_shared(settings.data)
    return made


async def _patiently(ask: Callable[[], Awaitable[T]]) -> T:
    """Kafka and PostgreSQL may be starting, too, or be changing leaders; what was done before that is found done."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + WITHIN
    while True:
        try:
            return await ask()
        except TryAgain as again:
            if loop.time() > deadline:
                raise
            await asyncio.sleep(again.after)


async def _prepare(settings: Settings) -> Path | None:
    made = None
    path = keys.operator_file(settings.keys, FIRST_OPERATOR)
    opened = await open_ports(settings)
    try:
        await opened.bus.ensure(first_topics(settings.partitions, opened.bus.topics()))
        follower = DirectoryFollower(opened.bus, opened.vault)
        await follower.ensure_secret()
        await follower.catch_up()
        if not follower.directory.now().operators():
            if not path.exists():
                keys.create_operator(settings.keys, FIRST_OPERATOR)
            await start_hub(opened, follower, keys.load_operator(path))
            made = path
        elif follower.directory.now().hub_keys()[-1].key_id != opened.keys.signing.public.key_id:
            raise ConfigError("AMANA-CONF-004", "hub.pem is not the key that the control log names")
        await register_own(RegistryFollower(opened.bus, opened.vault), opened.clock.now())
    finally:
        await opened.close()
    return made


async def start_hub(opened: Opened, follower: DirectoryFollower, operator: Any) -> None:
    """Record the hub's key and the first operator."""
    arguments = {
        "hubPublicKey": opened.keys.signing.public.pem(),
        "operator": {
            "name": FIRST_OPERATOR,
            "person": "first operator",
            "publicKey": operator.public.pem(),
        },
    }
    now = opened.clock.now()
    envelope = sign_change(operator, "hub.start", arguments, now, secrets.token_hex(16))
    outcome = await submit(opened.bus, follower, opened.keys, envelope, {"start": True}, now)
    if not outcome.accepted and not follower.directory.now().operators():  # else another process was first
        raise ConfigError("AMANA-CONF-005", f"the control log refused its first record: {outcome.code}")


def first_topics(partitions: int, existing: Mapping[str, int]) -> dict[str, int]:
    """Topics that every hub has, and those that subscribers read, as far as they are there. One that exists keeps its number
    of partitions; the setting is for new ones."""
    wanted = topics.layout(adapters=find(), contracts=CONTRACTS, partitions=partitions)
    wanted |= {name: number for name, number in existing.items() if name.startswith(topics.SUBSCRIBER)}
    return {name: existing.get(name, number) for name, number in wanted.items()}
