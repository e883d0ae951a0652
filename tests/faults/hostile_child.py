"""A child of `amana serve` that also finds the adapters in the folder that `AMANA_TEST_ADAPTERS` names.

`python -m tests.faults.hostile_child` instead of `-m hub.serve.child`; `serve()` below is the parent that runs it.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from adapters.kit import registry
from hub.serve import child, processes, supervisor

FOLDER = "AMANA_TEST_ADAPTERS"


def command_of(role: str, arguments: Sequence[str]) -> list[str]:
    """The real command, but for the module."""
    return ["tests.faults.hostile_child" if word == "hub.serve.child" else word for word in real(role, arguments)]


real = processes.command_of


def also(folder: Path) -> Mapping[str, registry.Adapter]:
    """The adapters of this distribution, and those of the folder."""
    return MappingProxyType({**registry.find(), **registry.find(folder)})


if __name__ == "__main__":
    if "--role" in sys.argv:
        registry._found[registry.ROOT] = also(Path(os.environ[FOLDER]))
        sys.exit(child.main())
    processes.command_of = command_of
    sys.exit(supervisor.main())
