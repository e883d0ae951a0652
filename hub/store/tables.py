"""The tables of the store. Every one but `join_request` and those of uploads and snapshots is a projection of the log and
can be dropped and read again.

Rule: a change here comes with a migration in `migrations/versions`, and a test compares the two. Nothing personal in
a column but in a sealed body; subjects are HMACs in hex. Times are milliseconds since 1970.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Index, Integer, LargeBinary, Table

from hub.store import directory_tables
from hub.store.columns import Json, key, maybe, metadata, some

__all__ = ["REVISION", "directory_tables", "metadata"]

REVISION: Final = "0001"
"""Revision of the schema that this code needs: the head of the migrations."""

# stages

stage_progress = Table(
    "stage_progress",
    metadata,
    key("stage"),
    key("topic"),
    key("partition", Integer),
    some("position", BigInteger),
    some("watermarks", Json),
    some("epoch", BigInteger),
    some("owner"),
)

# admitted messages whose first place in the log is that of a repeat

repeat = Table(
    "repeat",
    metadata,
    key("topic"),
    key("partition", Integer),
    key("id"),
    some("offset", BigInteger),
)

# places in the log of messages that count at an earlier one: nothing comes of them, and every count of the log leaves them out

passed_over = Table(
    "passed_over",
    metadata,
    key("topic"),
    key("partition", Integer),
    key("offset", BigInteger),
)

# canonical records for runs: those of one message, contract and period together (hub.stages.facts)

fact = Table(
    "fact",
    metadata,
    key("record_id"),  # of the first record
    some("contract"),
    some("institution"),
    maybe("period"),
    some("origin_topic"),
    some("origin_partition", Integer),
    some("origin_offset", BigInteger),
    some("system"),
    some("time", BigInteger),
    some("assurance"),
    some("secret_id"),
    some("count", Integer),
    some("body", LargeBinary),
    Index(None, "institution", "contract", "period"),
    Index(None, "origin_topic", "origin_partition", "origin_offset"),
)

# feeds: who runs each, how far it is, what holds it up

feed_state = Table(
    "feed_state",
    metadata,
    key("id"),
    some("owner"),
    some("until", BigInteger),
    some("cursor", Json),
    some("due", BigInteger),
    some("failures", Integer),
    some("taken", BigInteger),
    some("refused", BigInteger),
    some("code"),
    maybe("last", BigInteger),
)

# the latest fact about each subject

fact_latest = Table(
    "fact_latest",
    metadata,
    key("contract"),
    key("institution"),
    key("subject"),
    some("record_id"),
    some("time", BigInteger),
    some("origin_offset", BigInteger),
    some("origin_n", Integer),
)

# what the hub answers page by page: ids of records, frozen for a day

snapshot = Table(
    "snapshot",
    metadata,
    key("id"),
    some("system"),
    some("code"),
    maybe("run"),
    some("total", Integer),
    some("made_at", BigInteger),
    Index(None, "system", "made_at"),
    Index(None, "made_at"),
)

snapshot_part = Table(
    "snapshot_part",
    metadata,
    key("snapshot"),
    key("n", Integer),
    some("records", Json),
)

# the index of messages

message = Table(
    "message",
    metadata,
    key("id"),
    some("kind"),
    some("system"),
    some("institution"),
    some("code"),
    some("state"),
    some("request_id"),
    some("topic"),
    some("partition", Integer),
    some("offset", BigInteger),
    some("time", BigInteger),
    some("updated", BigInteger),
    maybe("detail"),
    maybe("parent"),
    maybe("contract"),
    maybe("request_contract"),
    maybe("provider"),
    some("version", Integer),  # how often it was written
    Index(None, "time", "id"),
    Index(None, "contract", "time"),
    Index(None, "request_contract", "time"),
    Index(None, "kind", "state", "time"),
    Index(None, "system", "time"),
    Index(None, "request_id"),
    Index(None, "parent"),
)

message_event = Table(
    "message_event",
    metadata,
    key("id"),
    key("at", BigInteger),
    key("state"),
    maybe("detail"),
)

# what the punches of a message say of the clock of their device

device_flag = Table(
    "device_flag",
    metadata,
    key("message"),
    key("flag"),
    some("device"),
    some("system"),
    some("institution"),
    some("count", Integer),  # punches
    some("time", BigInteger),
    Index(None, "time", "message", "flag"),
    Index(None, "device", "flag", "system", "institution", "time"),
)

# what a device said last that sends its punches itself: an instant, of nobody

device_clock = Table(
    "device_clock",
    metadata,
    key("device"),
    some("said", BigInteger),
)

dead_letter = Table(
    "dead_letter",
    metadata,
    key("id"),
    some("stage"),
    some("topic"),
    some("partition", Integer),
    some("offset", BigInteger),
    maybe("row", Integer),
    some("code"),
    some("state"),
    some("at", BigInteger),
    maybe("group"),
    maybe("detail"),
    maybe("parent"),
    Index(None, "state", "at", "id"),
    Index(None, "topic", "partition", "offset"),
    Index(None, "parent"),
)

refusal_count = Table(
    "refusal_count",
    metadata,
    key("minute", BigInteger),
    key("address"),  # HMAC of the address, hex
    key("code"),
    some("count", BigInteger),
    some("bytes", BigInteger),
)

secret_erasure = Table(
    "secret_erasure",
    metadata,
    key("id"),
    some("at", BigInteger),
    maybe("position", BigInteger),  # of the order in the control log
)

# runs and delivery

run = Table(
    "run",
    metadata,
    key("code"),
    some("institution"),
    some("period"),
    some("state"),
    maybe("digest"),
    maybe("counts", Json),
    maybe("totals", Json),
    some("opened_at", BigInteger),
    maybe("computed_at", BigInteger),
    maybe("approved_at", BigInteger),
    maybe("delivered_at", BigInteger),
    Index(None, "institution", "period"),
)

run_signal = Table(
    "run_signal",
    metadata,
    key("run"),
    key("signal_id"),
    some("subject"),
    some("status"),
    some("reasons", Json),
    some("secret_id"),
    some("body", LargeBinary),
    Index(None, "run", "subject"),
)

delivery = Table(
    "delivery",
    metadata,
    key("id"),
    some("subscription"),
    some("system"),
    some("key"),
    some("request_id"),
    some("state"),
    some("attempts", Integer),
    maybe("next_at", BigInteger),
    maybe("last_code"),
    some("topic"),
    some("partition", Integer),
    some("offset", BigInteger),
    maybe("run"),
    some("secret_id"),
    some("updated", BigInteger),
    some("since", BigInteger),  # when the message, or the approval that it descends from, was admitted
    Index(None, "state", "next_at"),
    Index(None, "state", "since"),
    Index(None, "request_id"),
    Index(None, "topic", "state", "partition", "offset"),
    Index(None, "subscription", "state", "key"),
    Index(None, "run"),
)

# uploads: the one thing here that the log does not have; who loses it uploads again

upload = Table(
    "upload",
    metadata,
    key("reference"),
    some("system"),
    some("media"),
    some("state"),
    some("size", BigInteger),
    some("digest"),
    some("expires", BigInteger),
    some("wrapped", LargeBinary),  # the key of the pieces; zeros once it is destroyed
    some("begun", BigInteger),
    maybe("code"),
    maybe("secret_id"),
    maybe("message"),
    maybe("message_time", BigInteger),
    maybe("message_digest"),
    Index(None, "system", "state"),
    Index(None, "expires"),
)

upload_piece = Table("upload_piece", metadata, key("reference"), key("n", Integer), some("sealed", LargeBinary))

pull = Table(
    "pull",
    metadata,
    key("id"),
    some("request_id"),
    some("system"),
    some("institution"),
    some("provider"),
    some("code"),
    some("state"),
    some("error"),  # stable code of the failure or deferral
    some("bound"),
    some("partition", Integer),
    some("offset", BigInteger),
    maybe("answer_offset", BigInteger),  # of the outcome that counts, where its bytes are kept
    some("answer_digest"),
    some("content"),
    some("asked_at", BigInteger),
    maybe("ended_at", BigInteger),
    maybe("late_at", BigInteger),
    some("updated", BigInteger),
    Index(None, "request_id"),
    Index(None, "state", "asked_at"),
)
