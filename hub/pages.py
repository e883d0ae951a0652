"""Generated pages of `docs/`: `python -m hub.pages` writes them, a test holds them to the source."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from hub.errors import CODES, Code
from hub.metrics.page import render_page

DOCS: Final = Path(__file__).parents[1] / "docs"
FAMILIES: Final[Mapping[str, str]] = {
    "SIZE": "Admission: size",
    "AUTH": "Admission: token and credentials",
    "FRM": "Admission: framing",
    "SIG": "Admission: signature",
    "JSON": "Admission: strict JSON",
    "XML": "Admission: XML",
    "CODE": "Admission: code",
    "GRANT": "Admission: grant",
    "CONTRACT": "Admission: wire contract",
    "BUS": "The log",
    "DEVICE": "Devices",
    "HTTP": "HTTP",
    "PULL": "Pulls",
    "HUB": "The hub itself",
    "METRICS": "Metrics",
}


def render_errors() -> str:
    """The page of stable codes, one row each, grouped by family in the order of the catalogue."""
    lines = [
        "# Error codes",
        "",
        "Generated from `hub/catalogue`. The code is stable; the text may improve. *Fault* says who has to act.",
        "",
    ]
    family = ""
    for code, spec in CODES.items():
        if code.split("-")[1] != family:
            family = code.split("-")[1]
            lines += ["", f"## {FAMILIES.get(family, family.capitalize())}", ""]
            lines += ["| Code | HTTP | Fault | What happened | What was expected | What to do |"]
            lines += ["| --- | --- | --- | --- | --- | --- |"]
        lines.append(_row(code, spec))
    return "\n".join(lines) + "\n"


def _row(code: str, spec: Code) -> str:
    texts = (spec.happened, spec.expected, spec.remedy)
    return (
        f"| `{code}` | {spec.status} | {spec.fault} | " + " | ".join(text.replace("|", "\\|") for text in texts) + " |"
    )


PAGES: Final = {"errors.md": render_errors, "metrics.md": render_page}


def main() -> None:
    for name, render in PAGES.items():
        (DOCS / name).write_text(render(), encoding="utf-8")


if __name__ == "__main__":
    main()
