"""Settings: one frozen object, from the command line, `AMANA_*` variables and `amana.toml` in the data directory.

Rule: earlier wins in that order. A value that is not usable stops the start with `ConfigError` naming the setting,
never its value: a database address holds a password. Passwords show in no `repr` and not in `describe`.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Mapping
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Annotated, Any, Final, Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
    TomlConfigSettingsSource,
)

from hub.errors import ConfigError
from hub.topics import DEFAULT_PARTITIONS

PREFIX: Final = "AMANA_"
FILE: Final = "amana.toml"
DEFAULT_DATA: Final = Path("amana-data")
MASK: Final = "***"

_FILES = (
    "operator",
    "tls_certificate",
    "tls_key",
    "tls_client_ca",
    "outbound_ca",
    "outbound_certificate",
    "outbound_key",
    "kafka_ca",
    "kafka_certificate",
    "kafka_key",
    "kafka_password_file",
    "folders",
    "folders_out",
    "credentials",
)
_HOST = re.compile(r"[a-z0-9]([a-z0-9.:_-]*[a-z0-9])?")


class Settings(BaseSettings):
    """Effective settings. Make them with `load`."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid", hide_input_in_errors=True)

    data: Path = Field(default=DEFAULT_DATA, description="Directory of keys and SQLite files; absolute once loaded")
    bus: str = Field(
        default_factory=lambda values: f"sqlite:///{values['data']}/bus.db",
        repr=False,
        description="Address of the log",
    )
    store: str = Field(
        default_factory=lambda values: f"sqlite:///{values['data']}/store.db",
        repr=False,
        description="Address of directory, state and index",
    )
    keys: Path = Field(
        default_factory=lambda values: values["data"] / "keys",
        description="Directory of the hub's keys, the same for all its processes",
    )
    operator: Path | None = Field(default=None, description="Key file that signs changing commands")
    host: str = Field(default="127.0.0.1", min_length=1, description="Address to listen on")
    port: int = Field(default=8460, ge=0, le=65_535, description="Port to listen on; 0 takes any free one")
    worker_port: int | None = Field(
        default=None,
        ge=0,
        le=65_535,
        description="Port of /readyz and /metrics of a worker without a gateway; empty: none",
    )
    partitions: int = Field(default=DEFAULT_PARTITIONS, ge=1, le=1024, description="Partitions of new topics")
    max_body: int = Field(default=1_048_576, ge=1024, le=1 << 30, description="Largest message taken, bytes")
    tls_certificate: Path | None = Field(default=None, description="Certificate chain that the hub shows, PEM")
    tls_key: Path | None = Field(default=None, description="Its key, PEM without passphrase, mode 0600")
    tls_client_ca: Path | None = Field(
        default=None, description="Authorities of callers' certificates, PEM; set: who shows none is not let in"
    )
    max_upload: int = Field(
        default=64 << 20, ge=1 << 20, le=256 << 20, description="Largest body that may be uploaded, bytes"
    )
    upload_quota: int = Field(
        default=512 << 20, ge=1 << 20, description="Bytes that one system may have uploaded and not claimed yet"
    )
    token_seconds: int = Field(default=3600, ge=1, le=3600, description="Life of an access token")
    trusted_proxies: Annotated[list[str], NoDecode] = Field(
        default=[], description="Networks of proxies whose X-Forwarded-For is believed, comma-separated"
    )
    metrics_networks: Annotated[list[str], NoDecode] = Field(
        default=[], description="Networks that may read /metrics beside this machine, comma-separated"
    )
    join_requests: int = Field(
        default=500, ge=0, le=100_000, description="Join requests that may wait at once; 0: nobody can ask"
    )
    registry_max_schema: int = Field(
        default=262_144, ge=1024, le=1_000_000, description="Largest schema that the registry takes, bytes"
    )
    registry_writers: Annotated[list[str], NoDecode] = Field(
        default=[],
        description="Systems that may write every foreign subject of the registry, comma-separated codes; others write "
        "those of their institution",
    )
    outbound_hosts: Annotated[list[str], NoDecode] = Field(
        default=[], description="Hosts that the hub may call, comma-separated; a leading dot takes all below"
    )
    outbound_private: bool = Field(default=False, description="Whether hosts in private networks may be called")
    outbound_ca: Path | None = Field(
        default=None, description="Authorities trusted for https, PEM; empty: those that the system trusts"
    )
    outbound_certificate: Path | None = Field(
        default=None, description="Certificate chain shown to systems that ask for one, PEM"
    )
    outbound_key: Path | None = Field(default=None, description="Its key, PEM without passphrase, mode 0600")
    max_answer: int = Field(default=1_048_576, ge=1024, le=1 << 30, description="Largest answer taken, bytes")
    unsafe_allow_draft_rules: bool = Field(default=False, description="Whether rule sets marked as draft may pay")
    delivery_timeout: float = Field(default=10, gt=0, le=300, description="Seconds for one delivery call")
    worker_memory: int = Field(
        default=8 << 30, ge=0, description="Address space of the worker process, bytes; 0: no limit"
    )
    message_seconds: float = Field(
        default=60, ge=0, le=3600, description="Seconds that an adapter may take for one message; 0: no limit"
    )
    kafka_replication: int = Field(default=3, ge=1, le=15, description="Copies of each partition of new Kafka topics")
    kafka_min_insync: int = Field(
        default=2, ge=1, le=15, description="Copies that must have a record before it is stored; never above all copies"
    )
    kafka_retention_days: int = Field(
        default=0, ge=0, le=36_500, description="Days that Kafka keeps records; 0: for ever"
    )
    kafka_subscriber_days: int = Field(
        default=7,
        ge=1,
        le=366,
        description="Days for which a topic that a subscriber reads itself keeps its records, in clear",
    )
    kafka_session: float = Field(
        default=10, ge=1, le=300, description="Seconds without a sign of life after which others do a worker's work"
    )
    kafka_security: Literal["plaintext", "tls", "sasl-plaintext", "sasl-tls"] = Field(
        default="plaintext", description="How Kafka is spoken to; sasl is SCRAM-SHA-512"
    )
    kafka_ca: Path | None = Field(
        default=None, description="Authorities of Kafka's certificates, PEM; empty: those that the system trusts"
    )
    kafka_certificate: Path | None = Field(default=None, description="Certificate chain shown to Kafka, PEM")
    kafka_key: Path | None = Field(default=None, description="Its key, PEM without passphrase, mode 0600")
    kafka_user: str = Field(default="", description="User of SASL")
    kafka_password: SecretStr = Field(default=SecretStr(""), description="Password of SASL")
    kafka_password_file: Path | None = Field(default=None, description="File that holds it, mode 0600, instead")
    folders: Path | None = Field(
        default=None, description="Directory below which folders are watched; empty: `folders` in the data directory"
    )
    folders_out: Path | None = Field(
        default=None,
        description="Directory below which files are put for who takes them from a folder; empty: `outgoing` in the data directory",
    )
    credentials: Path | None = Field(
        default=None,
        description="Directory of secrets for systems that the hub asks, a file each; empty: `credentials` in the data directory",
    )
    delivery_attempts: int = Field(default=8, ge=1, le=100, description="Calls before a dead letter")

    @field_validator("data", "keys")
    @classmethod
    def _absolute(cls, value: Path) -> Path:
        # the roles of one hub may be started from different directories
        return value.expanduser().absolute()

    @field_validator(*_FILES, mode="before")
    @classmethod
    def _no_file(cls, value: object) -> object:
        return None if value == "" else value

    @field_validator("worker_port", mode="before")
    @classmethod
    def _no_port(cls, value: object) -> object:
        return None if value == "" else value

    @field_validator(*_FILES)
    @classmethod
    def _absolute_file(cls, value: Path | None) -> Path | None:
        return value and value.expanduser().absolute()

    @field_validator("bus")
    @classmethod
    def _bus_scheme(cls, value: str) -> str:
        return _address(value, ("sqlite", "kafka"))

    @field_validator("store")
    @classmethod
    def _store_scheme(cls, value: str) -> str:
        return _address(value, ("sqlite", "postgresql", "postgresql+psycopg"))

    @field_validator("outbound_hosts", "trusted_proxies", "metrics_networks", "registry_writers", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value

    @field_validator("trusted_proxies", "metrics_networks")
    @classmethod
    def _networks(cls, value: list[str]) -> list[str]:
        return [str(ip_network(text)) for text in value]

    @field_validator("outbound_hosts")
    @classmethod
    def _host_names(cls, value: list[str]) -> list[str]:
        hosts = [host.lower() for host in value]
        if not all(_HOST.fullmatch(host.removeprefix(".")) for host in hosts):
            raise ValueError("host names without scheme, port or path expected")
        return hosts

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        del dotenv_settings, file_secret_settings
        data = init_settings().get("data", DEFAULT_DATA)
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls, Path(data) / FILE)

    def describe(self) -> dict[str, str]:
        """Every effective setting by its variable's name, for people; passwords masked."""
        return {PREFIX + name.upper(): _shown(getattr(self, name)) for name in type(self).model_fields}

    def warnings(self) -> list[str]:
        """One line per dangerous switch that is on, and one for a port that is open without TLS. `serve` says them at
        every start."""
        found = [
            f"{PREFIX}{name.upper()} is on: {field.description}"
            for name, field in type(self).model_fields.items()
            if name.startswith("unsafe_") and getattr(self, name)
        ]
        if self.tls_certificate is None and not self.trusted_proxies and not _is_loopback(self.host):
            found.append(
                f"{PREFIX}HOST is open to the network without TLS: tokens and messages can be read on the way. Set "
                f"{PREFIX}TLS_CERTIFICATE and {PREFIX}TLS_KEY, or name the proxies with TLS in {PREFIX}TRUSTED_PROXIES"
            )
        return found


def load(data: Path | None = None, **overrides: Any) -> Settings:
    """The settings of the hub in `data` (None: as `AMANA_DATA` says, else `./amana-data`). `overrides` come from
    the command line; None means not given. Raises `ConfigError` (AMANA-CONF-001)."""
    given = {name: value for name, value in overrides.items() if value is not None}
    chosen = data if data is not None else Path(os.environ.get(PREFIX + "DATA") or DEFAULT_DATA)
    file = chosen.expanduser() / FILE
    if file.exists() and not file.is_file():
        raise ConfigError("AMANA-CONF-001", f"{FILE} is not a file")
    try:
        return Settings(data=chosen.expanduser(), **given)
    except ValidationError as error:
        raise ConfigError("AMANA-CONF-001", "; ".join(_reason(fault) for fault in error.errors())) from None
    except SettingsError:
        raise ConfigError("AMANA-CONF-001", "a variable cannot be read") from None
    except tomllib.TOMLDecodeError:
        raise ConfigError("AMANA-CONF-001", f"{FILE} is not TOML") from None
    except OSError as error:
        raise ConfigError("AMANA-CONF-001", f"{FILE}: {error.strerror}") from None


def _address(value: str, schemes: tuple[str, ...]) -> str:
    scheme, separator, rest = value.partition("://")
    if scheme not in schemes or not separator or (scheme != "sqlite" and not rest):
        raise ValueError(f"an address expected that begins with {' or '.join(s + '://' for s in schemes)}")
    return value


def _reason(fault: Mapping[str, Any]) -> str:
    """Name of the setting and what was expected. Pydantic's texts describe the expectation; its input is left out."""
    name = str(fault["loc"][0]) if fault["loc"] else ""
    known = name in Settings.model_fields
    if not known:
        # a name in the file that is no setting may be a mistyped line: shown only if it looks like a name
        shown = name if re.fullmatch(r"[a-z_]{1,40}", name) else "a line"
        return f"{FILE}: {shown} is no setting"
    return f"{PREFIX}{name.upper()}: {str(fault['msg']).removeprefix('Value error, ')}"


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return ",".join(map(str, value))
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, SecretStr):
        return MASK if value.get_secret_value() else ""
    text = "" if value is None else str(value)
    return _mask_address(text) if "://" in text else text


def _mask_address(address: str) -> str:
    """An address without its password, and without its query, where drivers take passwords too."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return MASK
    user, separator, host = parts.netloc.rpartition("@")
    if separator:
        name, colon, _ = user.partition(":")
        host = f"{name}:{MASK}@{host}" if colon else f"{name}@{host}"
    query = f"?{MASK}" if parts.query else ""
    return f"{parts.scheme}://{host}{parts.path}{query}"
