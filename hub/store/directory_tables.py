"""The tables of the directory, as the control log folds into them. Rule: as in `hub.store.tables`."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Index, Integer, LargeBinary, Table, Text

from hub.store.columns import Json, key, maybe, metadata, of, some

institution = Table("institution", metadata, key("code"), some("name"), maybe("parent"))

unit = Table(
    "unit",
    metadata,
    of("institution", "institution.code", key=True),
    key("code"),
    some("name"),
    maybe("parent"),
)

system = Table(
    "system",
    metadata,
    key("code"),
    of("institution", "institution.code"),
    maybe("unit"),
    some("client_id"),
    some("suspended", Boolean),
    some("epoch", Integer),
    maybe("url"),
    some("options", Json),
)

system_key = Table(
    "system_key",
    metadata,
    of("system", "system.code", key=True),
    key("key_id"),
    some("public_key", Text),
    some("not_before", BigInteger),
    maybe("not_after", BigInteger),
)

api = Table(
    "api",
    metadata,
    key("code"),
    some("adapter"),
    some("exchange"),
    some("direction"),
    some("contract"),
    some("dedupe"),
    some("window_ms", BigInteger),
    some("fields", Json),
    some("assurance"),
    some("sealed"),
    maybe("provider"),
    maybe("holding"),
    maybe("institution"),
    some("request_contract"),
    some("timeout_ms", Integer),
)

grant_ = Table(
    "grant_",
    metadata,
    of("system", "system.code", key=True),
    of("code", "api.code", key=True),
    some("active", Boolean),
)

subscription = Table(
    "subscription",
    metadata,
    key("id"),
    of("system", "system.code"),
    maybe("code"),
    maybe("contract"),
    some("ordered", Boolean),
    some("paused", Boolean),
    maybe("url"),
    maybe("institution"),
    some("options", Json),
    some("collect", Boolean),
    maybe("leave"),
)

device = Table(
    "device",
    metadata,
    key("id"),
    some("adapter"),
    some("serial"),
    maybe("zone"),
    some("has_secret_path", Boolean),
    some("networks", Json),
    of("institution", "institution.code"),
    maybe("code"),
    some("suspended", Boolean),
    some("options", Json),
)

operator = Table(
    "operator",
    metadata,
    key("key_id"),
    some("name"),
    some("person"),
    some("roles", Json),
    some("suspended", Boolean),
    some("public_key", Text),
)

# who asks to join: nothing of it is in the log, and it goes with the decision

join_request = Table(
    "join_request",
    metadata,
    key("id"),  # SHA-256 of what the applicant signed, hex
    some("key_id"),
    some("address"),  # HMAC of the address, hex
    some("made", BigInteger),
    some("expires", BigInteger),
    some("envelope", LargeBinary),  # as received
    Index(None, "made", "id"),
    Index(None, "address"),
    Index(None, "key_id"),
    Index(None, "expires"),
)

change = Table(
    "change",
    metadata,
    key("position", BigInteger),
    some("id"),
    some("kind"),
    some("operator"),
    some("at", BigInteger),
    some("accepted", Boolean),
    some("outcome"),  # stable code of the refusal; empty: accepted
    maybe("detail"),
    some("repeated", Boolean),
    Index(None, "operator"),
)
