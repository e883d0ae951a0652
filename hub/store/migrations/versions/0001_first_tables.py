"""The tables as of the first release: stages, index of messages, runs, delivery, directory."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# in the order in which they can be dropped
TABLES = [
    "upload_piece",
    "upload",
    "system_key",
    "subscription",
    "grant_",
    "system",
    "unit",
    "device",
    "stage_progress",
    "secret_erasure",
    "repeat",
    "passed_over",
    "run_signal",
    "run",
    "refusal_count",
    "operator",
    "pull",
    "message_event",
    "message",
    "join_request",
    "institution",
    "snapshot_part",
    "snapshot",
    "feed_state",
    "fact_latest",
    "fact",
    "device_flag",
    "device_clock",
    "delivery",
    "dead_letter",
    "change",
    "api",
]


def upgrade() -> None:  # noqa: PLR0915 -- one statement for each table and index
    op.create_table(
        "api",
        sa.Column("code", sa.String(), autoincrement=False, nullable=False),
        sa.Column("adapter", sa.String(), nullable=False),
        sa.Column("exchange", sa.String(), nullable=False),
        sa.Column("direction", sa.String(), nullable=False),
        sa.Column("contract", sa.String(), nullable=False),
        sa.Column("dedupe", sa.String(), nullable=False),
        sa.Column("window_ms", sa.BigInteger(), nullable=False),
        sa.Column("fields", sa.Text(), nullable=False),
        sa.Column("assurance", sa.String(), nullable=False),
        sa.Column("sealed", sa.String(), nullable=False),
        sa.Column("provider", sa.String(), nullable=True),
        sa.Column("holding", sa.String(), nullable=True),
        sa.Column("institution", sa.String(), nullable=True),
        sa.Column("request_contract", sa.String(), nullable=False),
        sa.Column("timeout_ms", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_api")),
    )
    op.create_table(
        "change",
        sa.Column("position", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("id", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("operator", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("accepted", sa.Boolean(), nullable=False),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.Column("detail", sa.String(), nullable=True),
        sa.Column("repeated", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("position", name=op.f("pk_change")),
    )
    op.create_index(op.f("ix_change_operator"), "change", ["operator"], unique=False)
    op.create_table(
        "dead_letter",
        sa.Column("id", sa.String(), autoincrement=False, nullable=False),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("topic", sa.String(), nullable=False),
        sa.Column("partition", sa.Integer(), nullable=False),
        sa.Column("offset", sa.BigInteger(), nullable=False),
        sa.Column("row", sa.Integer(), nullable=True),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("group", sa.String(), nullable=True),
        sa.Column("detail", sa.String(), nullable=True),
        sa.Column("parent", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dead_letter")),
    )
    op.create_index(op.f("ix_dead_letter_parent"), "dead_letter", ["parent"], unique=False)
    op.create_index(op.f("ix_dead_letter_state_at_id"), "dead_letter", ["state", "at", "id"], unique=False)
    op.create_index(
        op.f("ix_dead_letter_topic_partition_offset"), "dead_letter", ["topic", "partition", "offset"], unique=False
    )
    op.create_table(
        "device_clock",
        sa.Column("device", sa.String(), autoincrement=False, nullable=False),
        sa.Column("said", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("device", name=op.f("pk_device_clock")),
    )
    op.create_table(
        "device_flag",
        sa.Column("message", sa.String(), autoincrement=False, nullable=False),
        sa.Column("flag", sa.String(), autoincrement=False, nullable=False),
        sa.Column("device", sa.String(), nullable=False),
        sa.Column("system", sa.String(), nullable=False),
        sa.Column("institution", sa.String(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("time", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("message", "flag", name=op.f("pk_device_flag")),
    )
    op.create_index(
        op.f("ix_device_flag_device_flag_system_institution_time"),
        "device_flag",
        ["device", "flag", "system", "institution", "time"],
        unique=False,
    )
    op.create_index(op.f("ix_device_flag_time_message_flag"), "device_flag", ["time", "message", "flag"], unique=False)
    op.create_table(
        "delivery",
        sa.Column("id", sa.String(), autoincrement=False, nullable=False),
        sa.Column("subscription", sa.String(), nullable=False),
        sa.Column("system", sa.String(), nullable=False),
        sa.Column("key", sa.String(), nullable=False),
        sa.Column("request_id", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("next_at", sa.BigInteger(), nullable=True),
        sa.Column("last_code", sa.String(), nullable=True),
        sa.Column("topic", sa.String(), nullable=False),
        sa.Column("partition", sa.Integer(), nullable=False),
        sa.Column("offset", sa.BigInteger(), nullable=False),
        sa.Column("run", sa.String(), nullable=True),
        sa.Column("secret_id", sa.String(), nullable=False),
        sa.Column("updated", sa.BigInteger(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_delivery")),
    )
    op.create_index(op.f("ix_delivery_request_id"), "delivery", ["request_id"], unique=False)
    op.create_index(op.f("ix_delivery_run"), "delivery", ["run"], unique=False)
    op.create_index(op.f("ix_delivery_state_next_at"), "delivery", ["state", "next_at"], unique=False)
    op.create_index(op.f("ix_delivery_state_since"), "delivery", ["state", "since"], unique=False)
    op.create_index(
        op.f("ix_delivery_subscription_state_key"), "delivery", ["subscription", "state", "key"], unique=False
    )
    op.create_index(
        op.f("ix_delivery_topic_state_partition_offset"),
        "delivery",
        ["topic", "state", "partition", "offset"],
        unique=False,
    )
    op.create_table(
        "fact",
        sa.Column("record_id", sa.String(), autoincrement=False, nullable=False),
        sa.Column("contract", sa.String(), nullable=False),
        sa.Column("institution", sa.String(), nullable=False),
        sa.Column("period", sa.String(), nullable=True),
        sa.Column("origin_topic", sa.String(), nullable=False),
        sa.Column("origin_partition", sa.Integer(), nullable=False),
        sa.Column("origin_offset", sa.BigInteger(), nullable=False),
        sa.Column("system", sa.String(), nullable=False),
        sa.Column("time", sa.BigInteger(), nullable=False),
        sa.Column("assurance", sa.String(), nullable=False),
        sa.Column("secret_id", sa.String(), nullable=False),
        sa.Column("count", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("record_id", name=op.f("pk_fact")),
    )
    op.create_index(
        op.f("ix_fact_institution_contract_period"), "fact", ["institution", "contract", "period"], unique=False
    )
    op.create_index(
        op.f("ix_fact_origin_topic_origin_partition_origin_offset"),
        "fact",
        ["origin_topic", "origin_partition", "origin_offset"],
        unique=False,
    )
    op.create_table(
        "institution",
        sa.Column("code", sa.String(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("parent", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_institution")),
    )
    op.create_table(
        "join_request",
        sa.Column("id", sa.String(), autoincrement=False, nullable=False),
        sa.Column("key_id", sa.String(), nullable=False),
        sa.Column("address", sa.String(), nullable=False),
        sa.Column("made", sa.BigInteger(), nullable=False),
        sa.Column("expires", sa.BigInteger(), nullable=False),
        sa.Column("envelope", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_join_request")),
    )
    op.create_index(op.f("ix_join_request_address"), "join_request", ["address"], unique=False)
    op.create_index(op.f("ix_join_request_expires"), "join_request", ["expires"], unique=False)
    op.create_index(op.f("ix_join_request_key_id"), "join_request", ["key_id"], unique=False)
    op.create_index(op.f("ix_join_request_made_id"), "join_request", ["made", "id"], unique=False)
    op.create_table(
        "message",
        sa.Column("id", sa.String(), autoincrement=False, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("system", sa.String(), nullable=False),
        sa.Column("institution", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("request_id", sa.String(), nullable=False),
        sa.Column("topic", sa.String(), nullable=False),
        sa.Column("partition", sa.Integer(), nullable=False),
        sa.Column("offset", sa.BigInteger(), nullable=False),
        sa.Column("time", sa.BigInteger(), nullable=False),
        sa.Column("updated", sa.BigInteger(), nullable=False),
        sa.Column("detail", sa.String(), nullable=True),
        sa.Column("parent", sa.String(), nullable=True),
        sa.Column("contract", sa.String(), nullable=True),
        sa.Column("request_contract", sa.String(), nullable=True),
        sa.Column("provider", sa.String(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_message")),
    )
    op.create_index(op.f("ix_message_contract_time"), "message", ["contract", "time"], unique=False)
    op.create_index(op.f("ix_message_request_contract_time"), "message", ["request_contract", "time"], unique=False)
    op.create_index(op.f("ix_message_kind_state_time"), "message", ["kind", "state", "time"], unique=False)
    op.create_index(op.f("ix_message_parent"), "message", ["parent"], unique=False)
    op.create_index(op.f("ix_message_request_id"), "message", ["request_id"], unique=False)
    op.create_index(op.f("ix_message_system_time"), "message", ["system", "time"], unique=False)
    op.create_index(op.f("ix_message_time_id"), "message", ["time", "id"], unique=False)
    op.create_table(
        "message_event",
        sa.Column("id", sa.String(), autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("state", sa.String(), autoincrement=False, nullable=False),
        sa.Column("detail", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("id", "at", "state", name=op.f("pk_message_event")),
    )
    op.create_table(
        "operator",
        sa.Column("key_id", sa.String(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("person", sa.String(), nullable=False),
        sa.Column("roles", sa.Text(), nullable=False),
        sa.Column("suspended", sa.Boolean(), nullable=False),
        sa.Column("public_key", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("key_id", name=op.f("pk_operator")),
    )
    op.create_table(
        "refusal_count",
        sa.Column("minute", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("address", sa.String(), autoincrement=False, nullable=False),
        sa.Column("code", sa.String(), autoincrement=False, nullable=False),
        sa.Column("count", sa.BigInteger(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("minute", "address", "code", name=op.f("pk_refusal_count")),
    )
    op.create_table(
        "run",
        sa.Column("code", sa.String(), autoincrement=False, nullable=False),
        sa.Column("institution", sa.String(), nullable=False),
        sa.Column("period", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=True),
        sa.Column("counts", sa.Text(), nullable=True),
        sa.Column("totals", sa.Text(), nullable=True),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("computed_at", sa.BigInteger(), nullable=True),
        sa.Column("approved_at", sa.BigInteger(), nullable=True),
        sa.Column("delivered_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_run")),
    )
    op.create_index(op.f("ix_run_institution_period"), "run", ["institution", "period"], unique=False)
    op.create_table(
        "run_signal",
        sa.Column("run", sa.String(), autoincrement=False, nullable=False),
        sa.Column("signal_id", sa.String(), autoincrement=False, nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("reasons", sa.Text(), nullable=False),
        sa.Column("secret_id", sa.String(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("run", "signal_id", name=op.f("pk_run_signal")),
    )
    op.create_index(op.f("ix_run_signal_run_subject"), "run_signal", ["run", "subject"], unique=False)
    op.create_table(
        "repeat",
        sa.Column("topic", sa.String(), autoincrement=False, nullable=False),
        sa.Column("partition", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("id", sa.String(), autoincrement=False, nullable=False),
        sa.Column("offset", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("topic", "partition", "id", name=op.f("pk_repeat")),
    )
    op.create_table(
        "passed_over",
        sa.Column("topic", sa.String(), autoincrement=False, nullable=False),
        sa.Column("partition", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("offset", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.PrimaryKeyConstraint("topic", "partition", "offset", name=op.f("pk_passed_over")),
    )
    op.create_table(
        "secret_erasure",
        sa.Column("id", sa.String(), autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_secret_erasure")),
    )
    op.create_table(
        "pull",
        sa.Column("id", sa.String(), autoincrement=False, nullable=False),
        sa.Column("request_id", sa.String(), nullable=False),
        sa.Column("system", sa.String(), nullable=False),
        sa.Column("institution", sa.String(), nullable=False),
        sa.Column("provider", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("error", sa.String(), nullable=False),
        sa.Column("bound", sa.String(), nullable=False),
        sa.Column("partition", sa.Integer(), nullable=False),
        sa.Column("offset", sa.BigInteger(), nullable=False),
        sa.Column("answer_offset", sa.BigInteger(), nullable=True),
        sa.Column("answer_digest", sa.String(), nullable=False),
        sa.Column("content", sa.String(), nullable=False),
        sa.Column("asked_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("late_at", sa.BigInteger(), nullable=True),
        sa.Column("updated", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pull")),
    )
    op.create_index(op.f("ix_pull_request_id"), "pull", ["request_id"], unique=False)
    op.create_index(op.f("ix_pull_state_asked_at"), "pull", ["state", "asked_at"], unique=False)
    op.create_table(
        "stage_progress",
        sa.Column("stage", sa.String(), autoincrement=False, nullable=False),
        sa.Column("topic", sa.String(), autoincrement=False, nullable=False),
        sa.Column("partition", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("position", sa.BigInteger(), nullable=False),
        sa.Column("watermarks", sa.Text(), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("stage", "topic", "partition", name=op.f("pk_stage_progress")),
    )
    op.create_table(
        "device",
        sa.Column("id", sa.String(), autoincrement=False, nullable=False),
        sa.Column("adapter", sa.String(), nullable=False),
        sa.Column("serial", sa.String(), nullable=False),
        sa.Column("zone", sa.String(), nullable=True),
        sa.Column("has_secret_path", sa.Boolean(), nullable=False),
        sa.Column("networks", sa.Text(), nullable=False),
        sa.Column("institution", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=True),
        sa.Column("suspended", sa.Boolean(), nullable=False),
        sa.Column("options", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["institution"], ["institution.code"], name=op.f("fk_device_institution")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_device")),
    )
    op.create_table(
        "unit",
        sa.Column("institution", sa.String(), nullable=False),
        sa.Column("code", sa.String(), autoincrement=False, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("parent", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["institution"], ["institution.code"], name=op.f("fk_unit_institution")),
        sa.PrimaryKeyConstraint("institution", "code", name=op.f("pk_unit")),
    )
    op.create_table(
        "system",
        sa.Column("code", sa.String(), autoincrement=False, nullable=False),
        sa.Column("institution", sa.String(), nullable=False),
        sa.Column("unit", sa.String(), nullable=True),
        sa.Column("client_id", sa.String(), nullable=False),
        sa.Column("suspended", sa.Boolean(), nullable=False),
        sa.Column("epoch", sa.Integer(), nullable=False),
        sa.Column("url", sa.String(), nullable=True),
        sa.Column("options", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["institution"], ["institution.code"], name=op.f("fk_system_institution")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_system")),
    )
    op.create_table(
        "grant_",
        sa.Column("system", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["code"], ["api.code"], name=op.f("fk_grant__code")),
        sa.ForeignKeyConstraint(["system"], ["system.code"], name=op.f("fk_grant__system")),
        sa.PrimaryKeyConstraint("system", "code", name=op.f("pk_grant_")),
    )
    op.create_table(
        "subscription",
        sa.Column("id", sa.String(), autoincrement=False, nullable=False),
        sa.Column("system", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=True),
        sa.Column("contract", sa.String(), nullable=True),
        sa.Column("ordered", sa.Boolean(), nullable=False),
        sa.Column("paused", sa.Boolean(), nullable=False),
        sa.Column("url", sa.String(), nullable=True),
        sa.Column("institution", sa.String(), nullable=True),
        sa.Column("options", sa.Text(), nullable=False),
        sa.Column("collect", sa.Boolean(), nullable=False),
        sa.Column("leave", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["system"], ["system.code"], name=op.f("fk_subscription_system")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_subscription")),
    )
    op.create_table(
        "system_key",
        sa.Column("system", sa.String(), nullable=False),
        sa.Column("key_id", sa.String(), autoincrement=False, nullable=False),
        sa.Column("public_key", sa.Text(), nullable=False),
        sa.Column("not_before", sa.BigInteger(), nullable=False),
        sa.Column("not_after", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["system"], ["system.code"], name=op.f("fk_system_key_system")),
        sa.PrimaryKeyConstraint("system", "key_id", name=op.f("pk_system_key")),
    )
    _uploads()
    _holdings()


def _uploads() -> None:
    op.create_table(
        "upload",
        sa.Column("reference", sa.String(), autoincrement=False, nullable=False),
        sa.Column("system", sa.String(), nullable=False),
        sa.Column("media", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("expires", sa.BigInteger(), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(), nullable=False),
        sa.Column("begun", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.String(), nullable=True),
        sa.Column("secret_id", sa.String(), nullable=True),
        sa.Column("message", sa.String(), nullable=True),
        sa.Column("message_time", sa.BigInteger(), nullable=True),
        sa.Column("message_digest", sa.String(), nullable=True),
        sa.PrimaryKeyConstraint("reference", name=op.f("pk_upload")),
    )
    op.create_index(op.f("ix_upload_expires"), "upload", ["expires"], unique=False)
    op.create_index(op.f("ix_upload_system_state"), "upload", ["system", "state"], unique=False)
    op.create_table(
        "upload_piece",
        sa.Column("reference", sa.String(), autoincrement=False, nullable=False),
        sa.Column("n", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("reference", "n", name=op.f("pk_upload_piece")),
    )


def _holdings() -> None:
    op.create_table(
        "feed_state",
        sa.Column("id", sa.String(), autoincrement=False, nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("cursor", sa.Text(), nullable=False),
        sa.Column("due", sa.BigInteger(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("taken", sa.BigInteger(), nullable=False),
        sa.Column("refused", sa.BigInteger(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_feed_state")),
    )
    op.create_table(
        "fact_latest",
        sa.Column("contract", sa.String(), autoincrement=False, nullable=False),
        sa.Column("institution", sa.String(), autoincrement=False, nullable=False),
        sa.Column("subject", sa.String(), autoincrement=False, nullable=False),
        sa.Column("record_id", sa.String(), nullable=False),
        sa.Column("time", sa.BigInteger(), nullable=False),
        sa.Column("origin_offset", sa.BigInteger(), nullable=False),
        sa.Column("origin_n", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("contract", "institution", "subject", name=op.f("pk_fact_latest")),
    )
    op.create_table(
        "snapshot",
        sa.Column("id", sa.String(), autoincrement=False, nullable=False),
        sa.Column("system", sa.String(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("run", sa.String(), nullable=True),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("made_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_snapshot")),
    )
    op.create_index(op.f("ix_snapshot_made_at"), "snapshot", ["made_at"], unique=False)
    op.create_index(op.f("ix_snapshot_system_made_at"), "snapshot", ["system", "made_at"], unique=False)
    op.create_table(
        "snapshot_part",
        sa.Column("snapshot", sa.String(), autoincrement=False, nullable=False),
        sa.Column("n", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("records", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("snapshot", "n", name=op.f("pk_snapshot_part")),
    )


def downgrade() -> None:
    for table in TABLES:
        op.drop_table(table)
