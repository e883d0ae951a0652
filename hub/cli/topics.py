"""`amana topic`: subscribers that read Kafka themselves. One operator asks, a second person signs, either ends it."""

from __future__ import annotations

from typing import Annotated

import typer

from hub.cli.command import command, group
from hub.cli.paging import AfterOption, LimitOption, target
from hub.cli.terminal import Column, Session

app = group("Topics that subscribers read in Kafka themselves, in clear; the hub must run on Kafka.")

COLUMNS = (
    Column("leave", "id"),
    Column("subscription", "subscription"),
    Column("topic", "topic"),
    Column("state", "state"),
    Column("asked by", "openedBy"),
    Column("signed by", "signedBy"),
    Column("ended by", "endedBy"),
    Column("reason", "reason"),
)
SubscriptionArgument = Annotated[str, typer.Argument(help="Id of the subscription.")]
ReasonOption = Annotated[str, typer.Option(help="Why; kept for ever, so name no person.")]


@command(app, "open")
def open_topic(session: Session, subscription: SubscriptionArgument, reason: ReasonOption) -> None:
    """Ask that what a subscription gets is written, opened, to its system's own topic; a second person signs it.

    Erasing a message does not reach what lies there: it is forgotten after AMANA_KAFKA_SUBSCRIBER_DAYS. Before it is signed,
    let the user of that one institution read that one topic, and nobody else (kafka-acls).
    """
    answer = session.client.change("topic.open", {"subscription": subscription, "reason": reason})
    name = answer["result"]["leave"]
    session.result(answer, f"{name} waits; a second person signs it with `amana topic sign {name} {subscription}`")


@command(app, "sign")
def sign(
    session: Session,
    leave: Annotated[str, typer.Argument(help="As `amana topic list` names it.")],
    subscription: SubscriptionArgument,
) -> None:
    """Sign what somebody else asked for; from now on the subscription is written to the topic."""
    answer = session.client.change("topic.sign", {"leave": leave, "subscription": subscription})
    session.result(answer, f"{leave} signed: {subscription} is written to subscriber.{answer['result']['system']}")


@command(app, "close")
def close(session: Session, subscription: SubscriptionArgument, reason: ReasonOption) -> None:
    """End it: the system is called again. What lies in the topic stays there until it is forgotten."""
    answer = session.client.change("topic.close", {"subscription": subscription, "reason": reason})
    session.result(answer, f"{subscription} is not written to a topic any more")


@command(app, "list")
def show_all(session: Session, limit: LimitOption = 100, after: AfterOption = None) -> None:
    """List who is, was or may be written to a topic."""
    page = session.client.get(target("topics", limit=limit, after=after))
    session.listing(page, COLUMNS, empty="nobody reads a topic: ask for one with `amana topic open`")
