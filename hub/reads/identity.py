"""Numbers that contradict each other, for a person to put right. Rule: what a run of all time would hold, from the records
as they stand now; bodies are opened here, and the caller audits it."""

from __future__ import annotations

from typing_extensions import TypedDict

from hub.ports import Store, Vault
from hub.runs.codec import load_contract
from hub.runs.identity import TEXTS, join_numbers
from hub.runs.selection import Fact
from schemas.datarules import MASK


class ConflictRow(TypedDict):
    institution: str
    kind: str
    numbers: list[str]
    employees: list[str]
    links: list[str]
    text: str


class Conflicts(TypedDict):
    items: list[ConflictRow]


async def list_conflicts(store: Store, vault: Vault, institutions: list[str]) -> tuple[list[ConflictRow], int]:
    """The conflicts of these institutions, and how many records were opened to find them."""
    found: list[ConflictRow] = []
    opened = 0
    for institution in institutions:
        employees = (await load_contract(store, vault, institution, "employee")).facts
        links = (await load_contract(store, vault, institution, "identity.link")).facts
        opened += len(employees) + len(links)
        _, conflicts = join_numbers(
            (fact.value for fact in _latest(employees, "employeeId", institution)),
            (fact.value for fact in _latest(links, "linkId", institution)),
        )
        found += [
            {
                "institution": institution,
                "kind": one.kind,
                "numbers": list(one.numbers),
                "employees": list(one.employees),
                "links": list(one.links),
                "text": TEXTS[one.kind],
            }
            for one in conflicts
        ]
    return found, opened


def masked_row(row: ConflictRow) -> ConflictRow:
    """The same without a number: where, which kind, how many."""
    return {
        "institution": row["institution"],
        "kind": row["kind"],
        "numbers": [MASK for _ in row["numbers"]],
        "employees": [MASK for _ in row["employees"]],
        "links": [MASK for _ in row["links"]],
        "text": row["text"],
    }


def _latest(facts: list[Fact], member: str, institution: str) -> list[Fact]:
    kept: dict[str, Fact] = {}
    for fact in sorted(facts, key=lambda fact: fact.age):
        if fact.value["institution"] == institution:
            kept[fact.value[member]] = fact
    return list(kept.values())
