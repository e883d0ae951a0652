"""What every published client sends is taken with its meaning, and what the hub answers is what each of them verifies."""

from __future__ import annotations

from typing import Any

import pytest

from signing import forms, jsontext, keys
from signing.errors import SigningError
from tests.vectors import clients
from tests.vectors.make_client_vectors import FILE, JSON_CHECKS, RANDOM, XML_CHECKS, make

VECTORS: dict[str, list[dict[str, Any]]] = jsontext.parse(FILE.read_bytes())
PUBLIC = {each["who"]: keys.load_public(each["public"]) for each in VECTORS["keys"]}
CLIENT = keys.KeyRing([keys.KeyWindow(PUBLIC["client"], 0)])
HUB = keys.KeyRing([keys.KeyWindow(PUBLIC["hub"], 0)])


def fixed(vectors: dict[str, list[dict[str, Any]]]) -> dict[str, list[dict[str, Any]]]:
    return {
        group: [{name: value for name, value in each.items() if name not in RANDOM} for each in members]
        for group, members in vectors.items()
    }


def test_generator_and_file_agree() -> None:
    """The generator makes the file's vectors anew, all but the signatures."""
    assert fixed(make()) == fixed(VECTORS)


@pytest.mark.parametrize(
    "vector", VECTORS["sent"], ids=lambda each: f"{each['client']}: {each['what']}, {each['form']}"
)
def test_what_a_client_sends(vector: dict[str, Any]) -> None:
    """Taken in its form, over the very text that the client signed, with the meaning that it had."""
    body = vector["body"].encode()
    media = forms.media_of(vector["form"])
    verified = forms.verify_forms(forms.frame_body(body, media), CLIENT, 1)
    assert (verified.form, verified.data.decode()) == (vector["form"], vector["data"])
    assert forms.verified_bytes(body, verified.form) == verified.data
    assert forms.read_data(verified.data, verified.form) == vector["members"]


@pytest.mark.parametrize(
    "vector", VECTORS["sent"], ids=lambda each: f"{each['client']}: {each['what']}, {each['form']}"
)
def test_what_a_client_did_not_sign(vector: dict[str, Any]) -> None:
    """One letter of the body's content changed, and no form of it verifies."""
    body = vector["body"].replace("DEMO", "DEMA").encode()
    with pytest.raises(SigningError, match="signature"):
        forms.verify_forms(forms.frame_body(body, forms.media_of(vector["form"])), CLIENT, 1)


@pytest.mark.parametrize("vector", VECTORS["answered"], ids=lambda each: f"{each['media']}: {each['data'][:40]}")
def test_what_the_hub_answers(vector: dict[str, Any]) -> None:
    """Everybody who verifies recomputes exactly what was signed; Python 1.x alone cannot, in JSON, from anyone."""
    everybody = JSON_CHECKS if vector["media"] == "json" else XML_CHECKS
    assert vector["verifies"] == [client for client in everybody if (vector["media"], client) != ("json", "python")]
    frame = forms.frame_body(vector["body"].encode(), vector["media"])
    assert forms.verify_forms(frame, HUB, 1).data == vector["data"].encode()
    checks = [everybody[client](vector["body"]).encode() for client in vector["verifies"]]
    assert all(PUBLIC["hub"].verify(text, frame.signature) for text in checks)


@pytest.mark.parametrize(
    ("number", "js", "java"),
    [
        (1.0, "1", "1.0"),
        (1e21, "1e+21", "1.0E21"),
        (123456789012345680000.0, "123456789012345680000", "1.2345678901234568E20"),
        (1e-7, "1e-7", "1.0E-7"),
        (0.000123, "0.000123", "1.23E-4"),
        (0.001, "0.001", "0.001"),
        (1e7, "10000000", "1.0E7"),
        (-1234567.25, "-1234567.25", "-1234567.25"),
        (100.0, "100", "100.0"),
        (5, "5", "5"),
    ],
)
def test_the_models_spell_numbers_as_the_languages_do(number: float, js: str, java: str) -> None:
    """Known outputs of JavaScript and Java, so that the judges above can be trusted."""
    assert (clients.js_stringify(number), clients.jackson_print(number)) == (js, java)
