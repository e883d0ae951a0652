"""Which key signs for the operator, and where keys are read from and written to.

Rule: private keys are written once, mode 0600, never over an existing file; only public keys leave this machine.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hub.cli.failures import CONFIGURATION, USAGE, CommandError

if TYPE_CHECKING:
    from signing.keys import PrivateKey, PublicKey

OPERATORS = "operators"


def load_operator_key(named: Path | str | None, keys: Path) -> PrivateKey:
    """The named key file, else the only operator key in the directory of the hub's keys, else its first one."""
    if named:
        return read_private_key(Path(named))
    directory = keys / OPERATORS
    found = sorted(directory.glob("*.pem")) if directory.is_dir() else []
    first = directory / "admin.pem"  # the one that the first start makes
    if first in found:
        return read_private_key(first)
    if len(found) == 1:
        return read_private_key(found[0])
    if not found:
        raise CommandError(
            f"there is no operator key in {directory}",
            "name a key file with --operator (or AMANA_OPERATOR), or start the hub once: it makes the first operator",
            status=CONFIGURATION,
        )
    raise CommandError(
        f"several operator keys lie in {directory}",
        "name the one that signs with --operator (or AMANA_OPERATOR)",
        status=CONFIGURATION,
    )


def read_private_key(path: Path) -> PrivateKey:
    """A private key of mode 0600."""
    from signing.errors import SigningError
    from signing.keyfiles import read_key

    if not path.is_file():
        raise CommandError(f"there is no key file {path}", "check the path", status=CONFIGURATION)
    try:
        return read_key(path)
    except SigningError as error:
        raise CommandError(
            f"the key file {path} cannot be used ({error.detail})",
            "use a private key in PEM, DER or base64, readable by its owner only (chmod 600)",
            status=CONFIGURATION,
        ) from error


def read_public_key(path: Path) -> PublicKey:
    from signing.errors import SigningError
    from signing.keys import load_public

    if not path.is_file():
        raise CommandError(f"there is no key file {path}", "check the path", status=CONFIGURATION)
    try:
        return load_public(path.read_bytes())
    except SigningError as error:
        raise CommandError(
            f"{path} is not a public key ({error.detail})",
            "use a public key in PEM, DER or base64; `openssl pkey -in private.pem -pubout` prints one",
            status=CONFIGURATION,
        ) from error


@dataclass(frozen=True, slots=True)
class MadeKey:
    """A key pair made here: the private half in `file`."""

    public: PublicKey
    file: Path


def make_key(path: Path, curve: str = "secp256r1") -> MadeKey:
    """A new key pair: the private half in `path` (mode 0600, never overwritten), the public one beside it."""
    from signing.errors import SigningError
    from signing.keyfiles import write_key
    from signing.keys import generate

    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        key = generate(curve)
        write_key(path, key)
    except SigningError as error:
        raise CommandError(f"no key of curve {curve}", "choose secp256r1 or secp256k1", status=USAGE) from error
    except FileExistsError as error:
        raise CommandError(f"{path} exists already", "choose another place: a key file is never overwritten") from error
    _public_file(path).write_text(key.public.pem())
    return MadeKey(key.public, path)


@contextmanager
def kept_if_taken(made: MadeKey | None) -> Iterator[None]:
    """Around the change that registers a made key: when the hub refuses it, its files go again, so that the command
    can be repeated. They stay when nobody knows whether the hub took it."""
    from hub.control.client import Refused

    try:
        yield
    except Refused:
        if made is not None:
            made.file.unlink()
            _public_file(made.file).unlink()
        raise


def _public_file(private: Path) -> Path:
    return private.with_suffix(".pub.pem")
