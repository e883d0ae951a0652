"""`amana conformance serve`: a trial hub in one process, with the kit around its gateway.

Rule: gateway, log, worker and checks are those of every hub; only the way in (the wrapper) and the way out (the trial
provider) are the kit's. It listens on loopback unless told otherwise, and ends like any hub on SIGTERM or Ctrl-C.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from hub.clock import SystemClock
from hub.conformance import files
from hub.conformance.kit import Kit, TrialCaller
from hub.conformance.observing import State
from hub.conformance.onboarding import Onboarded, onboard
from hub.conformance.page import Facts
from hub.conformance.report import Trial
from hub.conformance.wrapper import Wrapper
from hub.errors import ConfigError
from hub.serve import listening
from hub.serve.lock import lock_directory
from hub.serve.readiness import await_ready
from hub.settings import PREFIX, Settings, load
from signing.keys import PublicKey

READY_WITHIN: Final = 60.0


@dataclass(frozen=True, slots=True)
class Options:
    """What `amana conformance serve` was asked for. `connector` None: a pair is made for it; `ca`: authorities that are
    trusted for the connector's https address."""

    folder: Path
    host: str
    port: int
    connector: PublicKey | None
    connector_url: str | None
    version: str
    ca: Path | None = None


def serve(options: Options, say: Callable[[str], None]) -> None:
    """Run the kit until it is told to stop. Raises `ConfigError`."""
    import uvloop

    os.umask(0o077)
    folder = files.open_folder(options.folder)
    lock = lock_directory(folder / files.HUB)
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_run(options, folder, say))
    except BaseExceptionGroup as group:
        found = group.subgroup(ConfigError)
        raise (found.exceptions[0] if found is not None else group.exceptions[0]) from None
    finally:
        os.close(lock)


def make_settings(options: Options, folder: Path) -> Settings:
    """Those of a hub of its own: nothing of an `AMANA_*` variable leads it to another one's log or store."""
    data = (folder / files.HUB).absolute()
    host = urlsplit(options.connector_url or "").hostname
    with _no_variables():
        return load(
            data,
            outbound_ca=options.ca,
            bus=f"sqlite:///{data}/bus.db",
            store=f"sqlite:///{data}/store.db",
            outbound_hosts=[host] if host else [],
            outbound_private=True,
            partitions=1,
        )


@contextmanager
def _no_variables() -> Iterator[None]:
    """Meanwhile no setting comes from the environment."""
    hidden = {name: text for name, text in os.environ.items() if name.startswith(PREFIX)}
    for name in hidden:
        del os.environ[name]
    try:
        yield
    finally:
        os.environ.update(hidden)


async def _run(options: Options, folder: Path, say: Callable[[str], None]) -> None:
    from hub.delivery.caller import make_caller
    from hub.serve import first, gateway
    from hub.stages import worker

    settings = make_settings(options, folder)
    await first.prepare(settings)
    sockets = [listening.bind_tcp(options.host, options.port), listening.bind_local(settings.data)]
    stop, asked = asyncio.Event(), asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    kit = _make_kit(options, folder, listening.write_address(settings.data, sockets[0], secured=False), say)
    outside = make_caller(settings)
    async with asyncio.TaskGroup() as group:
        group.create_task(
            gateway.run(
                settings,
                sockets,
                stop,
                caller=TrialCaller(outside, kit),
                wrap=lambda inner: Wrapper(inner, kit, asked.set),
            )
        )
        group.create_task(worker.run(settings, stop))
        await _conduct(options, kit, settings, stop, asked)
        stop.set()


def _make_kit(options: Options, folder: Path, url: str, say: Callable[[str], None]) -> Kit:
    clock = SystemClock()
    receives = options.connector_url is not None
    before = files.read_result(folder)
    if before is not None:
        trial = Trial(before.state, options.version, before.started, before.agents, receives or before.receives)
    else:
        trial = Trial(State(), options.version, clock.now(), receives=receives)
    facts = Facts(url, options.version, "", "", str(folder), options.connector_url)
    return Kit(folder, facts, trial, clock, say)


async def _conduct(
    options: Options,
    kit: Kit,
    settings: Settings,
    stop: asyncio.Event,
    asked: asyncio.Event,
) -> None:
    """Onboard once the hub is ready, say how to reach it, and ask the connector whenever somebody wants that."""
    from dataclasses import replace

    from hub.delivery.caller import make_caller

    connector = options.connector or files.write_connector_key(kit.folder)
    ready = await asyncio.to_thread(await_ready, settings.data, READY_WITHIN, lambda: not stop.is_set())
    if not ready:
        if stop.is_set():
            return
        raise ConfigError("AMANA-CONF-005", "the trial hub did not get ready")
    onboarded = await asyncio.to_thread(onboard, kit.folder, connector)
    kit.facts = replace(kit.facts, client_id=onboarded.client_id, key_id=connector.key_id)
    kit.onboarded = onboarded
    files.write_result(kit.folder, kit.trial)
    _greet(kit, onboarded, made=options.connector is None)
    if options.connector_url is None:
        await stop.wait()
        return
    asked.set()
    caller = make_caller(settings)
    try:
        while not stop.is_set():
            waiting = [asyncio.create_task(event.wait()) for event in (stop, asked)]
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            for task in waiting:
                task.cancel()
            if stop.is_set():
                return
            asked.clear()
            await kit.probe(caller, options.connector_url)
    finally:
        await caller.close()


def _greet(kit: Kit, onboarded: Onboarded, *, made: bool) -> None:
    """What the engineer of a connector configures. The secret is printed here and kept in the kit's directory."""
    facts, folder = kit.facts, kit.folder
    kit.say(f"The trial hub is ready. Its page: {facts.url}/")
    kit.say(f"token URL      {facts.url}/oauth/token")
    kit.say(f"engine URL     {facts.url}/esb")
    kit.say(f"client id      {onboarded.client_id}")
    kit.say(f"client secret  {onboarded.client_secret}")
    if made:
        kit.say(
            f"your key       {folder}/{files.CONNECTOR}, in one line {folder}/connector.pkcs8.b64 (made for this trial)"
        )
    kit.say(f"hub's key      {folder}/hub.pem, in one line {folder}/hub.der.b64:")
    kit.say(onboarded.hub.public.pem().strip())
    kit.say((folder / "hub.der.b64").read_text("ascii"))
    kit.say("Every secret and key of this trial is worth nothing anywhere else. Stop with Ctrl-C.")
