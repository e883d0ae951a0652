"""The kit's directory: the trial hub below `hub/`, and beside it what the connector needs and what came of it.

    trial.json      client id, secret (mode 0600)         connector.pem, connector.pkcs8.b64   its pair, if made here
    hub.pem         the hub's public key                  hub.der.b64                          the same as connectors take it
    provider.pem    the trial provider's key              result.json                          state of the steps

Rule: a directory that the kit did not make is refused: nobody's real hub is ever opened by it.
"""

from __future__ import annotations

import os
from base64 import b64encode
from pathlib import Path
from secrets import token_hex
from typing import Any, Final

from hub.conformance.report import Trial, dump, load
from hub.errors import ConfigError
from signing import jsontext
from signing.errors import SigningError
from signing.keyfiles import read_key, write_key, write_private
from signing.keys import PrivateKey, PublicKey, generate

MARK: Final = "conformance-kit"
HUB: Final = "hub"
CREDENTIALS: Final = "trial.json"
RESULT: Final = "result.json"
CONNECTOR: Final = "connector.pem"
PROVIDER: Final = "provider.pem"


def open_folder(folder: Path) -> Path:
    """The kit's directory, made if it is new. Raises `ConfigError` for one that holds something else."""
    if folder.exists() and not (folder / MARK).is_file() and (not folder.is_dir() or any(folder.iterdir())):
        raise ConfigError("AMANA-CONF-005", "the conformance kit takes a new directory, or one that it made itself")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    (folder / MARK).touch(0o600)
    return folder


def keep_key(path: Path) -> PrivateKey:
    """The key of a file, made if it is not there."""
    if not path.exists():
        write_key(path, generate())
    return read_key(path)


def write_connector_key(folder: Path) -> PublicKey:
    """A pair for the connector: PEM, and base64 of PKCS#8 DER in one line."""
    key = keep_key(folder / CONNECTOR)
    line = b"".join(line for line in key.pem().splitlines() if not line.startswith(b"-----"))
    path = folder / "connector.pkcs8.b64"
    if not path.exists():
        write_private(path, line)
    return key.public


def write_hub_key(folder: Path, key: PublicKey) -> None:
    """The hub's public key in the two spellings that connectors take."""
    (folder / "hub.pem").write_text(key.pem(), "ascii")
    (folder / "hub.der.b64").write_text(b64encode(key.der()).decode(), "ascii")


def write_credentials(folder: Path, credentials: dict[str, Any]) -> None:
    """Client id, secret and what else is needed to start again on this directory."""
    _replace(folder / CREDENTIALS, credentials)


def read_credentials(folder: Path) -> dict[str, Any] | None:
    """Inverse of `write_credentials`; None on a new directory."""
    value = _read(folder / CREDENTIALS)
    return value if isinstance(value, dict) else None


def write_result(folder: Path, trial: Trial) -> None:
    """Keep the state of the steps."""
    _replace(folder / RESULT, dump(trial))


def read_result(folder: Path) -> Trial | None:
    """Inverse of `write_result`; None when no trial was begun here, or by another version."""
    value = _read(folder / RESULT)
    try:
        return load(value) if isinstance(value, dict) else None
    except (ValueError, KeyError, TypeError):
        return None


def _replace(path: Path, value: dict[str, Any]) -> None:
    partial = path.with_name(f".{path.name}.{token_hex(8)}")
    handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(jsontext.render(value))
    partial.replace(path)


def _read(path: Path) -> Any:
    try:
        return jsontext.parse(path.read_bytes())
    except (OSError, SigningError):
        return None
