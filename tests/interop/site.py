"""A real hub with one institution, and its systems as the published connectors see them."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from hub.demo.hubprocess import HubProcess
from hub.demo.onboarding import Operator
from signing import envelope, jsontext
from signing.keyfiles import read_private
from signing.keys import KeyRing, KeyWindow, PrivateKey, PublicKey, load_private, load_public
from tests.interop.node import Node, private_text, public_text

NAME: Final = 'ÉMILIE Ñandú, 李小龍 👩‍💼 \u2028 Wa‘afa </data> & "Sons" \\ Ǽ'
"""A name with what serialisers disagree about: accents, wide and astral characters, separators, mark-up, quotes."""

PAYEE: Final = {
    "employeeId": "190001011999012001",
    "institution": "KEM",
    "class": 7,
    "tariff": "4000000",
    "currency": "IDR",
    "payingUnit": "000001",
    "bankCode": "9001",
    "bankName": "Bank Contoh",
    "account": "0000000001",
    "accountName": NAME,
    "decree": None,
    "validFrom": "2026-01",
}


def payees(**changed: Any) -> dict[str, Any]:
    """A body of one payee."""
    return {"records": [PAYEE | changed]}


@dataclass(frozen=True, slots=True)
class Client:
    """One system's credentials."""

    code: str
    client_id: str
    client_secret: str
    key: PrivateKey

    @property
    def python_key(self) -> str:
        """As PyPI `govesb` takes it: base64 of the PEM text."""
        return base64.b64encode(self.key.pem()).decode()


def js_options(url: str, client: Client, hub_key: PublicKey) -> dict[str, Any]:
    """How the npm connector is configured."""
    return {
        "clientPrivateKey": private_text(client.key),
        "esbPublicKey": public_text(hub_key),
        "clientId": client.client_id,
        "clientSecret": client.client_secret,
        "esbTokenUrl": f"{url}/oauth/token",
        "esbEngineUrl": f"{url}/esb",
        "nidaUserId": "person-1",
    }


def make_js(node: Node, url: str, client: Client, hub_key: PublicKey, **changed: Any) -> Js:
    """The npm connector at a hub, with a system's credentials."""
    node.ask("make", name=client.code, options=js_options(url, client, hub_key) | changed)
    return Js(node, client.code)


class Site:
    """The hub, an operator at it, and Node."""

    def __init__(self, hub: HubProcess, node: Node) -> None:
        self.hub = hub
        self.node = node
        self.operator = Operator(hub.data)
        self._keys = hub.data.parent / "clients"
        self._keys.mkdir(exist_ok=True)
        self.hub_key: PublicKey = load_public(self._public()["publicKey"])
        self.run("institution", "add", "--code", "KEM", "--name", "Kementerian")

    def run(self, *words: str) -> dict[str, Any]:
        return self.operator.run(*words)

    def _public(self) -> dict[str, Any]:
        import httpx

        answer = httpx.get(f"{self.hub.url}/api/v1/hub", trust_env=False)
        value: dict[str, Any] = jsontext.parse(answer.content)
        return value

    def system(self, code: str, *words: str, curve: str = "secp256r1") -> Client:
        """Onboard a system; `words` are further options."""
        answer = self.run(
            "system", "add", "--institution", "KEM", "--code", code,
            "--generate-key", str(self._keys), "--curve", curve, *words,
        )  # fmt: skip
        key = load_private(read_private(Path(answer["privateKeyFile"])))
        return Client(code, answer["clientId"], answer["clientSecret"], key)

    def js(self, client: Client, **changed: Any) -> Js:
        """The npm connector with a system's credentials."""
        return make_js(self.node, self.hub.url, client, self.hub_key, **changed)

    @staticmethod
    def js_public(key: PublicKey) -> str:
        """A public key as the npm connector takes it."""
        return public_text(key)

    def verified(self, text: str) -> dict[str, Any]:
        """The data of a JSON answer that the hub signed; fails when it did not."""
        frame = envelope.frame(text.encode())
        envelope.verify(frame, KeyRing([KeyWindow(self.hub_key, 0)]), 1)
        value: dict[str, Any] = jsontext.parse(frame.data)
        return value


class Js:
    """One `GovEsbHelper`. `wire`: status, media type and text of its last HTTP answer, and what it sent."""

    def __init__(self, node: Node, name: str) -> None:
        self._node = node
        self._name = name
        self.wire: dict[str, Any] = {}

    def call(self, method: str, *args: Any, **fields: Any) -> Any:
        """Call a method; `fields` are public fields set before."""
        answer = self._node.ask("call", name=self._name, method=method, args=list(args), set=fields)
        self.wire = answer["wire"]
        return answer["value"]

    def push(self, code: str, body: Any) -> dict[str, Any] | None:
        """The verified data of the hub's answer to a JSON push, or None when the connector did not believe it."""
        return self._members("pushData", code, body)

    def pull(self, code: str, body: Any) -> dict[str, Any] | None:
        """The verified data of the hub's answer to a JSON pull, likewise."""
        return self._members("requestData", code, body)

    def _members(self, method: str, code: str, body: Any) -> dict[str, Any] | None:
        data = self.call(method, code, jsontext.render(body).decode(), "json")
        return None if data is None else dict(jsontext.parse(data.encode()))

    def push_xml(self, code: str, body: str) -> str | None:
        """The verified `<data>` of the hub's answer to a push in XML. `body`: elements, or any text."""
        return self._text("pushData", code, body)

    def pull_xml(self, code: str, body: str) -> str | None:
        """The verified `<data>` of the hub's answer to a pull in XML."""
        return self._text("requestData", code, body)

    def _text(self, method: str, code: str, body: str) -> str | None:
        data = self.call(method, code, body, "xml")
        return None if data is None else str(data)
