"""A child of `amana serve`: one role in one process. `python -m hub.serve.child --role gateway ...`

Rule: the lifeline is held before anything else; SIGTERM and SIGINT ask the role to drain. A `ConfigError` is exit status 3
with its text and no traceback; any other failure is exit status 1, logged by type and place.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from hub.errors import ConfigError, HubError
from hub.serve import lifeline
from hub.serve.processes import CONFIGURATION, PRIVATE
from hub.serve.speech import complain, say

if TYPE_CHECKING:
    import socket

    from hub.settings import Settings

FAILED: Final = 1

YIELDING: Final = 10
"""How much the worker yields: whoever asks the gateway waits for an answer now, a pay run does not."""

Role = Callable[["Settings", "list[socket.socket]", asyncio.Event], Awaitable[None]]


async def _first(settings: Settings, sockets: list[socket.socket], _: asyncio.Event) -> None:
    from hub import tls
    from hub.serve import first
    from hub.serve.listening import write_address

    tls.outbound(settings)
    secured = tls.inbound(settings) is not None
    made = await first.prepare(settings)
    for warning in settings.warnings():
        complain(f"amana: warning: {warning}")
    if made is not None:
        say(f"amana: key of the first operator: {made}")
    if sockets:
        say(f"amana: {write_address(settings.data, sockets[0], secured=secured)}")


async def _gateway(settings: Settings, sockets: list[socket.socket], stop: asyncio.Event) -> None:
    from hub.serve import gateway

    await gateway.run(settings, sockets, stop)


async def _worker(settings: Settings, sockets: list[socket.socket], stop: asyncio.Event) -> None:
    from hub.stages import worker

    _limit_memory(settings.worker_memory)
    # all but the thread that writes the log: while it holds the file, the gateway waits for it
    await worker.run(settings, stop, guarded=True, opened_ports=_yield_to_others, sockets=sockets)


async def _together(settings: Settings, sockets: list[socket.socket], stop: asyncio.Event) -> None:
    """Every role in one event loop; the first that fails ends the others."""
    async with asyncio.TaskGroup() as group:
        group.create_task(_gateway(settings, sockets, stop))
        group.create_task(_worker(settings, [], stop))


def _yield_to_others() -> None:
    """This thread and those that it starts: less of a busy machine, and never its processor in the middle of what
    somebody else does."""
    os.nice(YIELDING)
    if hasattr(os, "SCHED_BATCH"):
        os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))


def _limit_memory(size: int) -> None:
    """An adapter that takes without end gets a `MemoryError`, before the machine looks for somebody to kill."""
    if size:
        import resource

        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        limit = size if hard == resource.RLIM_INFINITY else min(size, hard)
        resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


ROLES: Final[dict[str, Role]] = {"first": _first, "gateway": _gateway, "worker": _worker, "together": _together}


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="hub.serve.child")
    parser.add_argument("--role", required=True, choices=sorted(ROLES))
    parser.add_argument("--parent", type=int, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--host", help="as it was asked for; else the setting")
    parser.add_argument("--lifeline", type=int, required=True)
    parser.add_argument("--listen", type=int, action="append", default=[])
    given = parser.parse_args(argv)
    os.umask(PRIVATE)
    lifeline.hold(given.lifeline, given.parent)
    try:
        _run(given.role, given.data, given.host, given.listen)
    except ConfigError as error:
        complain(error.text())
        return CONFIGURATION
    except HubError as error:
        complain(error.text())
        return FAILED
    except Exception as error:  # noqa: BLE001 - the last line of the process
        from hub.logs import logger

        logger().error("role.failed", role=given.role, exc_info=error)
        return FAILED
    return 0


def _run(role: str, data: Path, host: str | None, descriptors: list[int]) -> None:
    import uvloop

    from hub import logs, settings
    from hub.serve.listening import adopt

    logs.configure()
    effective = settings.load(data, host=host)
    sockets = adopt(descriptors)

    async def run() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, stop.set)
        await ROLES[role](effective, sockets, stop)

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        try:
            runner.run(run())
        except BaseExceptionGroup as group:
            found = group.subgroup(HubError)
            raise (found.exceptions[0] if found is not None else group.exceptions[0]) from None


if __name__ == "__main__":
    sys.exit(main())
