"""Logging: structured events with known fields, as JSON lines (or coloured text on a terminal), on stderr.

Rule: payloads and identifiers cannot slip in. A field that is not in `FIELDS` is dropped and counted, a value that is
no short scalar is replaced by its type, an exception is reduced to its type and place, and of what a library logs
only its name, level and place are kept. Nobody can fill the log: of equal lines that somebody outside may cause
(`SPARING`, libraries) one a minute is written; `count` says how many were left out since the one before. An event is a
short noun: `message.admitted`.
"""

from __future__ import annotations

import logging
import re
import sys
import time
import traceback
from collections.abc import Callable, MutableMapping
from types import TracebackType
from typing import Any, Final, TextIO

import structlog

from signing.jsontext import render

FIELDS: Final = frozenset(
    {
        # set by the set-up itself
        "event", "level", "timestamp", "logger", "line", "dropped", "error", "where",
        # what and where
        "id", "request_id", "parent", "topic", "partition", "offset", "position", "n", "row",
        "system", "institution", "code", "adapter", "exchange", "contract", "version", "schema",
        "subscription", "device", "operator", "change", "run", "period", "rule_set", "digest", "kind",
        # how it went
        "status", "state", "outcome", "reason", "detail", "attempt", "attempts", "after", "fault",
        # how much and how long
        "count", "records", "rows", "bytes", "messages", "signals", "seconds", "ms", "rate", "ready", "held",
        # the process
        "role", "stage", "pid", "exit", "host", "port", "url", "path", "setting", "warning", "signal", "epoch", "owner",
    }
)  # fmt: skip
"""Names of fields that a log line may have. `url` and `path`: of the hub itself, never of a request or a device."""

MAX_TEXT: Final = 300
_KINDS: Final = 256

SPARING: Final = frozenset(
    {
        "gateway.failed",
        "gateway.unready",
        "adapter.failed",
        "api.failed",
        "api.halted",
        "pull.failed",
        "provider.rests",
        "provider.back",
    }
)
"""Events of which there may be one per request."""

SPARING_SECONDS: Final = 60.0
_ALIKE: Final = ("event", "level", "error", "where", "code", "reason", "adapter", "kind", "system")
_SILENT: Final = ("python_multipart",)
"""Libraries that comment upon every odd byte which a stranger sends."""

_EVENT = re.compile(r"[a-z][a-z0-9-]*(\.[a-z0-9-]+)*")
Event = MutableMapping[str, Any]


def configure(*, level: str = "info", stream: TextIO | None = None, strict: bool = False) -> None:
    """Set up logging of this process, libraries' logging included. `strict` (tests) raises ValueError where
    the rule would drop something."""
    out = stream or sys.stderr
    text = out.isatty()
    rendering = structlog.dev.ConsoleRenderer() if text else structlog.processors.JSONRenderer(serializer=_line)
    shared: list[Any] = [
        structlog.stdlib.add_log_level,
        reduce_exception,
        Allow(strict=strict),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    number = logging.getLevelNamesMapping()[level.upper()]
    structlog.configure(
        processors=[*shared, Sparing(), rendering],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(out),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(out)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[from_library, *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, rendering],
        )
    )
    handler.addFilter(SparingFilter())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(max(number, logging.WARNING))  # libraries speak up only when something is wrong
    for name in _SILENT:
        logging.getLogger(name).setLevel(logging.CRITICAL)


def logger(**fields: Any) -> Any:
    """A logger with these fields bound."""
    return structlog.get_logger(**fields)


class Allow:
    """Processor: keeps the fields of `FIELDS` with short scalar values."""

    def __init__(self, *, strict: bool = False) -> None:
        self._strict = strict

    def __call__(self, _: Any, __: str, event: Event) -> Event:
        kept: Event = {}
        refused: list[str] = []
        for name, value in event.items():
            if name.startswith("_"):  # structlog's own, for its next processor
                kept[name] = value
            elif name not in FIELDS or (name == "event" and not _EVENT.fullmatch(str(value))):
                refused.append(name)
            elif value is None or isinstance(value, bool | int | float):
                kept[name] = value
            elif isinstance(value, str):
                kept[name] = value if len(value) <= MAX_TEXT else value[:MAX_TEXT] + "..."
            else:
                kept[name] = f"<{type(value).__name__}>"
        if refused:
            if self._strict:
                raise ValueError(f"not allowed in a log line: {', '.join(sorted(refused))}")
            kept.setdefault("event", "event.unnamed")
            kept["dropped"] = len(refused)
        return kept


class Seldom:
    """Of things that are alike, the first of a minute."""

    def __init__(self, now: Callable[[], float] | None = None) -> None:
        self._now = now or time.monotonic
        self._last: dict[object, tuple[float, int]] = {}  # when the last one passed, how many were left out since

    def left_out(self, alike: object) -> int | None:
        """None: leave this one out too. Else it passes, and so many were left out before it."""
        now = self._now()
        at, count = self._last.get(alike, (now - SPARING_SECONDS, 0))
        if now - at < SPARING_SECONDS:
            self._last[alike] = (at, count + 1)
            return None
        if len(self._last) >= _KINDS:
            self._last.clear()
        self._last[alike] = (now, 0)
        return count


class Sparing:
    """Processor: of `SPARING` events that are alike the first of a minute."""

    def __init__(self, seldom: Seldom | None = None) -> None:
        self._seldom = seldom or Seldom()

    def __call__(self, _: Any, __: str, event: Event) -> Event:
        if event.get("event") in SPARING:
            count = self._seldom.left_out(tuple(event.get(name) for name in _ALIKE))
            if count is None:
                raise structlog.DropEvent
            if count:
                event["count"] = count
        return event


class SparingFilter(logging.Filter):
    """The same for what libraries log: one line a minute from one place."""

    def __init__(self, seldom: Seldom | None = None) -> None:
        super().__init__()
        self._seldom = seldom or Seldom()

    def filter(self, record: logging.LogRecord) -> bool:
        return self._seldom.left_out((record.name, record.levelno, record.module, record.lineno)) is not None


def reduce_exception(_: Any, __: str, event: Event) -> Event:
    """Processor: an exception becomes its type and the place that raised it. Its text may quote a payload."""
    given = event.pop("exc_info", None)
    if given:
        error = (
            given if isinstance(given, BaseException) else (given if isinstance(given, tuple) else sys.exc_info())[1]
        )
        if isinstance(error, BaseException):
            event["error"] = type(error).__name__
            event["where"] = _place(error.__traceback__)
    event.pop("stack_info", None)
    return event


def from_library(_: Any, __: str, event: Event) -> Event:
    """Processor for records of other libraries: their texts quote addresses and input, so only the place stays."""
    record: logging.LogRecord | None = event.get("_record")
    reduced: Event = {name: value for name, value in event.items() if name.startswith("_") or name == "exc_info"}
    reduced["event"] = "library.message"
    if record is not None:
        reduced["logger"] = record.name
        reduced["line"] = f"{record.module}:{record.lineno}"
        reduced["exc_info"] = record.exc_info
    return reduced


def _place(trace: TracebackType | None) -> str:
    frames = traceback.extract_tb(trace)
    if not frames:
        return ""
    last = frames[-1]
    name = "/".join(last.filename.replace("\\", "/").rsplit("/", 2)[-2:])
    return f"{name}:{last.lineno} {last.name}"


def _line(event: Any, **_: Any) -> str:
    return render(event).decode()
