"""`$ref`: local, by anchor, by `$id`, to given texts by name, in circles; never fetched."""

from __future__ import annotations

from typing import Any

import pytest

from schemas.compatibility import Level, Policy, SchemaText, UnusableSchema, check
from tests.unit.schemas.compatibility.cases import DRAFT2020, SOUND, STRICT, kinds, text, verdict

S, WHOLE, OBJECT = ({"type": name} for name in ("string", "integer", "object"))
NEWEST = {"$schema": DRAFT2020}
POLICIES = pytest.mark.parametrize("policy", list(Policy))


def pointing(reference: str, target: Any, **more: Any) -> dict[str, Any]:
    """An object whose member `a` is the target, reached by a reference."""
    return {**NEWEST, **more, "type": "object", "properties": {"a": {"$ref": reference}}, "$defs": {"t": target}}


@POLICIES
@pytest.mark.parametrize(
    ("reference", "mark", "root"),
    [
        ("#/$defs/t", {}, {}),
        ("#here", {"$anchor": "here"}, {}),
        ("t.json", {"$id": "t.json"}, {"$id": "http://example.org/root.json"}),
        ("http://example.org/t.json", {"$id": "t.json"}, {"$id": "http://example.org/root.json"}),
        ("urn:x:t", {"$id": "urn:x:t"}, {"$id": "urn:x:root"}),
        ("http://example.org/root.json#/$defs/t", {}, {"$id": "http://example.org/root.json"}),
    ],
)
def test_references_within_a_document(policy: Policy, reference: str, mark: Any, root: Any) -> None:
    """However a place is named, what stands there is compared, with its inline form too."""
    loose, tight = ({**mark, **S, "maxLength": n} for n in (9, 5))
    inline = {**NEWEST, **root, "type": "object", "properties": {"a": {**S, "maxLength": 9}}}
    assert kinds(pointing(reference, tight, **root), pointing(reference, loose, **root), policy) == []
    assert kinds(pointing(reference, tight, **root), inline, policy) == []
    assert len(kinds(pointing(reference, loose, **root), pointing(reference, tight, **root), policy)) == 1


@POLICIES
def test_draft_7_anchors(policy: Policy) -> None:
    """`$id: "#name"` is an anchor in the older dialects."""

    def old(target: Any) -> Any:
        return {"definitions": {"t": {"$id": "#t", **target}}, "items": {"$ref": "#t"}, "type": "array"}

    assert kinds(old(WHOLE), old({"type": "number"}), policy) == []
    assert len(kinds(old(S), old(WHOLE), policy)) == 1


@POLICIES
def test_given_texts_are_found_by_name(policy: Policy) -> None:
    """A reference is answered by the text of that name, each version by its own texts."""
    root = {**NEWEST, "type": "object", "properties": {"a": {"$ref": "part.json#/$defs/t"}}}
    old = text(root, part__json={"$defs": {"t": {**S, "maxLength": 5}}})
    wider = text(root, part__json={"$defs": {"t": {**S, "maxLength": 9}}})
    assert check([old], wider, Level.BACKWARD, policy).compatible
    assert not check([old], wider, Level.FORWARD, policy).compatible
    assert check([old], text(root, part__json={"$defs": {"t": {**S, "maxLength": 5}}}), Level.FULL, policy).compatible


@POLICIES
@pytest.mark.parametrize(
    "reference",
    ["http://127.0.0.1:1/x.json", "file:///etc/passwd", "other.json", "#/nowhere", "#none", "#/$defs/t/type"],
)
def test_nothing_is_fetched(policy: Policy, reference: str) -> None:
    """What no given text answers is an error that names the place and the reference."""
    with pytest.raises(UnusableSchema, match=r"#/properties/a refers to|no schema") as raised:
        check([], text(pointing(reference, S)), Level.BACKWARD, policy)
    assert (raised.value.which, raised.value.kind) in {("new", "reference"), ("new", "keyword")}


@POLICIES
def test_the_faulty_version_is_named(policy: Policy) -> None:
    """An older version that cannot be read is told by its place in the list."""
    with pytest.raises(UnusableSchema) as raised:
        check([text({}), text({"type": "strange"}), text({})], text({}), Level.FULL_TRANSITIVE, policy)
    assert raised.value.which == "old 1"


def tree(leaf: Any) -> dict[str, Any]:
    """A recursive schema."""
    node = {"type": "object", "properties": {"v": leaf, "next": {"$ref": "#/$defs/n"}}, "additionalProperties": False}
    return {**NEWEST, "$ref": "#/$defs/n", "$defs": {"n": node}}


@POLICIES
def test_recursion(policy: Policy) -> None:
    """A circle is compatible unless something in it is not."""
    assert kinds(tree(WHOLE), tree({"type": "number"}), policy) == []
    assert len(kinds(tree({"type": "number"}), tree(WHOLE), policy)) == 1


def test_a_circle_is_a_greatest_fixed_point() -> None:
    """A branch that leans on a pair which fails later is not believed."""

    def graph(last: Any) -> dict[str, Any]:
        a = {
            "type": "object",
            "properties": {"x": {"anyOf": [{"$ref": "#/$defs/b"}, {"$ref": "#/$defs/a"}]}, "y": last},
            "additionalProperties": False,
        }
        b = {"type": "object", "properties": {"z": {"$ref": "#/$defs/a"}}, "additionalProperties": False}
        return {**NEWEST, "$ref": "#/$defs/a", "$defs": {"a": a, "b": b}}

    for policy in (STRICT, SOUND):
        assert verdict(graph(S), graph(S), policy).compatible
        assert not verdict(graph(S), graph(WHOLE), policy).compatible


def test_a_schema_without_end_is_no_schema_for_a_proof() -> None:
    """Applying itself to the same value means nothing; below a member it does."""
    endless = {**NEWEST, "anyOf": [{"$ref": "#"}, S]}
    with pytest.raises(UnusableSchema, match="without end"):
        check([], text(endless), Level.NONE, SOUND)
    assert check([text(endless)], text({**endless, "title": "t"}), Level.FULL, STRICT).compatible


def test_dynamic_references() -> None:
    """One that can only mean one place is followed; one that depends on the way is refused unless nothing changed."""

    def items(limit: int, **more: Any) -> dict[str, Any]:
        return {**NEWEST, "$dynamicAnchor": "n", "maxItems": limit, "items": {"$dynamicRef": "#n"}, **more}

    assert verdict(items(2), items(3), SOUND).compatible
    assert not verdict(items(3), items(2), SOUND).compatible
    other = {"$defs": {"o": {"$id": "o.json", "$dynamicAnchor": "n"}}}
    assert kinds(items(2, **other), items(3, **other), SOUND) == ["UNSUPPORTED #/items"]


@pytest.mark.parametrize(
    "broken",
    ["", "{", "[]", "1", '"a"', '{"a":1,"a":2}', '{"minLength":-1}', '{"minLength":1.5}', '{"type":"any"}', '{"type":[]}',
     '{"properties":[]}', '{"properties":{"a":1}}', '{"required":"a"}', '{"allOf":{}}', '{"enum":1}', '{"maximum":true}',
     '{"pattern":1}', '{"$ref":1}', '{"uniqueItems":1}', "[" * 300 + "]" * 300, '{"not":' * 250 + "{}" + "}" * 250],
)  # fmt: skip
@POLICIES
def test_what_is_no_schema_is_an_error_of_its_own(policy: Policy, broken: str) -> None:
    """Texts that are no JSON, no schema, or have keywords of a wrong form."""
    with pytest.raises(UnusableSchema):
        check([], SchemaText(broken), Level.NONE, policy)


@POLICIES
@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("draft", ["draft-04", "draft-06", "draft-07", "draft/2020-12/meta/core"])
def test_the_drafts_own_addresses_are_answered_without_a_fetch(policy: Policy, draft: str, scheme: str) -> None:
    """A `$ref` to a meta-schema, or into one, is followed: what it says there is compared."""
    address = f"{scheme}://json-schema.org/{draft}" + ("" if "meta" in draft else "/schema#")
    closed = {"type": "object", "additionalProperties": False}
    old = {**closed, "properties": {"s": {"$ref": address}}}
    assert kinds(old, {**closed, "properties": {"s": {"$ref": address}, "t": S}}, policy) == []
    assert kinds(old, {**closed, "properties": {"s": {}}}, policy) == []
    assert kinds({**closed, "properties": {"s": S}}, old, policy) != []
    if draft == "draft-07":
        part = {**closed, "properties": {"n": {"$ref": address + "/definitions/nonNegativeInteger"}}}
        assert kinds(part, {**closed, "properties": {"n": {**WHOLE, "minimum": 0}}}, policy) == []
        assert len(kinds(part, {**closed, "properties": {"n": {**WHOLE, "minimum": 1}}}, policy)) == 1


@pytest.mark.parametrize("policy", [STRICT, Policy.LENIENT])
@pytest.mark.parametrize("draft", ["2019-09", "2020-12"])
def test_the_newest_meta_schemas_with_their_vocabularies(policy: Policy, draft: str) -> None:
    """They refer to their vocabularies, which are answered too. (SOUND does not follow their dynamic references.)"""
    old = {"$schema": DRAFT2020, "type": "array", "items": {"$ref": f"https://json-schema.org/draft/{draft}/schema"}}
    assert kinds(old, {**old, "title": "schemas"}, policy) == []
    assert kinds({**old, "items": S}, old, policy) != []


def test_a_draft_that_is_not_compared_has_no_meta_schema() -> None:
    """Draft 3 is no dialect here, and a look-alike address is none of the drafts'."""
    for address in ("http://json-schema.org/draft-03/schema#", "https://json-schema.org.example/draft-07/schema#"):
        with pytest.raises(UnusableSchema, match="reference"):
            check([], text({"$ref": address}), Level.NONE, STRICT)
