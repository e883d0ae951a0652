"""`amana adapter check`: one adapter against all laws.

Rule: a finding says which law, what is broken, and nothing out of a payload.
"""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from adapters.kit.errors import KitError
from adapters.kit.laws import LAWS, broken_by
from adapters.kit.registry import ROOT, load


class Finding(NamedTuple):
    """One broken promise of an adapter: the law (a name in `adapters.kit.laws`) and what breaks it."""

    adapter: str
    law: str
    text: str


def check(adapter_id: str, root: Path = ROOT) -> list[Finding]:
    """Findings on the adapter `adapter_id` under `root`; empty when it keeps every law."""
    try:
        adapter = load(adapter_id, root)
    except KitError as error:
        return [Finding(adapter_id, "manifest_complete", error.detail)]
    return [Finding(adapter_id, law, text) for law in LAWS for text in broken_by(adapter, law)]
