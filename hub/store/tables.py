"""The tables of the store. Every one but `join_request` is a projection of the log and can be dropped and read again.

Rule: a change here comes with a migration in `migrations/versions`, and a test compares the two. Nothing personal in
a column but in a sealed body; subjects are HMACs in hex. Times are milliseconds since 1970.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
)
from sqlalchemy.types import TypeDecorator

from signing import jsontext

REVISION: Final = "0001"
"""Revision of the schema that this code needs: the head of the migrations."""


class Json(TypeDecorator[Any]):
    """A plain value as JSON text: the same on every database, strict on the way back."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:  # noqa: ARG002 (interface)
        return None if value is None else jsontext.render(value).decode()

    def process_result_value(self, value: str | None, dialect: Dialect) -> Any:  # noqa: ARG002 (interface)
        return None if value is None else jsontext.parse(value.encode())


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _key(name: str, kind: Any = String) -> Column[Any]:
    return Column(name, kind, primary_key=True, autoincrement=False)


def _some(name: str, kind: Any = String) -> Column[Any]:
    return Column(name, kind, nullable=False)


def _maybe(name: str, kind: Any = String) -> Column[Any]:
    return Column(name, kind, nullable=True)


def _of(name: str, target: str, *, key: bool = False) -> Column[Any]:
    return Column(name, String, ForeignKey(target), primary_key=key, nullable=False)


# stages

stage_progress = Table(
    "stage_progress",
    metadata,
    _key("stage"),
    _key("topic"),
    _key("partition", Integer),
    _some("position", BigInteger),
    _some("watermarks", Json),
    _some("epoch", BigInteger),
    _some("owner"),
)

fact = Table(
    "fact",
    metadata,
    _key("record_id"),
    _some("contract"),
    _some("institution"),
    _some("subject"),
    _maybe("period"),
    _some("origin_topic"),
    _some("origin_partition", Integer),
    _some("origin_offset", BigInteger),
    _some("origin_n", Integer),
    _some("time", BigInteger),
    _some("assurance"),
    _some("secret_id"),
    _some("body", LargeBinary),
    Index(None, "institution", "contract", "period"),
    Index(None, "origin_topic", "origin_partition", "origin_offset"),
)

# the index of messages

message = Table(
    "message",
    metadata,
    _key("id"),
    _some("kind"),
    _some("system"),
    _some("institution"),
    _some("code"),
    _some("state"),
    _some("request_id"),
    _some("topic"),
    _some("partition", Integer),
    _some("offset", BigInteger),
    _some("time", BigInteger),
    _some("updated", BigInteger),
    _maybe("detail"),
    _maybe("parent"),
    Index(None, "time", "id"),
    Index(None, "kind", "state", "time"),
    Index(None, "system", "time"),
    Index(None, "request_id"),
    Index(None, "parent"),
)

message_event = Table(
    "message_event",
    metadata,
    _key("id"),
    _key("at", BigInteger),
    _key("state"),
    _maybe("detail"),
)

dead_letter = Table(
    "dead_letter",
    metadata,
    _key("id"),
    _some("stage"),
    _some("topic"),
    _some("partition", Integer),
    _some("offset", BigInteger),
    _maybe("row", Integer),
    _some("code"),
    _some("state"),
    _some("at", BigInteger),
    _maybe("group"),
    _maybe("detail"),
    _maybe("parent"),
    Index(None, "state", "at", "id"),
    Index(None, "topic", "partition", "offset"),
    Index(None, "parent"),
)

refusal_count = Table(
    "refusal_count",
    metadata,
    _key("minute", BigInteger),
    _key("address"),  # HMAC of the address, hex
    _key("code"),
    _some("count", BigInteger),
    _some("bytes", BigInteger),
)

secret_erasure = Table(
    "secret_erasure",
    metadata,
    _key("id"),
    _some("at", BigInteger),
    _maybe("position", BigInteger),  # of the order in the control log
)

# runs and delivery

run = Table(
    "run",
    metadata,
    _key("code"),
    _some("institution"),
    _some("period"),
    _some("state"),
    _maybe("digest"),
    _maybe("counts", Json),
    _maybe("totals", Json),
    _some("opened_at", BigInteger),
    _maybe("computed_at", BigInteger),
    _maybe("approved_at", BigInteger),
    _maybe("delivered_at", BigInteger),
    Index(None, "institution", "period"),
)

run_signal = Table(
    "run_signal",
    metadata,
    _key("run"),
    _key("signal_id"),
    _some("subject"),
    _some("status"),
    _some("reasons", Json),
    _some("secret_id"),
    _some("body", LargeBinary),
    Index(None, "run", "subject"),
)

delivery = Table(
    "delivery",
    metadata,
    _key("id"),
    _some("subscription"),
    _some("system"),
    _some("key"),
    _some("request_id"),
    _some("state"),
    _some("attempts", Integer),
    _maybe("next_at", BigInteger),
    _maybe("last_code"),
    _some("topic"),
    _some("partition", Integer),
    _some("offset", BigInteger),
    _maybe("run"),
    _some("updated", BigInteger),
    Index(None, "state", "next_at"),
    Index(None, "subscription", "key", "state"),
    Index(None, "run"),
)

# uploads: the one thing here that the log does not have; who loses it uploads again

upload = Table(
    "upload",
    metadata,
    _key("reference"),
    _some("system"),
    _some("media"),
    _some("state"),
    _some("size", BigInteger),
    _some("digest"),
    _some("expires", BigInteger),
    _some("wrapped", LargeBinary),  # the key of the pieces; zeros once it is destroyed
    _some("begun", BigInteger),
    _maybe("code"),
    _maybe("message"),
    _maybe("message_time", BigInteger),
    _maybe("message_digest"),
    Index(None, "system", "state"),
    Index(None, "expires"),
)

upload_piece = Table("upload_piece", metadata, _key("reference"), _key("n", Integer), _some("sealed", LargeBinary))

# the directory

institution = Table("institution", metadata, _key("code"), _some("name"), _maybe("parent"))

unit = Table(
    "unit",
    metadata,
    _of("institution", "institution.code", key=True),
    _key("code"),
    _some("name"),
    _maybe("parent"),
)

system = Table(
    "system",
    metadata,
    _key("code"),
    _of("institution", "institution.code"),
    _maybe("unit"),
    _some("client_id"),
    _some("suspended", Boolean),
    _some("epoch", Integer),
    _maybe("url"),
    _some("options", Json),
)

system_key = Table(
    "system_key",
    metadata,
    _of("system", "system.code", key=True),
    _key("key_id"),
    _some("public_key", Text),
    _some("not_before", BigInteger),
    _maybe("not_after", BigInteger),
)

api = Table(
    "api",
    metadata,
    _key("code"),
    _some("adapter"),
    _some("exchange"),
    _some("direction"),
    _some("contract"),
    _some("dedupe"),
    _some("window_ms", BigInteger),
    _some("fields", Json),
    _some("assurance"),
    _some("sealed"),
    _maybe("provider"),
    _maybe("holding"),
    _maybe("institution"),
    _some("request_contract"),
    _some("timeout_ms", Integer),
)

grant_ = Table(
    "grant_",
    metadata,
    _of("system", "system.code", key=True),
    _of("code", "api.code", key=True),
    _some("active", Boolean),
)

subscription = Table(
    "subscription",
    metadata,
    _key("id"),
    _of("system", "system.code"),
    _maybe("code"),
    _maybe("contract"),
    _some("ordered", Boolean),
    _some("paused", Boolean),
    _maybe("url"),
    _maybe("institution"),
    _some("options", Json),
    _some("collect", Boolean),
)

device = Table(
    "device",
    metadata,
    _key("id"),
    _some("adapter"),
    _some("serial"),
    _maybe("zone"),
    _some("has_secret_path", Boolean),
    _some("networks", Json),
    _of("institution", "institution.code"),
    _maybe("code"),
    _some("suspended", Boolean),
    _some("options", Json),
)

operator = Table(
    "operator",
    metadata,
    _key("key_id"),
    _some("name"),
    _some("person"),
    _some("roles", Json),
    _some("suspended", Boolean),
    _some("public_key", Text),
)

# who asks to join: nothing of it is in the log, and it goes with the decision

join_request = Table(
    "join_request",
    metadata,
    _key("id"),  # SHA-256 of what the applicant signed, hex
    _some("key_id"),
    _some("address"),  # HMAC of the address, hex
    _some("made", BigInteger),
    _some("expires", BigInteger),
    _some("envelope", LargeBinary),  # as received
    Index(None, "made", "id"),
    Index(None, "address"),
    Index(None, "key_id"),
    Index(None, "expires"),
)

change = Table(
    "change",
    metadata,
    _key("position", BigInteger),
    _some("id"),
    _some("kind"),
    _some("operator"),
    _some("at", BigInteger),
    _some("accepted", Boolean),
    _some("outcome"),  # stable code of the refusal; empty: accepted
    _maybe("detail"),
    _some("repeated", Boolean),
    Index(None, "operator"),
)
