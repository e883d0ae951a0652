"""Metadata: its shape, and the masking that its tags ask for."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.datarules import MASK, inline_tags, mask, read_metadata
from schemas.errors import SchemaError

PERSON = {
    "id": 7,
    "name": "Ayu",
    "grade": "III/a",
    "home": {"street": "Jalan 1", "city": "Kupang"},
    "kids": [{"name": "Bim", "age": 3}],
    "none": None,
}


def masked(*paths: str) -> Any:
    return mask(PERSON, read_metadata({"tags": {path: ["PII"] for path in paths}}).personal)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("name", PERSON | {"name": MASK}),
        ("$.name", PERSON | {"name": MASK}),
        ("home.street", PERSON | {"home": {"street": MASK, "city": "Kupang"}}),
        ("home", PERSON | {"home": {"street": MASK, "city": MASK}}),
        ("home.*", PERSON | {"home": {"street": MASK, "city": MASK}}),
        ("kids.name", PERSON | {"kids": [{"name": MASK, "age": 3}]}),
        ("**.name", PERSON | {"name": MASK, "kids": [{"name": MASK, "age": 3}]}),
        ("*.street", PERSON | {"home": {"street": MASK, "city": "Kupang"}}),
        ("other", PERSON),
    ],
)
def test_tags_mask_their_paths(path: str, expected: Any) -> None:
    """A path names members at any depth, through lists and wildcards."""
    assert masked(path) == expected


def test_what_nobody_described_is_masked_whole() -> None:
    """Without tags nobody knows what is personal, so no value is shown, and no member named by a number."""
    shown = mask({"name": "Ayu", "rows": [{"a": 1}], "198001012005011001": True, "none": None}, None)
    assert shown == {"name": MASK, "rows": [{"a": MASK}], f"{MASK}3": MASK, "none": None}


def test_everything_below_a_wild_tag_is_masked() -> None:
    """`**` alone stands for all there is."""
    assert masked("**")["home"] == {"street": MASK, "city": MASK}


def test_other_tags_mask_nothing() -> None:
    """Only tags that say personal ask for masking."""
    assert mask(PERSON, read_metadata({"tags": {"name": ["public"]}}).personal) == PERSON


def test_sensitive_properties_are_not_shown() -> None:
    """Properties named in `sensitive` are masked."""
    found = read_metadata({"properties": {"owner": "BKN", "key": "secret"}, "sensitive": ["key"]})
    assert found.owner == "BKN"
    assert found.shown_properties == {"owner": "BKN", "key": MASK}


def test_tags_within_a_schema_count() -> None:
    """A schema may carry its tags itself."""
    schema = {"properties": {"rows": {"items": {"properties": {"name": {"confluent:tags": ["PII"]}}}}}}
    assert inline_tags(schema) == {"rows.name": ("PII",)}


@pytest.mark.parametrize("raw", [[], {"tag": {}}, {"tags": {"a": "PII"}}, {"properties": {"a": 1}}, {"sensitive": "a"}])
def test_wrong_metadata_is_refused(raw: Any) -> None:
    """Its shape is checked before it is stored."""
    with pytest.raises(SchemaError):
        read_metadata(raw)
