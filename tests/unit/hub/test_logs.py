"""What reaches a log line."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from hub import logs
from signing import jsontext

PAYLOAD = "198012312005011001"


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    out = io.StringIO()
    logs.configure(stream=out)
    yield out
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [jsontext.parse(line.encode()) for line in stream.getvalue().splitlines()]


def without_time(line: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in line.items() if name != "timestamp"}


def test_an_event_is_one_json_line(stream: io.StringIO) -> None:
    """Off a terminal each event is one JSON object with its fields, level and time."""
    logs.logger(role="gateway").info("message.admitted", id="ab", count=2, seconds=0.5, parent=None)
    [line] = lines(stream)
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "message.admitted",
        "level": "info",
        "role": "gateway",
        "id": "ab",
        "count": 2,
        "seconds": 0.5,
        "parent": None,
    }


@pytest.mark.parametrize(
    "fields",
    [
        {"body": PAYLOAD},
        {"payload": {"nip": PAYLOAD}},
        {PAYLOAD: 1},
        {"id": {"nip": PAYLOAD}},
        {"detail": [PAYLOAD]},
        {"detail": PAYLOAD.encode()},
        {"reason": ValueError(PAYLOAD)},
        {"stack_info": PAYLOAD},
    ],
)
def test_payloads_do_not_slip_in(stream: io.StringIO, fields: dict[str, Any]) -> None:
    """A field off the list, or a value that is no short scalar, leaves no trace of its content."""
    logs.logger().warning("message.refused", **fields)
    assert PAYLOAD not in stream.getvalue()
    assert lines(stream)[0]["event"] == "message.refused"


def test_dropped_fields_are_counted(stream: io.StringIO) -> None:
    """A line says how many fields it lost, so that the loss is seen."""
    logs.logger().info("message.refused", body="x", nip="y", code="AMANA-SIG-001")
    [line] = lines(stream)
    assert without_time(line) == {"event": "message.refused", "level": "info", "code": "AMANA-SIG-001", "dropped": 2}


@pytest.mark.parametrize("event", [f"employee {PAYLOAD} refused", "Message.Admitted", "a" + PAYLOAD + " ", ""])
def test_sentences_are_no_events(stream: io.StringIO, event: str) -> None:
    """An event that is no short noun is not printed: a sentence is where payloads get in."""
    logs.logger().info(event, count=1)
    [line] = lines(stream)
    assert without_time(line) == {"event": "event.unnamed", "level": "info", "count": 1, "dropped": 1}


def test_long_texts_are_cut(stream: io.StringIO) -> None:
    """No value is longer than the limit."""
    logs.logger().info("message.refused", detail="x" * 5000)
    assert len(lines(stream)[0]["detail"]) == logs.MAX_TEXT + 3


def test_exceptions_become_type_and_place(stream: io.StringIO) -> None:
    """An exception's text may quote a payload, so only what and where is kept."""
    try:
        int(f"x{PAYLOAD}")
    except ValueError:
        logs.logger().exception("stage.failed", stage="translate")
    [line] = lines(stream)
    assert PAYLOAD not in stream.getvalue()
    assert (line["error"], line["stage"], line["level"]) == ("ValueError", "translate", "error")
    assert line["where"].startswith("hub/test_logs.py:")
    assert line["where"].endswith(" test_exceptions_become_type_and_place")


def test_an_exception_in_hand_is_reduced_too(stream: io.StringIO) -> None:
    """`exc_info` with an exception that was not raised here has a type and no place."""
    logs.logger().error("stage.failed", exc_info=KeyError(PAYLOAD))
    [line] = lines(stream)
    assert (line["error"], line["where"], PAYLOAD in stream.getvalue()) == ("KeyError", "", False)


def test_libraries_lose_their_texts(stream: io.StringIO) -> None:
    """Of a library's warning the place stays and the text, with whatever address it quotes, does not."""
    try:
        int(f"x{PAYLOAD}")
    except ValueError:
        logging.getLogger("some.library").exception("GET /iclock/%s", PAYLOAD, extra={"body": PAYLOAD})
    logging.getLogger("some.library").info("quiet")
    [line] = lines(stream)
    assert PAYLOAD not in stream.getvalue()
    assert (line["event"], line["logger"], line["error"]) == ("library.message", "some.library", "ValueError")


def test_level_is_honoured(stream: io.StringIO) -> None:
    """Below the level nothing is written."""
    logs.logger().debug("message.admitted")
    assert stream.getvalue() == ""


def test_strict_set_up_raises(stream: io.StringIO) -> None:
    """Under test a field off the list is a failure that names the field, never its value."""
    logs.configure(stream=stream, strict=True)
    with pytest.raises(ValueError, match="body") as caught:
        logs.logger().info("message.admitted", body=PAYLOAD)
    assert PAYLOAD not in str(caught.value)


def test_a_terminal_gets_text(stream: io.StringIO) -> None:
    """On a terminal the same fields come as text, under the same rule."""
    terminal = Terminal()
    logs.configure(stream=terminal)
    logs.logger().info("message.admitted", count=2, body=PAYLOAD)
    assert "message.admitted" in terminal.getvalue()
    assert not terminal.getvalue().startswith("{")
    assert PAYLOAD not in terminal.getvalue()


def test_what_strangers_can_repeat_is_one_line_a_minute(stream: io.StringIO, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of failures that are alike the first of a minute is a line, and the next one says how many there were between;
    one of another kind is not held back, nor is what only the hub itself can cause. Libraries' lines likewise."""
    minute = [1000.0]
    monkeypatch.setattr("time.monotonic", lambda: minute[0])
    logs.configure(stream=stream)
    library = logging.getLogger("some.library")
    for at in (1000.0, 1059.0, 1061.0):
        minute[0] = at
        for _ in range(3):
            logs.logger().error("api.failed", error="KeyError", where="a.py:1", request_id="r")
            library.error("odd")
    logs.logger().error("api.failed", error="ValueError", where="a.py:1")
    for _ in range(2):
        logs.logger().error("stage.halted", code="AMANA-BRAKE-001")
    found = [(line["event"], line.get("error"), line.get("count")) for line in lines(stream)]
    assert found == [
        ("api.failed", "KeyError", None),
        ("library.message", None, None),
        ("api.failed", "KeyError", 5),
        ("library.message", None, None),
        ("api.failed", "ValueError", None),
        ("stage.halted", None, None),
        ("stage.halted", None, None),
    ]
