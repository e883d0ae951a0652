"""A difference with its place, before it is put in words."""

from __future__ import annotations

from typing import NamedTuple


class Located(NamedTuple):
    """`path`: JSON Pointer fragment. `breaks`: whether the policy refuses it. `detail`: words of its own, else the kind's."""

    kind: str
    path: str
    breaks: bool
    detail: str = ""


def below(path: str, *tokens: str) -> str:
    """The path of a place further down."""
    return path + "".join("/" + token.replace("~", "~0").replace("/", "~1") for token in tokens)
