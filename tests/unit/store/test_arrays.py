"""Arrays as PostgreSQL reads them."""

from __future__ import annotations

import psycopg
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sqlalchemy import BigInteger, String

from hub.store.arrays import render_values
from tests.clusters import postgres

TEXTS = st.lists(st.none() | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")))
NUMBERS = st.lists(st.none() | st.integers(-(2**63), 2**63 - 1))


def _read(kind: str, text: str) -> object:
    with psycopg.connect(postgres.shared().admin) as connection:
        row = connection.execute(f"SELECT %s::{kind}[]".encode(), (text,)).fetchone()
    assert row is not None
    return row[0]


@pytest.mark.needs("postgres")
@given(TEXTS)
@example(['"', "\\", 'a\\"', "NULL", "", " x ", "{}", ",", None])
def test_texts_come_back_as_they_were(texts: list[str | None]) -> None:
    """Quotes, backslashes, braces, the word NULL, nothing, and no text at all."""
    assert _read("text", render_values(String(), texts)) == texts


@pytest.mark.needs("postgres")
@given(NUMBERS)
def test_numbers_come_back_as_they_were(numbers: list[int | None]) -> None:
    """Whole numbers to the ends of what a column takes, and none."""
    assert _read("bigint", render_values(BigInteger(), numbers)) == numbers
