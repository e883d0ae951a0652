"""The hub's key files and the keyed hash of subjects."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from hub import keys
from hub.errors import ConfigError, Halt


def code_of(error: pytest.ExceptionInfo[ConfigError]) -> str:
    return error.value.code


def test_load_gives_what_create_made(tmp_path: Path) -> None:
    """A hub comes back with the keys it was made with."""
    made = keys.create(tmp_path / "data" / "keys")
    loaded = keys.load(tmp_path / "data" / "keys")
    assert loaded.signing.public == made.signing.public
    assert (loaded.hmac, loaded.token) == (made.hmac, made.token)
    assert loaded.wrapper.unwrap(made.wrapper.wrap(b"s" * 32, b"id"), b"id") == b"s" * 32


def test_every_key_is_its_own(tmp_path: Path) -> None:
    """No key of a hub equals another, of this or of a second hub."""
    one, two = keys.create(tmp_path / "one" / "keys"), keys.create(tmp_path / "two" / "keys")
    assert len({one.hmac, one.token, two.hmac, two.token}) == 4
    assert one.signing.public != two.signing.public


def test_files_are_for_the_owner_only(tmp_path: Path) -> None:
    """Directories have mode 0700, files 0600, and nothing half-made is left beside them."""
    keys.create(tmp_path / "keys")
    keys.create_operator(tmp_path / "keys", "first")
    actual = {
        str(path.relative_to(tmp_path)): oct(stat.S_IMODE(path.stat().st_mode)) for path in sorted(tmp_path.rglob("*"))
    }
    assert actual == {
        "keys": "0o700",
        "keys/hmac.key": "0o600",
        "keys/hub.pem": "0o600",
        "keys/operators": "0o700",
        "keys/operators/first.pem": "0o600",
        "keys/token.key": "0o600",
        "keys/wrap.key": "0o600",
    }


def test_keys_are_never_made_twice(tmp_path: Path) -> None:
    """Where keys lie, or some of them, none are made: new ones would lock away what the old ones sealed."""
    made = keys.create(tmp_path / "keys")
    (tmp_path / "keys" / "wrap.key").unlink()
    with pytest.raises(ConfigError) as caught:
        keys.create(tmp_path / "keys")
    assert code_of(caught) == "AMANA-CONF-005"
    assert (tmp_path / "keys" / "hmac.key").read_bytes() == made.hmac
    assert not (tmp_path / "keys" / "wrap.key").exists()


def test_failed_creation_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When a key cannot be written no key directory appears, and no private key is left lying about."""

    def full(path: Path, size: int = 32) -> bytes:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("signing.keyfiles.new_secret_key", full)
    with pytest.raises(ConfigError, match="No space left"):
        keys.create(tmp_path / "keys")
    assert list(tmp_path.iterdir()) == []
    assert keys.exists(tmp_path / "keys") is False


@pytest.mark.parametrize("name", ["hub.pem", "wrap.key", "hmac.key", "token.key"])
def test_bad_key_file_refuses_the_start(tmp_path: Path, name: str) -> None:
    """A missing, damaged or readable key file is a configuration error that names the file and quotes none of it."""
    keys.create(tmp_path / "keys")
    path = tmp_path / "keys" / name
    path.chmod(0o640)
    with pytest.raises(ConfigError, match=f"{name}: mode is 0640") as readable:
        keys.load(tmp_path / "keys")
    path.chmod(0o600)
    path.write_bytes(b"damaged-content")
    with pytest.raises(ConfigError, match=name) as damaged:
        keys.load(tmp_path / "keys")
    path.unlink()
    with pytest.raises(ConfigError, match=f"{name}: No such file") as missing:
        keys.load(tmp_path / "keys")
    assert {code_of(readable), code_of(damaged), code_of(missing)} == {"AMANA-CONF-004"}
    assert "damaged-content" not in str(damaged.value)


def test_repr_shows_no_key(tmp_path: Path) -> None:
    """`repr` of the hub's keys holds its public key id and nothing secret."""
    made = keys.create(tmp_path / "keys")
    shown = repr(made)
    assert shown == f"HubKeys(signing=PrivateKey(secp256r1, {made.signing.public.key_id[:16]}))"
    assert repr(made.wrapper) == "FileKeyWrapper(...)"


def test_wrong_wrapping_key_halts(tmp_path: Path) -> None:
    """A secret that does not open is `Halt`: it must never look like an erased message."""
    one, two = keys.create(tmp_path / "one" / "keys"), keys.create(tmp_path / "two" / "keys")
    with pytest.raises(Halt, match="AMANA-SEAL-001"):
        two.wrapper.unwrap(one.wrapper.wrap(b"s" * 32, b"id"), b"id")


def test_operator_keys_round_trip(tmp_path: Path) -> None:
    """An operator's key is made once under its name and comes back."""
    keys.create(tmp_path / "keys")
    made = keys.create_operator(tmp_path / "keys", "budi.2")
    assert keys.load_operator(keys.operator_file(tmp_path / "keys", "budi.2")).public == made.public
    with pytest.raises(ConfigError, match="exists already"):
        keys.create_operator(tmp_path / "keys", "budi.2")


@pytest.mark.parametrize("name", ["", "../x", "a/b", ".hidden", "A", "a\x00", "x" * 65])
def test_operator_names_stay_in_their_directory(tmp_path: Path, name: str) -> None:
    """A name that is no plain file name makes no file anywhere."""
    keys.create(tmp_path / "keys")
    with pytest.raises(ConfigError, match="name"):
        keys.create_operator(tmp_path / "keys", name)


def test_subject_key_is_pinned() -> None:
    """The hash of a subject is fixed for ever: keys of the log and of the index are made of it."""
    actual = keys.subject_key(bytes(32), "employee", "199001012015011001").hex()
    assert actual == "3a311e1c994dc515dd0f063a303ff762"


def test_subject_key_keeps_parts_apart() -> None:
    """Parts do not run into each other, and another hub's key gives another hash."""
    parts = [("pin", "ab", "c"), ("pin", "a", "bc"), ("pin", "abc"), ("pin", "abc", ""), ("pinabc",)]
    made = {keys.subject_key(bytes(32), *each) for each in parts}
    made.add(keys.subject_key(bytes(31) + b"\x01", *parts[0]))
    assert (len(made), {len(each) for each in made}) == (len(parts) + 1, {16})


def test_rows_have_keys_of_their_own() -> None:
    """Parts do not run into each other nor into what rows share, a row's key is the same among others and alone, and another
    hub's key gives others."""
    rows = [("1", "2026-10-01 07:00:00", "0"), ("1", "é"), ("1é",), ("",), (), ("x" * 300,), ("x" * 299, "x")]
    made = keys.row_keys(bytes(32), ("gate", "ATT"), rows)
    assert [keys.row_keys(bytes(32), ("gate", "ATT"), [row]) for row in rows] == [[key] for key in made]
    others = keys.row_keys(bytes(31) + b"\x01", ("gate", "ATT"), rows) + keys.row_keys(bytes(32), ("gateA", "TT"), rows)
    assert len({*made, *others}) == 3 * len(rows)
    assert made[0].hex() == "3e28145858a6dad224c63c9a30e0a505"
