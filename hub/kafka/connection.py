"""How a process reaches Kafka: from the settings to what aiokafka and FastStream ask for.

Rule: a password shows in no `repr` and no text; what is not usable stops the start with `ConfigError`, which names the setting.
"""

from __future__ import annotations

import ssl
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from hub import tls
from hub.errors import ConfigError
from hub.kafka.names import Names
from hub.settings import Settings

SCHEME: Final = "kafka://"
MECHANISM: Final = "SCRAM-SHA-512"
MAX_MESSAGE: Final = 72 << 20
"""Bytes of the largest batch: a message with all that may be uploaded beside it, below the 100 MiB of a broker's request."""
ENVELOPE: Final = 1 << 20
_PROTOCOLS: Final = {
    "plaintext": "PLAINTEXT",
    "tls": "SSL",
    "sasl-plaintext": "SASL_PLAINTEXT",
    "sasl-tls": "SASL_SSL",
}


@dataclass(frozen=True, slots=True)
class Connection:
    """Servers, names, proof of who the hub is, and what its topics are to be like."""

    servers: tuple[str, ...]
    names: Names = field(default_factory=Names)
    protocol: str = "PLAINTEXT"
    context: ssl.SSLContext | None = field(default=None, repr=False)
    user: str = ""
    password: str = field(default="", repr=False)
    replication: int = 3
    min_insync: int = 2
    retention_days: int = 0
    subscriber_days: int = 7

    def client_options(self) -> dict[str, Any]:
        """Arguments of every client of aiokafka."""
        options: dict[str, Any] = {
            "bootstrap_servers": list(self.servers),
            "security_protocol": self.protocol,
            "ssl_context": self.context,
        }
        if self.protocol.startswith("SASL"):
            options |= {
                "sasl_mechanism": MECHANISM,
                "sasl_plain_username": self.user,
                "sasl_plain_password": self.password,
            }
        return options

    def broker_options(self) -> dict[str, Any]:
        """Arguments of FastStream's `KafkaBroker`."""
        from faststream.security import BaseSecurity, SASLScram512

        use_ssl = self.context is not None
        security: BaseSecurity | None = None
        if self.protocol.startswith("SASL"):
            security = SASLScram512(self.user, self.password, ssl_context=self.context, use_ssl=use_ssl)
        elif use_ssl:
            security = BaseSecurity(ssl_context=self.context, use_ssl=True)
        return {"bootstrap_servers": list(self.servers), "security": security}


def connection_of(settings: Settings) -> Connection:
    """What the settings say. Raises `ConfigError` (AMANA-CONF-001, -007)."""
    secured = settings.kafka_security
    servers, names = _parse_address(settings.bus)
    context = None
    if secured.endswith("tls"):
        files = (settings.kafka_ca, settings.kafka_certificate, settings.kafka_key)
        context = tls.client_context(*files, ("AMANA_KAFKA_CA", "AMANA_KAFKA_CERTIFICATE", "AMANA_KAFKA_KEY"))
    elif settings.kafka_ca or settings.kafka_certificate or settings.kafka_key:
        raise _unusable("AMANA_KAFKA_SECURITY: tls or sasl-tls expected where certificates are given")
    password = settings.kafka_password.get_secret_value()
    if settings.kafka_password_file is not None:
        password = _read_password(settings.kafka_password_file)
    if settings.max_body + settings.max_upload > MAX_MESSAGE - ENVELOPE:
        most = (MAX_MESSAGE - ENVELOPE) >> 20
        raise _unusable(f"AMANA_MAX_BODY and AMANA_MAX_UPLOAD: at most {most} MiB together on Kafka")
    if secured.startswith("sasl") and not (settings.kafka_user and password):
        raise _unusable("AMANA_KAFKA_USER and AMANA_KAFKA_PASSWORD: both expected for sasl")
    return Connection(
        servers=servers,
        names=names,
        protocol=_PROTOCOLS[secured],
        context=context,
        user=settings.kafka_user,
        password=password,
        replication=settings.kafka_replication,
        min_insync=min(settings.kafka_min_insync, settings.kafka_replication),
        retention_days=settings.kafka_retention_days,
        subscriber_days=settings.kafka_subscriber_days,
    )


def _parse_address(address: str) -> tuple[tuple[str, ...], Names]:
    servers, _, prefix = address.removeprefix(SCHEME).partition("/")
    try:
        names = Names(prefix.strip("/"))
    except ValueError as error:
        raise _unusable(f"AMANA_BUS: a prefix of names behind the servers: {error}") from None
    found = tuple(server.strip() for server in servers.split(",") if server.strip())
    if not found or not all(_is_server(server) for server in found):
        raise _unusable("AMANA_BUS: kafka://host:port,host:port/prefix expected, without user or password")
    return found, names


def _is_server(text: str) -> bool:
    try:
        parts = urlsplit(f"//{text}")
        return bool(parts.hostname and parts.port) and parts.netloc == text and "@" not in text
    except ValueError:
        return False


def _read_password(path: Path) -> str:
    """The password in a file that nobody else may read; a line's end at its end is none of it."""
    try:
        mode = stat.S_IMODE(path.stat().st_mode)
        text = path.read_text(encoding="utf-8")
    except (OSError, ValueError):
        raise _unusable("AMANA_KAFKA_PASSWORD_FILE: a readable text file expected") from None
    if mode & 0o077:
        raise _unusable(f"AMANA_KAFKA_PASSWORD_FILE: mode is {mode:04o}, 0600 expected")
    return text.rstrip("\r\n")


def _unusable(detail: str) -> ConfigError:
    return ConfigError("AMANA-CONF-001", detail)
