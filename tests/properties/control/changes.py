"""Changes drawn from a small world, so that references hold as often as they break."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from hub.control.directory import render_body
from hub.control.requests import sign_change
from hub.records import Ms
from signing.keys import PrivateKey
from tests.unit.control.signed_changes import ADMIN, HUB, NOW, SECOND, SYSTEM, pem, start_args

CODES = st.sampled_from(["A", "B", "C"])
KEYS = st.sampled_from([SECOND, SYSTEM, HUB])

REQUESTS = st.sampled_from(["0" * 64, "1" * 64])


def _args(**members: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(members)


CHANGES: st.SearchStrategy[tuple[str, dict[str, Any]]] = st.one_of(
    st.tuples(st.just("institution.add"), _args(code=CODES, name=st.just("x"))),
    st.tuples(
        st.just("unit.add"),
        _args(institution=CODES, code=CODES, name=st.just("x"))
        | _args(institution=CODES, code=CODES, name=CODES, parent=CODES),
    ),
    st.tuples(
        st.just("join.approve"),
        st.builds(
            lambda key, args, new: args | new | {"publicKey": pem(key), "fingerprint": key.public.key_id[:32]},
            KEYS,
            _args(
                request=REQUESTS,
                institution=CODES,
                system=CODES,
                clientId=CODES,
                secretSha256=st.just("0" * 64),
                codes=st.lists(CODES, max_size=2),
            ),
            st.sampled_from([{}, {"institutionName": "x"}, {"unit": "A", "unitName": "x"}, {"unit": "A"}]),
        ),
    ),
    st.tuples(st.just("join.reject"), _args(request=REQUESTS, reason=st.just("x"))),
    st.tuples(
        st.just("system.add"),
        _args(institution=CODES, code=CODES, clientId=CODES, secretSha256=st.just("0" * 64), publicKey=KEYS.map(pem)),
    ),
    st.tuples(st.sampled_from(["system.suspend", "system.resume"]), _args(system=CODES)),
    st.tuples(
        st.just("system.rotate-key"),
        _args(system=CODES, publicKey=KEYS.map(pem), overlapSeconds=st.integers(-1, 5)),
    ),
    st.tuples(
        st.just("dead-letter.discard"), _args(id=st.sampled_from(["0" * 64, "1" * 64, "1"]), reason=st.just("x"))
    ),
    st.tuples(st.just("system.revoke-key"), _args(system=CODES, keyId=KEYS.map(lambda k: k.public.key_id))),
    st.tuples(
        st.just("api.add"),
        _args(code=CODES, adapter=CODES, exchange=CODES, direction=st.sampled_from(["in", "out", "up"])),
    ),
    st.tuples(st.sampled_from(["grant.add", "grant.revoke"]), _args(system=CODES, code=CODES)),
    st.tuples(st.just("subscription.add"), _args(system=CODES, code=CODES)),
    st.tuples(st.just("subscription.pause"), _args(id=st.builds("{}.{}".format, CODES, CODES))),
    st.tuples(
        st.just("device.add"), _args(adapter=CODES, serial=CODES, institution=CODES, networks=st.just(["10.0.0.0/8"]))
    ),
    st.tuples(st.just("device.suspend"), _args(id=st.sampled_from(["device-1", "device-2"]))),
    st.tuples(
        st.just("operator.add"),
        _args(name=CODES, person=CODES, publicKey=KEYS.map(pem), roles=st.just(["admin"])),
    ),
    st.tuples(st.just("operator.suspend"), _args(keyId=KEYS.map(lambda k: k.public.key_id))),
    st.tuples(
        st.just("run.open"),
        _args(
            institution=CODES,
            period=st.just("2026-10"),
            paid=st.just("2026-11"),
            ruleSet=st.just("r"),
            ruleVersion=st.just("1"),
        ),
    ),
    st.tuples(
        st.just("run.approve"),
        _args(run=st.builds("{}-2026-10-1".format, CODES), digest=st.just("sha256:" + "0" * 64)),
    ),
    st.tuples(st.just("message.erase"), _args(ids=st.just(["0" * 64]), reason=st.just("x"))),
    st.tuples(st.just("nonsense"), st.just({})),
)

_SETTLED: list[tuple[str, dict[str, Any]]] = [
    ("institution.add", {"code": "A", "name": "x"}),
    ("system.add", {"institution": "A", "code": "A", "clientId": "A", "secretSha256": "0" * 64}),
    ("api.add", {"code": "A", "adapter": "A", "exchange": "A", "direction": "out"}),
    ("subscription.add", {"system": "A", "code": "A"}),
    ("grant.add", {"system": "A", "code": "A"}),
    ("operator.add", {"name": "A", "person": "A", "publicKey": pem(SECOND)}),
]
"""So that half of the logs have what later changes refer to."""

SIGNERS: st.SearchStrategy[PrivateKey] = st.sampled_from([ADMIN, ADMIN, ADMIN, SECOND])


@st.composite
def control_logs(draw: st.DrawFn) -> list[bytes]:
    """Bodies of a control log: a start, then changes by the right and the wrong people, stale ones, repeats and
    noise."""
    bodies = [render_body(sign_change(ADMIN, "hub.start", start_args(), NOW, "f" * 32), NOW, {"start": True})]
    if draw(st.booleans()):
        bodies += [
            render_body(sign_change(ADMIN, change, args, NOW, f"{n:x}" * 32), NOW, {})
            for n, (change, args) in enumerate(_SETTLED)
        ]
    for n in range(draw(st.integers(0, 25))):
        now = Ms(NOW + 1000 * n)
        match draw(st.integers(0, 11)):
            case 0:
                bodies.append(draw(st.sampled_from(bodies)))
            case 1:
                bodies.append(draw(st.binary(max_size=20)))
            case kind:
                change, args = draw(CHANGES)
                at = Ms(now - 400_000) if kind == 2 else now
                envelope = sign_change(draw(SIGNERS), change, args, at, f"{n:032x}")
                bodies.append(render_body(envelope, now, {"cutoff": {"inbox.x": [n]}}))
    return bodies
