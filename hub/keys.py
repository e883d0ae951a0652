"""The hub's own keys, as files in one directory (`AMANA_KEYS`, else `<data>/keys/`), and the keyed hash that stands for people in the log.

Rule: all processes of a hub have the same keys. The four keys are made once, together, and never made again beside data that an older key protects. Nothing
here shows a key in its `repr`, and whatever is wrong with a key file is a `ConfigError`.

    keys/ (0700)   hub.pem  wrap.key  hmac.key  token.key  operators/<name>.pem   (each 0600)
"""

from __future__ import annotations

import fcntl
import hashlib
import hmac as hmac_module
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Final, TypeVar

from hub.errors import ConfigError, Halt
from hub.ports import KeyWrapper
from signing import keyfiles, keys
from signing.errors import SigningError
from signing.sealing import LocalKeyWrapper

SIGNING_FILE: Final = "hub.pem"
WRAP_FILE: Final = "wrap.key"
HMAC_FILE: Final = "hmac.key"
TOKEN_FILE: Final = "token.key"
OPERATORS: Final = "operators"

_SUBJECT: Final = b"amana:subject:1:"
_SIZES: Final = [size.to_bytes(4, "big") for size in range(256)]
_T = TypeVar("_T")
_OPERATOR_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


@dataclass(frozen=True, slots=True)
class HubKeys:
    """What the hub signs, wraps, hashes and issues tokens with. Its `repr` shows the public key only."""

    signing: keys.PrivateKey
    wrapper: KeyWrapper = field(repr=False)
    hmac: bytes = field(repr=False)
    token: bytes = field(repr=False)


class FileKeyWrapper:
    """The `KeyWrapper` port over a key from a file: what does not open is `Halt`, never taken for an erasure."""

    __slots__ = ("_local",)

    def __init__(self, key: bytes) -> None:
        self._local = LocalKeyWrapper(key)

    def wrap(self, secret: bytes, context: bytes) -> bytes:
        return self._local.wrap(secret, context)

    def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        try:
            return self._local.unwrap(wrapped, context)
        except SigningError:
            raise Halt("AMANA-SEAL-001", "a kept secret does not open under wrap.key") from None

    def __repr__(self) -> str:
        return "FileKeyWrapper(...)"


def directory(data: Path) -> Path:
    """Where the keys of the hub in `data` lie, unless `AMANA_KEYS` says otherwise."""
    return data / "keys"


def exists(where: Path) -> bool:
    """Whether the hub has its keys."""
    return where.is_dir()


def load(where: Path) -> HubKeys:
    """The keys in the directory `where`. Raises `ConfigError` (AMANA-CONF-004) when one is missing, damaged or readable
    by others."""
    return HubKeys(
        signing=_read(keyfiles.read_key, where / SIGNING_FILE),
        wrapper=FileKeyWrapper(_read(keyfiles.read_secret_key, where / WRAP_FILE)),
        hmac=_read(keyfiles.read_secret_key, where / HMAC_FILE),
        token=_read(keyfiles.read_secret_key, where / TOKEN_FILE),
    )


@contextmanager
def making(where: Path) -> Iterator[None]:
    """Alone, among all processes that would make keys in `where`."""
    try:
        where.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(where.parent / f".{where.name}.lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise ConfigError("AMANA-CONF-005", f"the keys cannot be made: {error.strerror}") from None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def create(where: Path) -> HubKeys:
    """Make the keys of a new hub, all of them or none, on the disk on return. Raises `ConfigError`
    (AMANA-CONF-005) when there are keys already: replacing them would lock away everything sealed so far."""
    if where.exists():
        raise ConfigError("AMANA-CONF-005", "the directory of the keys exists already")
    try:
        where.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(prefix=".keys-", dir=where.parent))  # mode 0700
        try:
            (fresh / OPERATORS).mkdir(mode=0o700)
            keyfiles.write_key(fresh / SIGNING_FILE, keys.generate())
            for name in (WRAP_FILE, HMAC_FILE, TOKEN_FILE):
                keyfiles.new_secret_key(fresh / name)
            fresh.rename(where)  # refused when another process was first: its directory is not empty
        except BaseException:
            shutil.rmtree(fresh)
            raise
        keyfiles.sync_directory(where.parent)
    except OSError as error:
        raise ConfigError("AMANA-CONF-005", f"the keys cannot be made: {error.strerror}") from None
    return load(where)


def operator_file(where: Path, name: str) -> Path:
    """Where the key of a local operator lies. Raises `ConfigError` for a name that is no plain file name."""
    if not _OPERATOR_NAME.fullmatch(name):
        raise ConfigError("AMANA-CONF-001", "an operator's name takes a-z, 0-9, dot, underscore and hyphen")
    return where / OPERATORS / f"{name}.pem"


def create_operator(where: Path, name: str) -> keys.PrivateKey:
    """Make the key of a local operator; on the disk on return. Raises `ConfigError` when the name has one."""
    path = operator_file(where, name)
    key = keys.generate()
    try:
        keyfiles.write_key(path, key)
    except FileExistsError:
        raise ConfigError("AMANA-CONF-004", f"{path.name} exists already") from None
    except OSError as error:
        raise ConfigError("AMANA-CONF-004", f"{path.name}: {error.strerror}") from None
    return key


def load_operator(path: Path) -> keys.PrivateKey:
    """An operator's key from its file. Raises `ConfigError` (AMANA-CONF-004)."""
    return _read(keyfiles.read_key, path)


@lru_cache(maxsize=65_536)
def subject_key(hmac: bytes, *parts: str) -> bytes:
    """16 bytes that stand for a subject ("employee", number) in keys and indexes: HMAC-SHA256 over the parts, each
    preceded by its length, so that no two different tuples share an input. Without the hub's key they tell nothing.
    Kept for the most recent subjects, because a batch names the same people again and again."""
    return hmac_module.digest(hmac, _SUBJECT + _framed(parts), "sha256")[:16]


def row_keys(hmac: bytes, shared: Sequence[str], rows: Iterable[Sequence[str]]) -> list[bytes]:
    """16 bytes that stand for each row of a message, by the parts that tell it from others and those that all of them share:
    keyed BLAKE2b, a seventh of the price of HMAC-SHA256, because a file has a hundred thousand rows that never come again.
    Without the hub's key they tell nothing."""
    begun = hashlib.blake2b(_framed(shared), key=hmac, digest_size=16, person=b"amana-row")
    keys = []
    for parts in rows:
        one = begun.copy()
        one.update(_framed(parts))
        keys.append(one.digest())
    return keys


def _framed(parts: Iterable[str]) -> bytes:
    framed = b""
    for part in parts:
        text = part.encode()
        size = len(text)
        framed += (_SIZES[size] if size < len(_SIZES) else size.to_bytes(4, "big")) + text
    return framed


def _read(reader: Callable[[Path], _T], path: Path) -> _T:
    try:
        return reader(path)
    except SigningError as error:
        raise ConfigError("AMANA-CONF-004", error.detail) from None
