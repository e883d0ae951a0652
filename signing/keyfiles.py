"""The one place of this package that touches a disk: key files, readable by their owner only.

Rule: a key file is written once and whole, or not at all (it appears under its name only when its bytes are on the
disk), and is read only while its mode is 0600 or 0400. Errors name the file, never what is in it.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from secrets import token_bytes, token_hex
from typing import Final

from signing.errors import SigningError
from signing.keys import PrivateKey, load_private

_MODES: Final = frozenset({0o600, 0o400})
_MAX_BYTES: Final = 65_536


def write_private(path: Path, content: bytes) -> None:
    """Make a key file of mode 0600; file and directory are on the disk on return. Raises FileExistsError, and
    changes nothing, when the name is taken; OSError when it cannot be written."""
    partial = path.with_name(f".{path.name}.{token_hex(8)}")
    handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            os.fchmod(file.fileno(), 0o600)  # whatever the umask took away
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        path.hardlink_to(partial)  # unlike a rename, this never replaces
    finally:
        partial.unlink()
    sync_directory(path.parent)


def read_private(path: Path) -> bytes:
    """The content of a key file. Raises "key-format" when it is missing, too large, not a file, or when others may
    read or write it. The mode is that of the file that is read, not of whatever the name points to later."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except OSError as error:
        raise SigningError("key-format", f"{path.name}: {error.strerror}") from None
    try:
        state = os.fstat(handle)
        if not stat.S_ISREG(state.st_mode):
            raise SigningError("key-format", f"{path.name}: not a regular file")
        mode = stat.S_IMODE(state.st_mode)
        if mode not in _MODES:
            raise SigningError("key-format", f"{path.name}: mode is {mode:04o}, 0600 expected")
        with os.fdopen(handle, "rb", closefd=False) as file:
            content = file.read(_MAX_BYTES + 1)
    finally:
        os.close(handle)
    if len(content) > _MAX_BYTES:
        raise SigningError("key-format", f"{path.name}: too large for a key")
    return content


def write_key(path: Path, key: PrivateKey) -> None:
    """`write_private` of a signing key, as PEM."""
    write_private(path, key.pem())


def read_key(path: Path) -> PrivateKey:
    """Inverse of `write_key`; takes every format of `signing.keys.load_private`."""
    content = read_private(path)
    try:
        return load_private(content)
    except SigningError as error:
        raise SigningError("key-format", f"{path.name}: {error.detail}") from None


def new_secret_key(path: Path, size: int = 32) -> bytes:
    """Make a file with a random raw key of `size` bytes, and return the key."""
    key = token_bytes(size)
    write_private(path, key)
    return key


def read_secret_key(path: Path, size: int = 32) -> bytes:
    """A raw key of exactly `size` bytes. Raises "key-format"."""
    key = read_private(path)
    if len(key) != size:
        raise SigningError("key-format", f"{path.name}: {len(key)} bytes, {size} expected")
    return key


def sync_directory(directory: Path) -> None:
    """Put the names in a directory on the disk."""
    handle = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
