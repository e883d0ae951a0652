"""Generated JSON, and single-byte changes of bytes."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

TEXTS = st.text(st.characters(codec="utf-8"), max_size=12)
INTEGERS = st.integers(-(2**53), 2**53)
SCALARS = st.none() | st.booleans() | INTEGERS | TEXTS
# what every client reprints to the same bytes
PORTABLE_TEXTS = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), max_size=12)
PORTABLE_NAMES = PORTABLE_TEXTS.filter(lambda name: not name.isdigit())


def trees(scalars: st.SearchStrategy[Any], names: st.SearchStrategy[str]) -> st.SearchStrategy[Any]:
    return st.recursive(
        scalars,
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(names, inner, max_size=4),
        max_leaves=12,
    )


JSON = trees(SCALARS | st.floats(allow_nan=False, allow_infinity=False), TEXTS)
CANONICAL_JSON = trees(SCALARS, TEXTS)
PORTABLE_JSON = trees(st.none() | st.booleans() | INTEGERS | PORTABLE_TEXTS, PORTABLE_NAMES)
PORTABLE_OBJECTS = st.dictionaries(PORTABLE_NAMES, PORTABLE_JSON, max_size=5)


@st.composite
def single_byte_changes(draw: st.DrawFn, original: bytes) -> bytes:
    """`original` with one byte replaced, inserted or deleted; never `original` itself. The draws do not depend on its
    length: signatures are random and of two or three lengths."""
    at = draw(st.integers(0, 65_535)) % (len(original) + 1)
    byte = draw(st.sampled_from(b' \t\n",:{}[]\\/0e') | st.integers(0, 255))
    how = draw(st.sampled_from(["replace", "insert", "delete"]))
    if how == "insert" or at == len(original):
        return original[:at] + bytes([byte]) + original[at:]
    if how == "delete":
        return original[:at] + original[at + 1 :]
    changed = byte if byte != original[at] else byte ^ 0x20
    return original[:at] + bytes([changed]) + original[at + 1 :]
