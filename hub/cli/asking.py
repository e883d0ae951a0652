"""What an applicant has on its own machine: a key, a client secret, the signed request; each in a file of its own.

Rule: key and secret have mode 0600 and are never written over; the request is kept as sent, so that a lost answer is asked
for again with the same bytes.

    OUT/  <system>.pem   <system>.pub.pem   <system>.secret   <system>.join.json
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hub.cli.failures import CONFIGURATION, USAGE, CommandError


@dataclass(frozen=True, slots=True)
class Asking:
    """A request and its files. `fresh`: those that were made for it just now."""

    envelope: bytes
    key_id: str
    files: Mapping[str, Path]
    fresh: tuple[Path, ...] = ()

    def forget(self) -> None:
        """The files of a request that was refused, so that a corrected one can be made."""
        for path in self.fresh:
            path.unlink(missing_ok=True)


def request_file(out: Path, system: str) -> Path:
    return out / f"{system}.join.json"


def kept(file: Path) -> Asking:
    """The request that was made before. Raises `CommandError` when it does not read."""
    from hub.errors import BadMessage
    from hub.joining.request import read_request

    try:
        asked = read_request(file.read_bytes())
    except BadMessage as error:
        raise CommandError(
            f"{file} is no join request ({error.code})", "remove it, and ask anew", status=CONFIGURATION
        ) from error
    return Asking(asked.envelope, asked.key.key_id, {"requestFile": file})


def made(out: Path, system: str, members: dict[str, Any], key_file: Path | None, curve: str) -> Asking:
    """A new request, its files on the disk before anything is sent."""
    from hub.cli.operator_key import make_key, read_private_key
    from hub.clock import SystemClock
    from hub.errors import BadMessage
    from hub.joining.request import read_request, sign_request
    from signing.errors import SigningError
    from signing.keyfiles import read_key, write_private

    if Path(system).name != system or system.startswith("."):
        raise CommandError("the code of a system is no path", "use letters, digits, dots and hyphens", status=USAGE)
    out.mkdir(parents=True, exist_ok=True)
    fresh: list[Path] = []
    try:
        if key_file is None:
            pair = make_key(out / f"{system}.pem", curve)
            fresh += [pair.file, pair.file.with_suffix(".pub.pem")]
            private, key_file = read_key(pair.file), pair.file
        else:
            private = read_private_key(key_file)
        secret = secrets.token_urlsafe(32)
        secret_file = out / f"{system}.secret"
        try:
            write_private(secret_file, secret.encode() + b"\n")
        except FileExistsError as error:
            raise CommandError(f"{secret_file} exists already", "choose another --out: it may be in use") from error
        fresh.append(secret_file)
        try:
            body = sign_request(private, secret, members, SystemClock().now())
            asked = read_request(body)  # what the hub would say of its form is said here first
        except SigningError as error:
            raise CommandError(
                f"the request cannot be signed ({error.detail})", "use plain text", status=USAGE
            ) from error
        except BadMessage as error:
            raise CommandError(error.detail or error.spec.happened, "correct the option", status=USAGE) from error
        file = request_file(out, system)
        write_private(file, body)
        fresh.append(file)
    except BaseException:
        for path in fresh:
            path.unlink(missing_ok=True)
        raise
    files = {"privateKeyFile": key_file, "clientSecretFile": secret_file, "requestFile": file}
    return Asking(body, asked.key.key_id, files, tuple(fresh))
