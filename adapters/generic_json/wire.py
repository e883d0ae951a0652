"""The wire form of generic JSON: {"records": [...]} of canonical records, their contracts inlined.

Rule: nothing is declared twice; the schemas are those of the canonical contracts.
"""

from __future__ import annotations

from adapters.kit.attached import AttachedFile
from adapters.kit.wire import records_of
from schemas.contracts import CONTRACTS

Payees = records_of(CONTRACTS["payee"].schema)
Enrolments = records_of(CONTRACTS["enrolment"].schema)
Calendars = records_of(CONTRACTS["calendar"].schema)
Leaves = records_of(CONTRACTS["leave"].schema)
Sanctions = records_of(CONTRACTS["sanction"].schema)
Links = records_of(CONTRACTS["identity.link"].schema)
Outages = records_of(CONTRACTS["device-outage"].schema)
LinkTable = AttachedFile
