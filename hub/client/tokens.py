"""Where a client keeps its access token: in memory, or in a file between invocations.

Rule: a token is never used in its last `MARGIN_MS`, and is dropped as soon as the hub refuses it. The file is readable by
its owner only, and its name holds a digest of address and client id, never a secret. A cache that cannot be read or
written is as good as empty: it costs one request, never a failure.
"""

from __future__ import annotations

import hashlib
import os
import stat
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_hex
from typing import Final, Protocol

from hub.records import Ms
from signing import jsontext

MARGIN_MS: Final = 30_000
_MAX_BYTES: Final = 8192


@dataclass(frozen=True, slots=True)
class Token:
    """`until`: up to when it may be used, the margin taken off (ms since 1970)."""

    text: str = field(repr=False)
    until: Ms


class Tokens(Protocol):
    """Keeps one token for one system at one hub. Called under the sender's lock."""

    def get(self, now: Ms) -> Token | None:
        """The token, if it may still be used."""

    def put(self, token: Token) -> None: ...

    def drop(self) -> None:
        """Forget it: the hub refused it."""


class MemoryTokens:
    """For as long as the program runs."""

    def __init__(self) -> None:
        self._token: Token | None = None

    def get(self, now: Ms) -> Token | None:
        return self._token if self._token is not None and now < self._token.until else None

    def put(self, token: Token) -> None:
        self._token = token

    def drop(self) -> None:
        self._token = None


class FileTokens:
    """A file of mode 0600 in a directory of mode 0700."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._here = MemoryTokens()  # what the disk does not keep serves this program at least

    @property
    def path(self) -> Path:
        return self._path

    def get(self, now: Ms) -> Token | None:
        return self._here.get(now) or self._read(now)

    def _read(self, now: Ms) -> Token | None:
        try:
            handle = os.open(self._path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        except OSError:
            return None
        with os.fdopen(handle, "rb") as file:
            state = os.fstat(handle)
            if not stat.S_ISREG(state.st_mode) or stat.S_IMODE(state.st_mode) & 0o077 or state.st_uid != os.getuid():
                return None  # somebody else may have put it there
            content = file.read(_MAX_BYTES)
        try:
            kept = jsontext.parse(content)
            text, until = kept["token"], kept["until"]
        except (ValueError, KeyError, TypeError):
            return None
        if not isinstance(text, str) or not isinstance(until, int) or now >= until:
            return None
        return Token(text, Ms(until))

    def put(self, token: Token) -> None:
        self._here.put(token)
        partial = self._path.with_name(f".{self._path.name}.{token_hex(8)}")
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
            with os.fdopen(handle, "wb") as file:
                file.write(jsontext.render({"token": token.text, "until": token.until}))
            partial.replace(self._path)
        except OSError:
            _remove(partial)

    def drop(self) -> None:
        self._here.drop()
        _remove(self._path)


def _remove(path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
    except OSError:
        pass


def cache_file(url: str, client_id: str) -> Path:
    """Where the token of a system at a hub is kept: below `XDG_CACHE_HOME`, else `~/.cache`."""
    base = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    name = hashlib.sha256(f"{url.rstrip('/')}\0{client_id}".encode()).hexdigest()[:40]
    return base / "amana" / "tokens" / f"{name}.json"
