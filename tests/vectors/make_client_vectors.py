"""Makes `clients.json`: for every row of the clients' table what it sends, and what it finds in an answer of the hub.

Run `python -m tests.vectors.make_client_vectors` to write the file anew. Signatures are random, so the file holds the
ones that were made, and a test compares everything else.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import msgspec

from signing import forms, jsontext
from tests.vectors import clients
from tests.vectors.make_signing_vectors import private_key

FILE: Final = Path(__file__).with_name("clients.json")
RANDOM: Final = frozenset({"body"})
KEY: Final = private_key("secp256r1", 7011)
HUB_KEY: Final = private_key("secp256k1", 7012)

PUSH: Final[dict[str, Any]] = {
    "pushCode": "DEMO-1",
    "esbBody": {"nama": "Ni Luh Ayú/€ 𝄞", "mark": 87.5, "count": 3, "days": [1, 2], "note": "a < b & c"},
}
PULL: Final[dict[str, Any]] = {
    "apiCode": "DEMO-2",
    "authorization": "t0ken",
    "userId": "19800101-1",
    "esbBody": {"nip": "1"},
}
NUMBERS: Final[dict[str, Any]] = {
    "pushCode": "DEMO-1",
    "esbBody": {"whole": 1.0, "large": 1e10, "small": 1e-7, "9": 1, "a": 0},
}
ANSWERS: Final[list[dict[str, Any]]] = [
    {"success": True, "requestId": "0" * 32, "esbBody": {"digest": "sha256:ab", "duplicate": False}},
    {"success": False, "requestId": "0" * 32, "message": "AMANA-SIG-001 the signature does not match"},
    {
        "success": True,
        "requestId": "0" * 32,
        "esbBody": {"name": "Ayú/€ 𝄞\n", "n": [1.0, 1e3, 0.25, -0.0], "b": 1},
    },
    {"success": True, "requestId": "0" * 32, "esbBody": [{"note": "a < b & c > d"}, {"note": ""}]},
    {"success": True, "requestId": "0" * 32, "esbBody": {"data": {"signature": "</data>"}}},
]

JSON_ANSWERS: Final[list[dict[str, Any]]] = [
    {"success": True, "requestId": "0" * 32, "esbBody": {"b": 1, "10": 2, "9": {"z": 1, "0": 2}}},
]

JSON_CHECKS: Final[dict[str, Callable[[str], str]]] = {
    "java": clients.jackson_checks,
    "js": clients.js_checks,
    "php": clients.php_checks,
    "python": clients.python_checks,
}
XML_CHECKS: Final[dict[str, Callable[[str], str]]] = {
    "java": clients.first_to_last,
    "js": clients.first_to_first,
    "php": clients.first_to_last,
    "python": clients.first_to_last,
}


def sent() -> list[dict[str, Any]]:
    """What each client sends. `data` is what it signs, `form` how that is found in the body, `members` what it means."""
    made: list[dict[str, Any]] = []

    def add(client: str, what: str, body: str, data: str, form: str, members: dict[str, Any]) -> None:
        signature = b64encode(KEY.sign(data.encode())).decode()
        made.append(
            {
                "client": client,
                "what": what,
                "body": body.replace("SIGNATURE", signature),
                "data": data,
                "form": form,
                "members": members,
            }
        )

    compact, spaced = '{"data":%s,"signature":"SIGNATURE"}', '{"data": %s, "signature": "SIGNATURE"}'
    for what, members in (("push", PUSH), ("pull", PULL), ("numbers", NUMBERS)):
        for client, shape, spell in (
            ("java", compact, clients.jackson_print),
            ("js", compact, clients.js_stringify),
            ("php", compact, clients.php_encode),
            ("python", spaced, clients.python_dumps),
        ):
            text = spell(members)
            add(client, what, shape % text, text, "json", members)
    for what, members in (("push", PUSH), ("pull", PULL)):
        text = clients.js_stringify(members)
        add(
            "js, sent by a printer with spaces",
            what,
            spaced % clients.python_dumps(members),
            text,
            "json-compact",
            members,
        )
        nested, js, python = clients.nested_xml(members), clients.js_xml(members), clients.python_xml(members)
        means = texts(members)
        add(
            "java, php",
            what,
            f"<esbrequest>{nested}<signature>SIGNATURE</signature></esbrequest>",
            nested,
            "xml",
            means,
        )
        add("js", what, f"<esbrequest>{js}<signature>SIGNATURE</signature></esbrequest>", js, "xml", means)
        add(
            "python",
            what,
            f"{clients.PYTHON_LINE}<esbrequest>{python}<signature>SIGNATURE</signature></esbrequest>",
            clients.PYTHON_LINE + python,
            "xml-declared",
            means,
        )
        indented = nested.replace("><", ">\n    <")
        wide = f"<esbrequest>\n  {indented}\n  <signature>SIGNATURE</signature>\n</esbrequest>\n"
        add("java, sent by a printer that indents", what, wide, nested, "xml-stripped", means)
    plain = clients.js_stringify(PUSH["esbBody"])
    for what, string in (
        ("a JSON string", plain),
        ("a JSON string, escaped", plain.replace("&", "&amp;").replace("<", "&lt;")),
    ):
        text = clients.js_xml(PUSH | {"esbBody": string})
        add("js", what, f"<esbrequest>{text}<signature>SIGNATURE</signature></esbrequest>", text, "xml", PUSH)
    return made


def texts(value: Any) -> Any:
    """What XML says of a value: leaves are texts."""
    if isinstance(value, dict):
        return {name: texts(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [texts(each) for each in value]
    return value if isinstance(value, str) else str(value)


def answered() -> list[dict[str, Any]]:
    """What the hub answers. `verifies`: the clients that recompute exactly the signed text."""
    made = []
    for media, answers, checks in (("json", ANSWERS + JSON_ANSWERS, JSON_CHECKS), ("xml", ANSWERS, XML_CHECKS)):
        for members in answers:
            body = forms.seal_form(members, HUB_KEY, media, "response").decode()  # type: ignore[arg-type]
            data = forms.frame_body(body.encode(), media).data.decode()  # type: ignore[arg-type]
            verifies = [client for client, check in checks.items() if check(body) == data]
            made.append({"media": media, "members": members, "data": data, "body": body, "verifies": verifies})
    return made


def make() -> dict[str, Any]:
    """All vectors, by what they test."""
    keys = {"client": KEY.public, "hub": HUB_KEY.public}
    return {
        "keys": [{"who": who, "public": b64encode(public.der()).decode()} for who, public in keys.items()],
        "sent": sent(),
        "answered": answered(),
    }


if __name__ == "__main__":
    FILE.write_bytes(msgspec.json.format(jsontext.render(make()), indent=1) + b"\n")
