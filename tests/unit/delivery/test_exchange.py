"""One exchange as bytes: what is an answer, where it ends, and whether the connection may be used again."""

from __future__ import annotations

import asyncio

import httpcore
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.delivery.exchange import MAX_HEAD, Reply, exchange

LIMIT = 1000


def read(*pieces: bytes, limit: int = LIMIT) -> Reply:
    """The reply to a request when these pieces come, and then the end."""
    return asyncio.run(exchange(httpcore.AsyncMockStream(list(pieces)), b"POST / HTTP/1.1\r\n\r\n", limit))


def answer(*headers: bytes, body: bytes = b"", status: bytes = b"200 OK", version: bytes = b"1.1") -> bytes:
    return b"\r\n".join([b"HTTP/" + version + b" " + status, *headers, b"", body])


@pytest.mark.parametrize(
    ("said", "body", "reusable"),
    [
        (answer(b"Content-Length: 2", body=b"{}"), b"{}", True),
        (answer(b"Content-Length: 0"), b"", True),
        (answer(b"Transfer-Encoding: chunked", body=b"2;x=y\r\n{}\r\n0\r\nTrailer: a\r\n\r\n"), b"{}", True),
        (answer(status=b"204 None"), b"", True),
        (answer(b"Content-Length: 2", b"Connection: close", body=b"{}"), b"{}", False),
        (answer(b"Content-Length: 2", body=b"{}", version=b"1.0"), b"{}", False),
        (answer(b"Content-Length: 9", status=b"304 Not Modified"), b"", False),
        (answer(body=b"{}"), b"{}", False),
        (answer(body=b"{}", version=b"1.0"), b"{}", False),
        (answer(status=b"103 Early Hints") + answer(b"Content-Length: 2", body=b"{}"), b"{}", True),
    ],
)
def test_an_answer_ends_where_http_says(said: bytes, body: bytes, reusable: bool) -> None:
    """By its length, its last chunk, its status or the end of the connection; and only who ended cleanly, and said
    nothing else, is used again."""
    found = read(said)
    assert (found.body, found.large, found.more, found.reusable) == (body, False, False, reusable)


@given(st.data())
def test_how_an_answer_is_cut_changes_nothing(data: st.DataObject) -> None:
    """In whatever pieces it comes, the reply is the same."""
    chunks = b"5\r\nhello\r\n1\r\n!\r\n0\r\n\r\n"
    said = answer(status=b"100 Continue") + answer(
        b"Content-Type: application/json", b"Transfer-Encoding: chunked", body=chunks
    )
    cuts = sorted(data.draw(st.sets(st.integers(1, len(said) - 1), max_size=12)))
    pieces = [said[start:end] for start, end in zip([0, *cuts], [*cuts, len(said)], strict=True)]
    assert read(*pieces) == Reply(200, "application/json", "", b"hello!", large=False, more=False, reusable=True)


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"HTTP/1.1 200",
        b"\x16\x03\x01 nothing of HTTP\r\n\r\n",
        answer(b"Content-Length: 3", body=b"{}"),
        answer(b"Transfer-Encoding: chunked", body=b"2\r\n{}\r\n"),
        answer(b"Transfer-Encoding: chunked", body=b"zz\r\n{}\r\n0\r\n\r\n"),
        answer(b"Transfer-Encoding: chunked", b"Content-Length: 2", body=b"2\r\n{}\r\n0\r\n\r\n"),
        answer(b"Content-Length: 2", b"Transfer-Encoding: chunked", body=b"2\r\n{}\r\n0\r\n\r\n"),
        answer(b"Transfer-Encoding: gzip, chunked", body=b"2\r\n{}\r\n0\r\n\r\n"),
        answer(b"Transfer-Encoding: identity", body=b"{}"),
        answer(b"Content-Length: 2", b"Content-Length: 3", body=b"{}x"),
        answer(b"Content-Length: -2", body=b"{}"),
        answer(b"Content-Length: 2, 2", body=b"{}"),
        answer(b"Content-Length: 2", b"Content-Length: 2", body=b"{}"),
        answer(b"Content-Length : 2", body=b"{}"),
        answer(b"Content-Length: 2", body=b"{}", version=b"2.0"),
        answer(b"Content-Length: 2", body=b"{}", status=b"099 Early"),
        answer(b"Upgrade: x", b"Connection: upgrade", status=b"101 Switching Protocols"),
        answer(status=b"103 Early Hints"),
    ],
)
def test_what_can_be_read_in_two_ways_is_no_answer(said: bytes) -> None:
    """Cut off, two lengths, a coding nobody asked for, another version: refused."""
    with pytest.raises(httpcore.RemoteProtocolError):
        read(said)


@pytest.mark.parametrize("piece", [b"X: " + b"x" * 997 + b"\r\n", b"HTTP/1.1 103 Early Hints\r\n\r\n"])
def test_a_head_without_end_is_read_to_a_bound(piece: bytes) -> None:
    """Of headers, or of interim answers, no more is taken than the bound."""
    stream = httpcore.AsyncMockStream([piece if piece[:1] == b"H" else answer()[:-2]] + [piece] * 3000)
    with pytest.raises(httpcore.RemoteProtocolError, match="does not end"):
        asyncio.run(exchange(stream, b"", LIMIT))
    taken = 3001 - len(stream._buffer)
    assert MAX_HEAD < taken * len(piece) < MAX_HEAD + 3 * len(piece)


@pytest.mark.parametrize(
    "first",
    [
        answer(b"Content-Length: 2", body=b"{}"),
        answer(b"Content-Length: 2", b"Connection: close", body=b"{}"),
        answer(b"Transfer-Encoding: chunked", body=b"2\r\n{}\r\n0\r\n\r\n"),
    ],
)
@pytest.mark.parametrize("second", [answer(b"Content-Length: 5", body=b"other"), b"H", b"\x00"])
def test_what_comes_behind_an_answer_is_seen_and_not_taken(first: bytes, second: bytes) -> None:
    """It neither joins the body nor waits for the next exchange on that connection."""
    found = read(first + second)
    assert (found.body, found.more, found.reusable) == (b"{}", True, False)


def test_reading_stops_at_the_limit_and_at_what_is_compressed() -> None:
    """No more is read than shows that it is too large, or coded; such a connection is not used again."""
    endless = [answer(b"Transfer-Encoding: chunked")] + [b"3e8\r\n" + b"x" * 1000 + b"\r\n"] * 50
    stream = httpcore.AsyncMockStream(list(endless))
    found = asyncio.run(exchange(stream, b"", LIMIT))
    assert (found.large, len(found.body), found.reusable) == (True, 2 * LIMIT, False)
    assert len(stream._buffer) == 48
    coded = [answer(b"Content-Encoding: gzip", b"Content-Length: 900"), b"x" * 900]
    stream = httpcore.AsyncMockStream(coded)
    found = asyncio.run(exchange(stream, b"", LIMIT))
    assert (found.encoding, found.body, found.reusable) == ("gzip", b"", False)
    assert len(stream._buffer) == 1


def test_an_answer_counts_also_when_the_request_could_not_be_written_whole() -> None:
    """Who answers before it has read everything, and hangs up, has answered."""

    class Closed(httpcore.AsyncMockStream):
        async def write(self, buffer: bytes, timeout: float | None = None) -> None:
            raise httpcore.WriteError("BrokenPipeError")

    stream = Closed([answer(b"Content-Length: 2", b"Connection: close", body=b"{}", status=b"413 Too Large")])
    assert asyncio.run(exchange(stream, b"x" * 100, LIMIT)).status == 413
