"""The arguments that each change takes, one module for each module of decisions.

Rule: every argument is here, typed and bounded; nothing is filled in from outside (a manifest, a clock, a zone
database), so the same record means the same to every reader for ever. Member names are camelCase.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from hub.control.arguments import contracting, exchanging, feeding, governing, joining, onboarding, publishing, settling
from hub.control.arguments.contracting import ApiContract, ContractStateSet, WaiverOpen, WaiverSign
from hub.control.arguments.exchanging import (
    ApiAdd,
    DeviceAdd,
    DeviceNamed,
    GrantAdd,
    GrantNamed,
    GrantOptions,
    SubscriptionAdd,
    SubscriptionNamed,
)
from hub.control.arguments.feeding import FeedAdd, FeedNamed
from hub.control.arguments.governing import (
    FirstOperator,
    HubStart,
    MessageErase,
    OperatorAdd,
    OperatorNamed,
    RunApprove,
    RunOpen,
)
from hub.control.arguments.joining import JoinApprove, JoinReject
from hub.control.arguments.onboarding import (
    InstitutionAdd,
    SystemAdd,
    SystemNamed,
    SystemRevokeKey,
    SystemRotateKey,
    SystemRotateSecret,
    UnitAdd,
)
from hub.control.arguments.publishing import TopicClose, TopicOpen, TopicSign
from hub.control.arguments.settling import DeadLetterNamed, DeliveryNamed
from hub.control.fields import Args

ARGUMENTS: Final[Mapping[str, type[Args]]] = {
    **onboarding.ARGUMENTS,
    **joining.ARGUMENTS,
    **exchanging.ARGUMENTS,
    **contracting.ARGUMENTS,
    **feeding.ARGUMENTS,
    **governing.ARGUMENTS,
    **settling.ARGUMENTS,
    **publishing.ARGUMENTS,
}
"""By kind of change."""

__all__ = [
    "ARGUMENTS",
    "ApiAdd",
    "ApiContract",
    "ContractStateSet",
    "DeadLetterNamed",
    "DeliveryNamed",
    "DeviceAdd",
    "DeviceNamed",
    "FeedAdd",
    "FeedNamed",
    "FirstOperator",
    "GrantAdd",
    "GrantNamed",
    "GrantOptions",
    "HubStart",
    "InstitutionAdd",
    "JoinApprove",
    "JoinReject",
    "MessageErase",
    "OperatorAdd",
    "OperatorNamed",
    "RunApprove",
    "RunOpen",
    "SubscriptionAdd",
    "SubscriptionNamed",
    "SystemAdd",
    "SystemNamed",
    "SystemRevokeKey",
    "SystemRotateKey",
    "SystemRotateSecret",
    "TopicClose",
    "TopicOpen",
    "TopicSign",
    "UnitAdd",
    "WaiverOpen",
    "WaiverSign",
]
