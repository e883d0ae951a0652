"""Key files on a real disk."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from signing import keyfiles, keys
from signing.errors import SigningError


def refusal(path: Path) -> str:
    with pytest.raises(SigningError) as caught:
        keyfiles.read_private(path)
    assert caught.value.kind == "key-format"
    return caught.value.detail


def test_write_private_makes_a_file_for_its_owner(tmp_path: Path) -> None:
    """Content as given, mode 0600 whatever the umask, and nothing else left in the directory."""
    path = tmp_path / "a.key"
    old = os.umask(0o777)
    try:
        keyfiles.write_private(path, b"content")
    finally:
        os.umask(old)
    assert keyfiles.read_private(path) == b"content"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == ["a.key"]


def test_write_private_never_overwrites(tmp_path: Path) -> None:
    """A name that is taken stays as it is, be it a file or a link."""
    path = tmp_path / "a.key"
    keyfiles.write_private(path, b"first")
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    for taken in (path, tmp_path / "link"):
        with pytest.raises(FileExistsError):
            keyfiles.write_private(taken, b"second")
    assert keyfiles.read_private(path) == b"first"
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["a.key", "link"]


def test_bytes_are_on_the_disk_before_the_name_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The file is synced before its name appears, and the directory after."""
    path = tmp_path / "a.key"
    seen: list[tuple[str, bool]] = []
    sync = os.fsync

    def recorded(handle: int) -> None:
        kind = "directory" if stat.S_ISDIR(os.fstat(handle).st_mode) else "file"
        seen.append((kind, path.exists()))
        sync(handle)

    monkeypatch.setattr(os, "fsync", recorded)
    keyfiles.write_private(path, b"content")
    assert seen == [("file", False), ("directory", True)]


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o660, 0o700, 0o777, 0o620])
def test_file_open_to_others_is_refused(tmp_path: Path, mode: int) -> None:
    """A key that others may read, write or run is not used."""
    path = tmp_path / "a.key"
    keyfiles.write_private(path, b"content")
    path.chmod(mode)
    assert refusal(path) == f"a.key: mode is {mode:04o}, 0600 expected"


def test_read_only_key_is_taken(tmp_path: Path) -> None:
    """Mode 0400 is as good as 0600."""
    path = tmp_path / "a.key"
    keyfiles.write_private(path, b"content")
    path.chmod(0o400)
    assert keyfiles.read_private(path) == b"content"


def test_what_is_no_key_file_is_refused(tmp_path: Path) -> None:
    """Missing, a directory, a pipe, too large: each is "key-format", and a pipe does not block."""
    os.mkfifo(tmp_path / "pipe", 0o600)
    keyfiles.write_private(tmp_path / "large", b"x" * 70_000)
    assert refusal(tmp_path / "missing") == "missing: No such file or directory"
    assert "not a regular file" in refusal(tmp_path)
    assert refusal(tmp_path / "pipe") == "pipe: not a regular file"
    assert refusal(tmp_path / "large") == "large: too large for a key"


def test_signing_keys_round_trip(tmp_path: Path) -> None:
    """A signing key comes back from its file."""
    key = keys.generate("secp384r1")
    keyfiles.write_key(tmp_path / "a.pem", key)
    assert keyfiles.read_key(tmp_path / "a.pem").public == key.public


def test_damaged_signing_key_is_named_not_quoted(tmp_path: Path) -> None:
    """The error of a damaged key names its file and shows none of its content."""
    keyfiles.write_private(tmp_path / "a.pem", b"-----BEGIN PRIVATE KEY-----\nvisible\n-----END PRIVATE KEY-----\n")
    with pytest.raises(SigningError) as caught:
        keyfiles.read_key(tmp_path / "a.pem")
    assert "a.pem" in str(caught.value)
    assert "visible" not in str(caught.value)


def test_secret_keys_round_trip(tmp_path: Path) -> None:
    """A raw key comes back from its file, and a file of another size is refused."""
    key = keyfiles.new_secret_key(tmp_path / "a.key")
    assert (len(key), keyfiles.read_secret_key(tmp_path / "a.key")) == (32, key)
    keyfiles.write_private(tmp_path / "short.key", b"x" * 31)
    with pytest.raises(SigningError, match=r"short.key: 31 bytes, 32 expected"):
        keyfiles.read_secret_key(tmp_path / "short.key")
