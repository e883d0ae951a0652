"""PyPI `govesb` as an institution's program would use it, in the test's own process."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import Any

from govesb.v1.models.enums import DataFormatEnum
from govesb.v1.services.esb_helper2 import ESBHelper2
from govesb.v1.services.token_service import GovESBTokenService

from signing import jsontext
from signing.keys import PublicKey
from tests.interop.node import public_text
from tests.interop.site import Client

JSON, XML = DataFormatEnum.JSON, DataFormatEnum.XML


class Python:
    """One system's credentials with `ESBHelper2`. What it returns is the text of the hub's answer."""

    def __init__(self, url: str, client: Client) -> None:
        self._url = url
        self._client = client

    def token(self) -> str:
        got = GovESBTokenService.get_esb_access_token(
            self._client.client_id, self._client.client_secret, f"{self._url}/oauth/token"
        )
        assert got.success
        return str(got.access_token)

    def push(self, code: str, body: Any) -> str:
        """In JSON; the bare token stands in the header."""
        return self._push(code, jsontext.render(body).decode(), JSON)

    def push_xml(self, code: str, body: str) -> str:
        """In XML; the body's text is escaped inside esbBody, and the declaration line is signed too."""
        return self._push(code, body, XML)

    def pull(self, code: str, body: dict[str, Any], form: DataFormatEnum = JSON) -> str:
        """A token and a pull in one call; the token stands inside the signed data too."""
        return str(
            ESBHelper2.esb_request_with_token(
                self._client.client_id,
                self._client.client_secret,
                code,
                body,
                form,
                self._client.python_key,
                f"{self._url}/oauth/token",
                f"{self._url}/esb/request",
            )
        )

    def _push(self, code: str, body: str, form: DataFormatEnum) -> str:
        key = self._client.python_key
        return str(ESBHelper2.esb_push_request(code, self.token(), body, form, key, f"{self._url}/esb/push-request"))


def verifies_xml(text: str, hub_key: PublicKey) -> bool:
    """Whether `ESBHelper2` believes an XML answer. Of JSON answers it believes nobody's."""
    return bool(ESBHelper2.verify_signed_payload(text, XML, public_text(hub_key)))


def elements(text: str) -> dict[str, str]:
    """Leaves of an XML answer by name."""
    return {node.tag: node.text or "" for node in ET.fromstring(text).iter() if len(node) == 0}
