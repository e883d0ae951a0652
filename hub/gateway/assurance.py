"""How sure the hub is of where a message came from.

Rule: as sure as the code declares, and never surer than the way in which the message came proves: a signature proves
`signed`, a registered device `device`. A code may declare less, such as `file` for what a clerk uploads by a system.
"""

from __future__ import annotations

from schemas.canonical.pay import ASSURANCES, Assurance


def weaker(declared: Assurance, proven: Assurance) -> Assurance:
    """The weaker of the two."""
    return max(declared, proven, key=ASSURANCES.index)
