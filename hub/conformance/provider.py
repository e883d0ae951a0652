"""The provider behind the kit's pull codes: it answers what each step needs, signed, late where that is the step. Pure."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

from hub.conformance.steps import LATE, NUMBERS, TAMPERED, TRUE_AMOUNT, VALUES
from signing import forms
from signing.keys import PrivateKey

HOST: Final = "trial.invalid"
"""The provider's address names a host that cannot exist: the kit answers such calls itself."""

URL: Final = f"http://{HOST}/provider"
LATENESS: Final = 6.0  # seconds that the late provider takes
PATIENCE: Final = 2.0  # seconds that the hub waits for it


class Reply(NamedTuple):
    """A signed answer, and how long it takes."""

    body: bytes
    after: float


def reply(request: bytes, key: PrivateKey) -> Reply:
    """The answer to a request of the hub. Raises "framing" or "json" for what no hub sends."""
    members = forms.read_data(forms.frame_body(request, "json").data, "json")
    code = members.get("apiCode")
    body: Any = members.get(forms.BODY)
    if code == NUMBERS:
        body = VALUES
    elif code == TAMPERED:
        body = {"amount": TRUE_AMOUNT}
    answer = {"success": True, "requestId": members.get("requestId"), forms.BODY: {} if body is None else body}
    return Reply(forms.seal_form(answer, key, "json", "response"), LATENESS if code == LATE else 0.0)
