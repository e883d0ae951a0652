"""`amana adapter new NAME`: a folder that keeps every law, to be filled.

Rule: what it makes is a copy of `_template` with the name changed, nothing generated on the side.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Final

from adapters.kit.errors import AdapterError
from adapters.kit.registry import ROOT

TEMPLATE: Final = "_template"
_NAME: Final = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
_TEXT: Final = frozenset({".py", ".toml", ".md", ".json"})


def create(name: str, target_dir: Path = ROOT) -> Path:
    """Make the adapter `name` in `target_dir` and return its folder.

    Raises `AdapterError` "name-unusable" or "name-taken"; writes nothing then.
    """
    if not _NAME.fullmatch(name) or len(name) > 40 or name == "kit":
        raise AdapterError("name-unusable", "a name has lower-case letters, digits and single underscores")
    folder = target_dir.resolve() / name
    if folder.exists():
        raise AdapterError("name-taken", f"there is a folder {name} already")
    shutil.copytree(ROOT / TEMPLATE, folder, ignore=shutil.ignore_patterns("__pycache__"))
    for path in folder.rglob("*"):
        if path.suffix in _TEXT:
            path.write_text(path.read_text("utf-8").replace(TEMPLATE, name), "utf-8")
    return folder
