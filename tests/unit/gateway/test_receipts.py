"""What receipts say."""

from __future__ import annotations

from hub.gateway.receipts import render_receipt
from hub.ports import Admitted
from hub.records import Ms, RecordId
from signing import envelope, jsontext, keys

KEY = keys.generate()
OUTCOME = Admitted(RecordId("ab" * 32), 0, 0, Ms(1_790_000_000_000), "sha256:00")


def test_a_receipt_says_when_nothing_was_checked() -> None:
    """Only the receipt of a body that nobody read has the member `checked`, and it is false."""
    plain = jsontext.parse(envelope.frame(render_receipt(OUTCOME, KEY)).data)
    unread = jsontext.parse(envelope.frame(render_receipt(OUTCOME, KEY, checked=False)).data)
    assert unread["esbBody"] == {**plain["esbBody"], "checked": False}
    assert "checked" not in plain["esbBody"]
