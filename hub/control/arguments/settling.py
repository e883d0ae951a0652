"""Arguments of decisions on what does not go on by itself. Rule: see `hub.control.arguments`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from hub.control.fields import Args, Name, Sha256


class DeliveryNamed(Args):
    """A decision on a delivery that does not go on by itself. `id`: of the outgoing message."""

    id: Sha256
    reason: Name


class DeadLetterNamed(Args):
    """`id`: of a dead letter of a stage before delivery."""

    id: Sha256
    reason: Name


ARGUMENTS: Final[Mapping[str, type[Args]]] = {
    "delivery.retry": DeliveryNamed,
    "delivery.confirm": DeliveryNamed,
    "delivery.skip": DeliveryNamed,
    "delivery.discard": DeliveryNamed,
    "dead-letter.discard": DeadLetterNamed,
}
