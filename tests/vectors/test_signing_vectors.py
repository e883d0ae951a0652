"""The recorded bytes of the signing floor: a change that breaks one of these breaks every hub that holds data."""

from __future__ import annotations

from base64 import b64decode
from typing import Any

import pytest

from signing import encrypted, envelope, jsontext, keys, sealing, tokens
from signing.errors import SigningError
from tests.vectors.make_signing_vectors import FILE, NOW, RANDOM, make, private_key

VECTORS: dict[str, list[dict[str, Any]]] = jsontext.parse(FILE.read_bytes())

CLIENT: dict[str, Any] = jsontext.parse(FILE.with_name("client_bodies.json").read_bytes())


def fixed(vectors: dict[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    return {
        group: [{name: value for name, value in each.items() if name not in RANDOM} for each in members]
        for group, members in vectors.items()
    }


def test_generator_and_file_agree() -> None:
    """The generator makes the file's vectors anew, all but what is random in them."""
    assert fixed(make()) == fixed(VECTORS)


def test_no_group_is_empty() -> None:
    """Every group holds vectors, so that the loops below test something."""
    assert min(len(group) for group in VECTORS.values()) >= 1


@pytest.mark.parametrize("vector", VECTORS["keys"], ids=lambda vector: str(vector["curve"]))
def test_keys(vector: dict[str, Any]) -> None:
    """A public key loads with the recorded curve and id, and belongs to its number."""
    public = keys.load_public(vector["public"])
    assert (public.curve, public.key_id) == (vector["curve"], vector["key_id"])
    assert private_key(vector["curve"], vector["number"]).public == public


@pytest.mark.parametrize("vector", VECTORS["envelopes"], ids=lambda vector: str(vector["name"]))
def test_envelopes(vector: dict[str, Any]) -> None:
    """A recorded body is accepted with its data, or refused as recorded."""
    ring = keys.KeyRing([keys.KeyWindow(keys.load_public(vector["public"]), 0)])

    def accept() -> bytes:
        frame = envelope.frame(vector["body"].encode())
        envelope.verify(frame, ring, NOW)
        jsontext.parse(frame.data)
        return frame.data

    if vector["outcome"] == "ok":
        assert accept() == vector["data"].encode()
    else:
        with pytest.raises(SigningError) as caught:
            accept()
        assert caught.value.kind == vector["outcome"]


@pytest.mark.parametrize("vector", VECTORS["json"], ids=lambda vector: str(vector["text"])[:20])
def test_json(vector: dict[str, Any]) -> None:
    """A recorded text has its canonical form, or is refused."""
    if vector["canonical"] is None:
        with pytest.raises(SigningError, match="json"):
            jsontext.parse(vector["text"].encode())
    else:
        assert jsontext.canonical(jsontext.parse(vector["text"].encode())) == vector["canonical"].encode()


@pytest.mark.parametrize("vector", VECTORS["render_data"])
def test_render_data(vector: dict[str, Any]) -> None:
    """Recorded members render to the recorded text, or are refused."""
    if vector["data"] is None:
        with pytest.raises(SigningError, match="json"):
            envelope.render_data(vector["members"])
    else:
        assert envelope.render_data(vector["members"]) == vector["data"].encode()


@pytest.mark.parametrize("vector", VECTORS["sealed"], ids=lambda vector: str(vector["purpose"]))
def test_sealed_bodies(vector: dict[str, Any]) -> None:
    """A body that was sealed once opens for ever, and its commitment stays."""
    secret = bytes.fromhex(vector["secret"])
    opened = sealing.BodyKey(secret, vector["purpose"]).open_seal(vector["record"], b64decode(vector["sealed"]))
    assert opened == vector["plain"].encode()
    assert sealing.commitment(secret, opened) == vector["commitment"]


@pytest.mark.parametrize("vector", VECTORS["encrypted"])
def test_encrypted_bodies(vector: dict[str, Any]) -> None:
    """A body that was encrypted once for a key opens under it for ever."""
    key = private_key(vector["curve"], vector["number"])
    assert encrypted.open_for(vector["encrypted"], key).decode() == vector["plain"]


@pytest.mark.parametrize("body", CLIENT["bodies"], ids=lambda body: str(body["curve"]))
def test_encrypted_bodies_of_a_published_client(body: dict[str, Any]) -> None:
    """What the JavaScript connector encrypted opens, on every curve that it takes."""
    key = private_key(body["curve"], body["number"])
    assert encrypted.open_for(body["value"], key).decode() == CLIENT["plain"]


@pytest.mark.parametrize("vector", VECTORS["wrapped"])
def test_wrapped_secrets(vector: dict[str, Any]) -> None:
    """A secret that was wrapped once unwraps for ever."""
    wrapper = sealing.LocalKeyWrapper(bytes.fromhex(vector["key"]))
    assert wrapper.unwrap(b64decode(vector["wrapped"]), vector["context"].encode()).hex() == vector["secret"]


@pytest.mark.parametrize("vector", VECTORS["tokens"], ids=lambda vector: str(vector["system"]))
def test_tokens(vector: dict[str, Any]) -> None:
    """A token that was issued reads as recorded until it expires."""
    actual = tokens.read(bytes.fromhex(vector["key"]), vector["token"], vector["expires"] - 1)
    assert actual == tokens.Token(vector["system"], vector["expires"], vector["epoch"])
