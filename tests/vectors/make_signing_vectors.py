"""Makes `signing.json`: bytes that the signing floor must go on accepting, refusing and producing.

Run `python -m tests.vectors.make_signing_vectors` to write the file anew. Inputs are fixed, private keys come from
published numbers (never use them); signatures, nonces and salts are random, so the file holds the ones that were made
and a test compares everything else with what this generator would make.
"""

from __future__ import annotations

from base64 import b64encode
from pathlib import Path
from typing import Any, Final

import msgspec
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from signing import encrypted, envelope, jsontext, keys, sealing, tokens

FILE: Final = Path(__file__).with_name("signing.json")
RANDOM: Final = frozenset({"body", "encrypted", "sealed", "wrapped"})
"""Members that differ from run to run."""

NOW: Final = 1_790_000_000_000
DATA: Final = '{"pushCode":"DEMO-1","esbBody":{"name":"Ni Luh Ayú/€","n":[1,-2],"none":null}}'
SPACED: Final = '{"pushCode": "DEMO-1", "esbBody": {"name": "Ni Luh Ay\\u00fa", "n": [1.0, 2e0]}}'


def private_key(curve: str, number: int) -> keys.PrivateKey:
    """The key of a published number on a curve."""
    der = ec.derive_private_key(number, keys.CURVES[curve]).private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return keys.load_private(der)


def key_vectors() -> list[dict[str, Any]]:
    made = []
    for number, curve in enumerate(sorted(keys.CURVES), 7001):
        public = private_key(curve, number).public
        made.append(
            {"curve": curve, "number": number, "public": b64encode(public.der()).decode(), "key_id": public.key_id}
        )
    return made


def envelope_vectors() -> list[dict[str, Any]]:
    made: list[dict[str, Any]] = []

    def add(
        name: str, form: str, data: str, *, curve: str = "secp256r1", signed: str | None = None, outcome: str = "ok"
    ) -> None:
        key = private_key(curve, 7002)
        signature = b64encode(key.sign((signed if signed is not None else data).encode())).decode()
        escaped = signature.replace("/", "\\/").replace("=", "\\u003d")
        body = form.replace("DATA", data).replace("ESCAPED", escaped).replace("SIGNATURE", signature)
        public = b64encode(key.public.der()).decode()
        made.append({"name": name, "public": public, "body": body, "data": data, "outcome": outcome})

    compact = '{"data":DATA,"signature":"SIGNATURE"}'
    for curve in sorted(keys.CURVES):
        add(f"compact, {curve}", compact, DATA, curve=curve)
    add("spaces and escapes inside data, as signed", compact, SPACED)
    add("spaces between the members", ' {"data" : DATA ,\r\n\t"signature" : "SIGNATURE" }\n', DATA)
    add("signature first", '{"signature":"SIGNATURE","data":DATA}', DATA)
    add("signature escaped", '{"data":DATA,"signature":"ESCAPED"}', DATA)
    add("another order inside data", compact, '{"esbBody":{},"pushCode":"DEMO-1"}')
    add("signed another text of the same value", compact, SPACED, signed=SPACED.replace(": ", ":"), outcome="signature")
    add("one character changed", compact, DATA, signed=DATA.replace("DEMO-1", "DEMO-2"), outcome="signature")
    add("second data first", '{"data":{"pushCode":"X"},"data":DATA,"signature":"SIGNATURE"}', DATA, outcome="signature")
    add("second data last", '{"data":DATA,"signature":"SIGNATURE","data":{"pushCode":"X"}}', DATA, outcome="framing")
    add("foreign member", '{"data":DATA,"signature":"SIGNATURE","x":1}', DATA, outcome="framing")
    add("signed span with two objects", compact, '{"a":1},"data":{"a":2}', outcome="json")
    add("signed duplicate member", compact, '{"pushCode":"A","pushCode":"B"}', outcome="json")
    add("signed infinity", compact, '{"pushCode":"A","esbBody":1e999}', outcome="json")
    return made


def json_vectors() -> list[dict[str, Any]]:
    taken = ['{"b":[true,null,{"z":"é","a":-1}],"a":"\\u0041\\/"}', "[]", '"\\ud83d\\ude00"', " 12345678901234567890 "]
    refused = ['{"a":1,"\\u0061":2}', "[1e400]", "[NaN]", "[1]x", '"\\udc00"', "[" * 65 + "]" * 65, "[01]", "\ufeff[]"]
    return [
        {"text": text, "canonical": jsontext.canonical(jsontext.parse(text.encode())).decode()} for text in taken
    ] + [{"text": text, "canonical": None} for text in refused]


def sealing_vectors() -> list[dict[str, Any]]:
    secret = bytes(range(32))
    made = []
    for purpose, body in (("inbox", '{"data":{}}'), ("pay.signal", ""), ("employee", "é" * 40)):
        record = purpose.encode().hex().ljust(64, "0")
        made.append(
            {
                "secret": secret.hex(),
                "purpose": purpose,
                "record": record,
                "plain": body,
                "sealed": b64encode(sealing.BodyKey(secret, purpose).seal(record, body.encode())).decode(),
                "commitment": sealing.commitment(secret, body.encode()),
            }
        )
    return made


def encrypted_vectors() -> list[dict[str, Any]]:
    """Bodies encrypted for the keys of `key_vectors`; those that a published client made are in `client_bodies.json`."""
    made = []
    for number, curve in enumerate(sorted(keys.CURVES), 7001):
        public = private_key(curve, number).public
        for plain in ("", '{"name":"Ni Luh Ayú/€"}', "<root><a></a></root>"):
            body = encrypted.seal_for(plain.encode(), public)
            made.append({"curve": curve, "number": number, "plain": plain, "encrypted": body})
    return made


def wrapping_vectors() -> list[dict[str, Any]]:
    key, secret, context = bytes(range(32, 64)), bytes(range(32)), "ab" * 32
    wrapped = sealing.LocalKeyWrapper(key).wrap(secret, context.encode())
    return [{"key": key.hex(), "secret": secret.hex(), "context": context, "wrapped": b64encode(wrapped).decode()}]


def token_vectors() -> list[dict[str, Any]]:
    key = bytes(range(64, 96))
    claims = [("hr", NOW, 0), ("a.b", NOW + 1, 7)]
    return [
        {"key": key.hex(), "system": s, "expires": e, "epoch": n, "token": tokens.issue(key, s, e, n)}
        for s, e, n in claims
    ]


def render_vectors() -> list[dict[str, Any]]:
    taken: list[dict[str, Any]] = [
        {"success": True, "esbBody": {"name": "é/€", "n": 2**53, "01": None}},
        {"message": "AMANA-SIG-001"},
    ]
    refused: list[dict[str, Any]] = [{"n": 2**53 + 1}, {"esbBody": {"1": 0}}, {"n": 1.5}, {"t": "\u001f"}]
    return [{"members": members, "data": envelope.render_data(members).decode()} for members in taken] + [
        {"members": members, "data": None} for members in refused
    ]


def make() -> dict[str, Any]:
    """All vectors, by what they test."""
    return {
        "keys": key_vectors(),
        "envelopes": envelope_vectors(),
        "json": json_vectors(),
        "render_data": render_vectors(),
        "sealed": sealing_vectors(),
        "encrypted": encrypted_vectors(),
        "wrapped": wrapping_vectors(),
        "tokens": token_vectors(),
    }


if __name__ == "__main__":
    FILE.write_bytes(msgspec.json.format(jsontext.render(make()), indent=1) + b"\n")
