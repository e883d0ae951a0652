"""TLS contexts from files: what the hub shows and trusts, as a server, as a caller, and in its own clients.

Rule: TLS 1.2 is the least, a name is always checked, and a key is read only while nobody else may read it. A file that is
not usable is `ConfigError` AMANA-CONF-007, which names the setting and what was expected, never what is in the file.
"""

from __future__ import annotations

import os
import ssl
import stat
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from hub.errors import ConfigError
from hub.logs import logger

if TYPE_CHECKING:
    from hub.settings import Settings

PROTOCOL: Final = ["http/1.1"]
PRIVATE: Final = frozenset({0o600, 0o400})
MAX_FILE: Final = 8 << 20

log = logger()


class Renewed:
    """A context that follows its files: asked for one, it looks whether they have changed, and reads them again. What
    does not fit together (a renewal that is half done) is logged, and the context in force stays."""

    def __init__(self, make: Callable[[], ssl.SSLContext], files: Sequence[Path]) -> None:
        self._make = make
        self._files = tuple(files)
        self._seen = self._look()
        self._context = make()

    def context(self) -> ssl.SSLContext:
        found = self._look()
        if found != self._seen:
            self._seen = found
            try:
                self._context = self._make()
                log.info("tls.renewed")
            except ConfigError as error:
                log.warning("tls.unusable", code=error.code, detail=error.detail)
        return self._context

    def _look(self) -> list[tuple[int, int, int] | None]:
        return [_state(path) for path in self._files]


def outbound(settings: Settings) -> Renewed:
    """For what the hub calls."""
    files = (settings.outbound_ca, settings.outbound_certificate, settings.outbound_key)
    ca, certificate, key = files
    if (certificate is None) != (key is None):
        raise _unusable("AMANA_OUTBOUND_CERTIFICATE and AMANA_OUTBOUND_KEY", "both or neither")
    names = ("AMANA_OUTBOUND_CA", "AMANA_OUTBOUND_CERTIFICATE", "AMANA_OUTBOUND_KEY")
    return Renewed(lambda: client_context(ca, certificate, key, names), [path for path in files if path is not None])


def inbound(settings: Settings) -> Renewed | None:
    """For who calls the hub; None: it serves without TLS."""
    certificate, key, client_ca = settings.tls_certificate, settings.tls_key, settings.tls_client_ca
    if certificate is None or key is None:
        if certificate is not None or key is not None or client_ca is not None:
            raise _unusable("AMANA_TLS_CERTIFICATE and AMANA_TLS_KEY", "both, or no setting for TLS at all")
        return None
    files = [certificate, key, *([client_ca] if client_ca else [])]
    return Renewed(lambda: server_context(certificate, key, client_ca), files)


def client_context(
    ca: Path | None, certificate: Path | None, key: Path | None, names: tuple[str, str, str]
) -> ssl.SSLContext:
    """`ca` None: the authorities that the system trusts. `key` None: it stands in the certificate's file. `names`: what the
    three are called towards people."""
    context = ssl.create_default_context()
    if ca is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        _trust(context, ca, names[0])
    if certificate is not None:
        _show(context, certificate, key or certificate, names[1:])
    return _strict(context)


def trust(ca: Path | None, certificate: Path | None) -> ssl.SSLContext:
    """For the hub's own clients, towards a hub. `certificate`: with its key in the same file."""
    return client_context(ca, certificate, None, ("--ca", "--client-certificate", "--client-certificate"))


def trouble(error: BaseException) -> str | None:
    """What TLS had against an exchange that failed, in words for whoever uses a client; None: it was something else."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"its certificate is not believed ({cause.verify_message}); name its authority with --ca"
        if isinstance(cause, ssl.SSLError) and "CERTIFICATE" in (cause.reason or ""):
            return "it wants a certificate of an authority that it trusts; show one with --client-certificate"
        cause = cause.__cause__ or cause.__context__
    return None


def complaint(error: BaseException) -> str | None:
    """What TLS had against a call of the hub, in words for its operator; None: it was something else."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"the certificate is not believed: {cause.verify_message}"
        if isinstance(cause, ssl.SSLError) and not isinstance(cause, ssl.SSLWantReadError | ssl.SSLWantWriteError):
            return (cause.reason or "no common ground").replace("_", " ").lower()
        cause = cause.__cause__ or cause.__context__
    return None


def server_context(certificate: Path, key: Path, client_ca: Path | None) -> ssl.SSLContext:
    """With `client_ca`, whoever has no certificate of it gets no connection."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    _show(context, certificate, key, ("AMANA_TLS_CERTIFICATE", "AMANA_TLS_KEY"))
    if client_ca is not None:
        _trust(context, client_ca, "AMANA_TLS_CLIENT_CA")
        context.verify_mode = ssl.CERT_REQUIRED
    return _strict(context)


def valid_until(path: Path, name: str) -> int:
    """Unix seconds at which the first certificate of a file ends."""
    from cryptography import x509

    try:
        first = x509.load_pem_x509_certificates(_read(path, name))[0]
    except ValueError:
        raise _unusable(name, "certificates in PEM expected, the hub's own first") from None
    return int(first.not_valid_after_utc.timestamp())


def _strict(context: ssl.SSLContext) -> ssl.SSLContext:
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION
    context.set_alpn_protocols(PROTOCOL)
    return context


def _trust(context: ssl.SSLContext, path: Path, name: str) -> None:
    try:
        context.load_verify_locations(cadata=_read(path, name).decode("ascii", "ignore"))
    except (ssl.SSLError, ValueError):
        raise _unusable(name, "certificates of authorities in PEM expected") from None


def _show(context: ssl.SSLContext, certificate: Path, key: Path, names: Sequence[str]) -> None:
    valid_until(certificate, names[0])
    _check_key(_read(key, names[1], private=True), names[1])
    try:
        # asked for a passphrase, OpenSSL would wait for somebody at the terminal
        context.load_cert_chain(certificate, key, password=lambda: b"")
    except ssl.SSLError as error:
        expected = "the key of the certificate expected" if error.reason == "KEY_VALUES_MISMATCH" else "not taken"
        raise _unusable(names[1], expected) from None
    except OSError as error:
        raise _unusable(names[1], error.strerror or "not readable") from None


def _check_key(content: bytes, name: str) -> None:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    try:
        load_pem_private_key(content, None)
    except TypeError:
        raise _unusable(name, "a key without passphrase expected") from None
    except (ValueError, UnsupportedAlgorithm):
        raise _unusable(name, "a private key in PEM expected") from None


def _read(path: Path, name: str, *, private: bool = False) -> bytes:
    try:
        # a pipe would wait for its other end
        with os.fdopen(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb") as file:
            state = os.fstat(file.fileno())
            if not stat.S_ISREG(state.st_mode):
                raise _unusable(name, "a file expected")
            mode = stat.S_IMODE(state.st_mode)
            if private and mode not in PRIVATE:
                raise _unusable(name, f"mode is {mode:04o}, 0600 expected")
            return file.read(MAX_FILE)
    except OSError as error:
        raise _unusable(name, f"{error.strerror}; a readable file expected") from None


def _state(path: Path) -> tuple[int, int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


def _unusable(name: str, expected: str) -> ConfigError:
    return ConfigError("AMANA-CONF-007", f"{name}: {expected}")
