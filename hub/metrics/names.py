"""Every metric by name: kind, labels, what it means, what to do about it. `docs/metrics.md` is printed from here.

Rule: a metric is named here or nowhere, and a test finds the place that sets each. Labels hold codes of the directory and
of the catalogue, names of stages, topics, flags and states: never a person, an address, an id of a message or anything of a body.
Every sample has the label `role` besides. `hub`: the value is the whole hub's, read from log and store, and the same in
every gateway, so take the largest, never the sum.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

Name = Literal[
    "amana_admission_seconds",
    "amana_admitted_total",
    "amana_braked",
    "amana_bus_refused_total",
    "amana_bus_waiting_bytes",
    "amana_commit_records",
    "amana_commit_seconds",
    "amana_conflicts_total",
    "amana_dead_letters_open",
    "amana_dead_letters_total",
    "amana_delivered_total",
    "amana_deliveries_running",
    "amana_delivery_age_seconds",
    "amana_delivery_seconds",
    "amana_device_flagged_messages",
    "amana_directory_behind",
    "amana_duplicates_total",
    "amana_halted",
    "amana_info",
    "amana_lag_records",
    "amana_oldest_undelivered_seconds",
    "amana_process_cpu_seconds_total",
    "amana_process_open_files",
    "amana_process_resident_bytes",
    "amana_process_start_time_seconds",
    "amana_provider_resting",
    "amana_pull_seconds",
    "amana_pulls_running",
    "amana_pulls_total",
    "amana_ready",
    "amana_refused_total",
    "amana_request_seconds",
    "amana_reservations_repeated_total",
    "amana_reservations_waiting",
    "amana_stage_delay_seconds",
    "amana_stage_records_total",
    "amana_stage_seconds",
    "amana_store_wait_seconds",
    "amana_survey_age_seconds",
    "amana_up",
    "amana_waiting",
]

Kind = Literal["counter", "gauge", "histogram"]
Group = Literal["Admission", "Stages", "Delivery", "Pulls", "Log and store", "The process"]

FAST: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
SLOW: Final = (0.01, 0.05, 0.1, 0.5, 1, 5, 15, 60, 300, 1800, 7200, 43_200, 259_200)
COUNTS: Final = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000)


@dataclass(frozen=True, slots=True)
class Spec:
    """What stands behind a name. `buckets`: upper bounds, of a histogram."""

    kind: Kind
    group: Group
    labels: tuple[str, ...]
    meaning: str
    remedy: str
    buckets: tuple[float, ...] = ()
    hub: bool = False


def _counter(group: Group, labels: str, meaning: str, remedy: str) -> Spec:
    return Spec("counter", group, tuple(labels.split()), meaning, remedy)


def _gauge(group: Group, labels: str, meaning: str, remedy: str, *, hub: bool = False) -> Spec:
    return Spec("gauge", group, tuple(labels.split()), meaning, remedy, hub=hub)


def _histogram(group: Group, labels: str, buckets: tuple[float, ...], meaning: str, remedy: str) -> Spec:
    return Spec("histogram", group, tuple(labels.split()), meaning, remedy, buckets)


SPECS: Final[dict[Name, Spec]] = {
    "amana_admitted_total": _counter(
        "Admission",
        "code",
        "Messages and pulls that were stored and receipted, by API code",
        "If it stands still in office hours, ask a sender what it is told; look at amana_refused_total",
    ),
    "amana_duplicates_total": _counter(
        "Admission",
        "code",
        "Repeats that were given their first receipt again, by API code",
        "Harmless; if it grows fast, a sender does not take its receipts: tell the institution",
    ),
    "amana_refused_total": _counter(
        "Admission",
        "code",
        "Requests that were not taken, by stable code",
        "Look the code up in the page of error codes: it says whose fault it is. 503 codes are the hub's own",
    ),
    "amana_request_seconds": _histogram(
        "Admission",
        "way",
        FAST,
        "Seconds from the last byte of a request to its answer; way is push, pull, late or device",
        "Compare with amana_admission_seconds: if that is as high, the log is slow; else the process lacks processor time",
    ),
    "amana_admission_seconds": _histogram(
        "Admission",
        "",
        FAST,
        "Seconds that a checked message waits until it is durable",
        "Look at the disk (embedded), at brokers and PostgreSQL (cluster); add partitions or gateways",
    ),
    "amana_commit_records": _histogram(
        "Log and store",
        "writer",
        COUNTS,
        "Records that share one commit; writer is admission, reservation (of admissions, in PostgreSQL) or a stage",
        "Large under load is good. Always 1 under load: senders wait for each answer, give them more connections",
    ),
    "amana_commit_seconds": _histogram(
        "Log and store",
        "writer",
        FAST,
        "Seconds of one durable commit; writer is admission, reservation (its part in PostgreSQL) or a stage",
        "Slow: the disk, a broker or PostgreSQL; see their own metrics",
    ),
    "amana_conflicts_total": _counter(
        "Log and store",
        "stage",
        "Decisions of a stage that were made again because another worker wrote the same rows meanwhile",
        "A few are in order. As many as commits: workers write about the same messages; run fewer workers",
    ),
    "amana_bus_waiting_bytes": _gauge(
        "Log and store",
        "",
        "Bytes handed to the log that are not durable yet",
        "Stays high: the brokers (or the disk) do not keep up; senders are soon told to come back",
    ),
    "amana_bus_refused_total": _counter(
        "Log and store",
        "",
        "Appends and admissions that the log did not take now: it was full, slow or away",
        "Nothing is lost, senders come back. Bring the brokers (or the disk) back, then watch amana_admitted_total",
    ),
    "amana_store_wait_seconds": _histogram(
        "Log and store",
        "pool",
        FAST,
        "Seconds that work waits for a connection to the database; pool is read, write (of the store) or admission",
        "Slow: PostgreSQL is busy, or one query holds the pool; look at its running statements",
    ),
    "amana_reservations_waiting": _gauge(
        "Log and store",
        "",
        "Reservations of messages in PostgreSQL that were not noted as receipted, those under way included",
        "Stays above a handful for minutes: Kafka takes no appends; look at amana_bus_refused_total and the brokers",
        hub=True,
    ),
    "amana_reservations_repeated_total": _counter(
        "Log and store",
        "",
        "Reservations that were appended again, because a sender or a sweep met them without a receipt",
        "A few after a gateway or a broker was lost. Growing: answers of Kafka get lost; look at brokers and network",
    ),
    "amana_lag_records": _gauge(
        "Stages",
        "stage topic",
        "Records of a topic that a stage has not read",
        "Growing: start another worker, or find what holds the stage up (amana doctor)",
        hub=True,
    ),
    "amana_stage_records_total": _counter(
        "Stages",
        "stage",
        "Records that a stage has taken",
        "Stands still while there is lag: see amana_halted, then the log of the worker",
    ),
    "amana_stage_seconds": _histogram(
        "Stages",
        "stage",
        FAST,
        "Seconds of one batch of a stage, from reading to its commit",
        "Slow with few records: the store or the log is slow; see amana_commit_seconds",
    ),
    "amana_stage_delay_seconds": _histogram(
        "Stages",
        "stage",
        SLOW,
        "Age of the oldest record of a batch when the stage committed it: how late its effect is",
        "See amana_lag_records: start another worker",
    ),
    "amana_halted": _gauge(
        "Stages",
        "stage code",
        "1 for a stage of this worker that has stopped, with the stable code of the cause",
        "Look the code up, mend the cause, restart the worker: the stage goes on where it was",
    ),
    "amana_braked": _gauge(
        "Stages",
        "what",
        "Partitions that the dead-letter brake holds, and systems whose messages keep failing",
        "amana doctor names them; find the common cause with amana dead-letter groups",
    ),
    "amana_dead_letters_total": _counter(
        "Stages",
        "stage code",
        "Dead letters made, by stage and stable code",
        "amana dead-letter groups shows one line for each cause",
    ),
    "amana_dead_letters_open": _gauge(
        "Stages",
        "stage",
        "Dead letters that nobody has decided on",
        "Retry, skip or discard each, see the operating guide",
        hub=True,
    ),
    "amana_device_flagged_messages": _gauge(
        "Stages",
        "flag",
        "Messages of the last 24 hours with punches that say that the clock of their device is odd, by flag",
        "amana device flags names the devices, and what to do about each flag",
        hub=True,
    ),
    "amana_delivered_total": _counter(
        "Delivery",
        "system outcome",
        "Outcomes of deliveries: signed-success, filed and collected are confirmed, the rest is not",
        "By outcome, see the table of states in the operating guide",
    ),
    "amana_waiting": _gauge(
        "Delivery",
        "system state",
        "Messages for a system that have not reached their end, by state",
        "due, retrying, parked: is the receiver up? waiting: does it still collect? unproven, dead: decide",
        hub=True,
    ),
    "amana_oldest_undelivered_seconds": _gauge(
        "Delivery",
        "state",
        "Age of the oldest message that has not reached its end, by state",
        "amana message list --state STATE names it; settle it or bring the receiver back",
        hub=True,
    ),
    "amana_delivery_seconds": _histogram(
        "Delivery",
        "",
        FAST,
        "Seconds of one call to a receiver",
        "Slow: a receiver is slow; each is called at most four times at once and holds up nobody else",
    ),
    "amana_delivery_age_seconds": _histogram(
        "Delivery",
        "",
        SLOW,
        "Seconds from the admission (or approval) of a message to its signed confirmation",
        "Compare with amana_stage_delay_seconds (the hub) and amana_delivery_seconds (the receiver)",
    ),
    "amana_deliveries_running": _gauge(
        "Delivery",
        "",
        "Calls to receivers under way",
        "At its limit of 32 for long: receivers are slow; start another worker",
    ),
    "amana_pulls_total": _counter(
        "Pulls",
        "provider outcome",
        "Pulls by who was asked and how they ended: answer, defer, or the stable code of the failure",
        "Look the code up; show it to the provider, or correct its address",
    ),
    "amana_pull_seconds": _histogram(
        "Pulls",
        "",
        FAST,
        "Seconds of a pull, from the durable question to the recorded outcome",
        "Slow: the provider is; a code's time-out bounds it",
    ),
    "amana_pulls_running": _gauge(
        "Pulls", "", "Pulls under way in this gateway", "Near 256: providers are slow, or gateways too few"
    ),
    "amana_provider_resting": _gauge(
        "Pulls",
        "provider",
        "1 for a provider that failed again and again and is left alone for a while",
        "Tell the provider; amana system test CODE shows how far a call gets",
    ),
    "amana_directory_behind": _gauge(
        "The process",
        "",
        "Changes of the control log that this gateway has not applied",
        "Not 0 for more than a second: a suspension does not count here yet; restart the gateway",
    ),
    "amana_survey_age_seconds": _gauge(
        "The process",
        "",
        "Age of the values that are the whole hub's",
        "Over a minute: store or log do not answer, and those values are old",
    ),
    "amana_up": _gauge(
        "The process",
        "",
        "1 when the process of this role answers, 0 when it should and does not",
        "It is started again by itself; if it stays 0, read its log",
    ),
    "amana_ready": _gauge(
        "The process", "", "1 when /readyz would say ready", "/readyz and amana doctor say what is missing"
    ),
    "amana_info": _gauge(
        "The process", "version", "1, with the version that runs", "One version for all, once upgraded"
    ),
    "amana_process_cpu_seconds_total": _counter(
        "The process",
        "",
        "Processor seconds used",
        "At one a second a process is at its end: start another of its role",
    ),
    "amana_process_resident_bytes": _gauge(
        "The process", "", "Memory in use", "Growing without end is a defect: report it; restarting loses nothing"
    ),
    "amana_process_open_files": _gauge(
        "The process",
        "",
        "Open files and sockets",
        "Near the limit (ulimit -n): raise it, or find who holds connections",
    ),
    "amana_process_start_time_seconds": _gauge(
        "The process", "", "When the process began, seconds since 1970", "Changes often: it dies; read its log"
    ),
}
