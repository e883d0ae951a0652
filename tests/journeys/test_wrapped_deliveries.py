"""Receivers that want their bodies encrypted, or large ones to fetch."""

from __future__ import annotations

import asyncio
import hashlib
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from hub.errors import BadMessage
from hub.gateway.bodies import find_claim
from hub.ports import Answer, Call
from hub.uploads import Uploads
from signing.encrypted import open_for
from signing.jsontext import parse, render
from signing.keys import PrivateKey
from tests.simulator.hub import HUB_KEYS, PEOPLE, SimHub, sha256
from tests.simulator.month import URL, preset
from tests.simulator.outbox import Sent, delivering, put, states
from tests.simulator.receiver import Receiver

LARGE = {"rows": ["x" * 100] * 12_000}


async def delivered(hub: SimHub, value: Any, key: str = "", **options: str) -> Sent:
    """What becomes of a body that is sent to a new system with these options."""
    await delivering(hub)
    system = {
        "institution": preset().payroll.code,
        "code": "RECEIVER",
        "clientId": "receiver",
        "secretSha256": sha256("receiver"),
        "publicKey": key or PEOPLE.receiver.public.pem(),
        "url": URL,
        "options": options,
        "allowRsa": bool(key),
    }
    assert (await hub.change(hub.signed("system.add", system))).accepted
    wanted = {"system": "RECEIVER", "code": "TUKIN-OUT", "institution": preset().institution.code}
    assert (await hub.change(hub.signed("subscription.add", wanted))).accepted
    sent = await put(hub, "one", "a", subscription="RECEIVER.TUKIN-OUT", system="RECEIVER", body=value)
    await hub.settle()
    return sent


def test_what_is_sent_is_encrypted_for_who_wants_it() -> None:
    """With encrypt=yes the receiver gets a body that its key opens, and it is confirmed like any other; others go on
    getting theirs plain."""

    async def story() -> None:
        hub = SimHub()
        sent = await delivered(hub, {"name": "Ayú"}, encrypt="yes")
        plain = await put(hub, "two", "b")
        await hub.settle()
        assert parse(open_for(hub.receiver.taken[sent.request], PEOPLE.receiver)) == {"name": "Ayú"}
        assert hub.receiver.taken[plain.request] == {"name": "two"}
        assert await states(hub) == {sent.request: "confirmed", plain.request: "confirmed"}

    asyncio.run(story())


def test_without_a_key_for_it_nothing_is_sent() -> None:
    """A receiver that wants encryption and has only an RSA key gets no plain body: a dead letter says why."""

    async def story() -> None:
        hub = SimHub()
        old = PrivateKey(rsa.generate_private_key(65537, 2048)).public.pem()
        sent = await delivered(hub, {"name": "x"}, old, encrypt="yes")
        [letter] = await hub.records("deadletters")
        assert letter.headers["ce_errorcode"] == "AMANA-OUT-006"
        assert await states(hub) == {sent.request: "dead"}
        assert hub.receiver.calls.total() == 0

    asyncio.run(story())


@pytest.mark.parametrize("options", [{"claims": "yes"}, {"claims": "yes", "encrypt": "yes"}])
def test_a_large_body_is_claimed_and_fetched(options: dict[str, str]) -> None:
    """With claims=yes a body beyond 1 MiB comes as a claim: the bytes are there for this receiver alone, are what the
    claim says, and are gone with the message when that is erased."""

    async def story() -> None:
        hub = SimHub()
        sent = await delivered(hub, LARGE, **options)
        claim = find_claim(hub.receiver.taken[sent.request])
        assert claim is not None
        uploads = Uploads(hub.store, HUB_KEYS.wrapper, vault=hub.log)
        upload = await uploads.find("RECEIVER", claim.reference, hub.clock.now())
        fetched = b"".join([piece async for piece in uploads.pieces(upload)])
        assert (claim.size, claim.digest) == (len(fetched), "sha256:" + hashlib.sha256(fetched).hexdigest())
        value = parse(fetched)
        assert (parse(open_for(value, PEOPLE.receiver)) if "encrypt" in options else value) == LARGE
        for system in ("BAYARCONTOH-GAJI", "nobody"):
            with pytest.raises(BadMessage, match="AMANA-CLAIM-001"):
                await uploads.find(system, claim.reference, hub.clock.now())
        with pytest.raises(BadMessage, match="AMANA-CLAIM-001"):  # to be fetched, not to be claimed
            await uploads.redeem("RECEIVER", claim, "TUKIN-OUT", hub.clock.now())
        await hub.log.erase(["secret-one"])
        with pytest.raises(BadMessage, match="AMANA-CLAIM-001"):
            assert [piece async for piece in uploads.pieces(upload)] == []

    asyncio.run(story())


def test_a_repeat_offers_the_same_bytes_under_the_same_claim() -> None:
    """A receiver that did not answer gets the same claim again, encrypted bytes and all; nothing is stored twice."""

    async def story() -> None:
        hub = SimHub()
        seen: list[Any] = []

        class Noting(Receiver):
            async def call(self, call: Call) -> Answer:
                seen.append(parse(call.body)["data"]["esbBody"])
                return await super().call(call)

        hub.receiver = Noting(PEOPLE.receiver, PEOPLE.hub.public, PEOPLE.forger)
        hub.receiver.manner = lambda number, _: "busy" if number == 0 else "accept"
        sent = await delivered(hub, LARGE, claims="yes", encrypt="yes")
        assert await states(hub) == {sent.request: "confirmed"}
        assert len(seen) == 2
        assert seen[0] == seen[1]
        assert await hub.store.count("upload") == {(): 1}

    asyncio.run(story())


def test_who_asks_for_nothing_gets_it_inline() -> None:
    """The published clients know no claims: without the option a body goes as it always did, however large."""

    async def story() -> None:
        hub = SimHub()
        sent = await delivered(hub, LARGE)
        assert render(hub.receiver.taken[sent.request]) == render(LARGE)
        assert await hub.store.count("upload") == {(): 0}

    asyncio.run(story())
