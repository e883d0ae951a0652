"""Every kind of difference: what it says, what a person can do about it, and which policies let it pass.

Rule: a kind that breaks under some policy has a hint. Kinds of the reference rules keep the reference's names, so that
messages of other registries can be compared; those of SOUND alone stand apart.
"""

from __future__ import annotations

from functools import cache
from types import MappingProxyType
from typing import Final

from schemas.compatibility.verdict import Policy

_KEEP: Final = "Keep the rule as it was, or loosen it; a stricter rule needs a new subject (a new major version)."
_OPTIONAL: Final = "Leave the property optional, or give it a `default` and fill it in on reading."
_CLOSE: Final = (
    "An open object may already carry that name with any value. Close the object first (`additionalProperties: false`), "
    "give the property an empty schema, or set the subject's policy to LENIENT."
)
_REOPEN: Final = "Keep the property declared (mark it deprecated), or open the object before it is removed."
_COVER: Final = (
    "Make the schema of the property and that of undeclared properties agree: the old one must fit into the new one."
)
_BRANCH: Final = "Keep every branch of the older version, each at most loosened, and add new branches beside them."

_TEXTS: Final[dict[str, tuple[str, str]]] = {
    "TYPE_CHANGED": (
        "the type changed",
        "Keep the old type and add the new one beside it: `type` as a list, or `anyOf`.",
    ),
    "TYPE_NARROWED": (
        "a number must now be whole",
        "Keep `number`; say in the description that fractions are not expected.",
    ),
    "SCHEMA_ADDED": ("a schema was added where everything was allowed", "Leave it out, or add it in a new subject."),
    "MAX_LENGTH_ADDED": ("a largest length was added", _KEEP),
    "MAX_LENGTH_DECREASED": ("the largest length became smaller", _KEEP),
    "MIN_LENGTH_ADDED": ("a smallest length was added", _KEEP),
    "MIN_LENGTH_INCREASED": ("the smallest length became larger", _KEEP),
    "PATTERN_ADDED": ("a pattern was added", _KEEP),
    "PATTERN_CHANGED": (
        "the pattern changed; patterns are not compared by what they match",
        "Keep the pattern, or remove it.",
    ),
    "MAXIMUM_ADDED": ("a maximum was added", _KEEP),
    "MAXIMUM_DECREASED": ("the maximum became smaller", _KEEP),
    "MINIMUM_ADDED": ("a minimum was added", _KEEP),
    "MINIMUM_INCREASED": ("the minimum became larger", _KEEP),
    "EXCLUSIVE_MAXIMUM_ADDED": ("an exclusive maximum was added", _KEEP),
    "EXCLUSIVE_MAXIMUM_DECREASED": ("the exclusive maximum became smaller", _KEEP),
    "EXCLUSIVE_MINIMUM_ADDED": ("an exclusive minimum was added", _KEEP),
    "EXCLUSIVE_MINIMUM_INCREASED": ("the exclusive minimum became larger", _KEEP),
    "MULTIPLE_OF_ADDED": ("numbers must now be multiples", _KEEP),
    "MULTIPLE_OF_EXPANDED": ("numbers must now be multiples of a larger number", _KEEP),
    "MULTIPLE_OF_CHANGED": (
        "numbers must now be multiples of another number",
        "Use a divisor of the old `multipleOf`.",
    ),
    "REQUIRED_ATTRIBUTE_ADDED": ("an optional property became required", _OPTIONAL),
    "MAX_PROPERTIES_ADDED": ("a largest number of properties was added", _KEEP),
    "MAX_PROPERTIES_DECREASED": ("fewer properties are allowed", _KEEP),
    "MIN_PROPERTIES_ADDED": ("a smallest number of properties was added", _KEEP),
    "MIN_PROPERTIES_INCREASED": ("more properties are demanded", _KEEP),
    "ADDITIONAL_PROPERTIES_REMOVED": (
        "undeclared properties are no longer allowed",
        "Leave the object as open as it was.",
    ),
    "ADDITIONAL_PROPERTIES_NARROWED": (
        "undeclared properties must now fit a schema",
        "Leave the object as open as it was.",
    ),
    "UNEVALUATED_PROPERTIES_REMOVED": (
        "unevaluated properties are no longer allowed",
        "Leave the object as open as it was.",
    ),
    "UNEVALUATED_PROPERTIES_NARROWED": (
        "unevaluated properties must now fit a schema",
        "Leave the object as open as it was.",
    ),
    "DEPENDENCY_ARRAY_ADDED": ("a property now demands others", _KEEP),
    "DEPENDENCY_ARRAY_EXTENDED": ("a property now demands more others", _KEEP),
    "DEPENDENCY_ARRAY_CHANGED": ("a property now demands different others", _KEEP),
    "DEPENDENCY_SCHEMA_ADDED": ("a property now demands a schema of the object", _KEEP),
    "OPTIONAL_PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL": ("an optional property was added to an open object", _CLOSE),
    "REQUIRED_PROPERTY_WITH_DEFAULT_ADDED_TO_OPEN_CONTENT_MODEL": (
        "a required property with a default was added to an open object",
        _CLOSE,
    ),
    "REQUIRED_PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL": ("a required property was added to an open object", _OPTIONAL),
    "REQUIRED_PROPERTY_ADDED_TO_UNOPEN_CONTENT_MODEL": ("a required property was added", _OPTIONAL),
    "PROPERTY_REMOVED_FROM_CLOSED_CONTENT_MODEL": ("a property was removed from a closed object", _REOPEN),
    "PROPERTY_ADDED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL": (
        "a property was added that is stricter than undeclared properties were",
        _COVER,
    ),
    "PROPERTY_REMOVED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL": (
        "a property was removed, and undeclared properties are stricter than it was",
        _COVER,
    ),
    "MAX_ITEMS_ADDED": ("a largest number of elements was added", _KEEP),
    "MAX_ITEMS_DECREASED": ("fewer elements are allowed", _KEEP),
    "MIN_ITEMS_ADDED": ("a smallest number of elements was added", _KEEP),
    "MIN_ITEMS_INCREASED": ("more elements are demanded", _KEEP),
    "MAX_CONTAINS_ADDED": ("a largest number of contained elements was added", _KEEP),
    "MAX_CONTAINS_DECREASED": ("fewer contained elements are allowed", _KEEP),
    "MIN_CONTAINS_ADDED": ("a smallest number of contained elements was added", _KEEP),
    "MIN_CONTAINS_INCREASED": ("more contained elements are demanded", _KEEP),
    "UNIQUE_ITEMS_ADDED": ("elements must now be unique", _KEEP),
    "ADDITIONAL_ITEMS_REMOVED": ("further elements are no longer allowed", "Leave the array as open as it was."),
    "ADDITIONAL_ITEMS_NARROWED": ("further elements must now fit a schema", "Leave the array as open as it was."),
    "UNEVALUATED_ITEMS_REMOVED": ("unevaluated elements are no longer allowed", "Leave the array as open as it was."),
    "UNEVALUATED_ITEMS_NARROWED": ("unevaluated elements must now fit a schema", "Leave the array as open as it was."),
    "ITEM_ADDED_TO_OPEN_CONTENT_MODEL": (
        "a schema was given to a position of an open array",
        "Close the array first, give the position an empty schema, or set the subject's policy to LENIENT.",
    ),
    "ITEM_REMOVED_FROM_CLOSED_CONTENT_MODEL": (
        "a position was removed from a closed array",
        "Keep it, or open the array.",
    ),
    "ITEM_ADDED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL": (
        "a position is stricter than further elements were",
        "Make the two schemas agree: the old one must fit into the new one.",
    ),
    "ITEM_REMOVED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL": (
        "a position was removed, and further elements are stricter than it was",
        "Make the two schemas agree: the old one must fit into the new one.",
    ),
    "ENUM_ARRAY_NARROWED": (
        "values were removed from the enumeration",
        "Keep the old values; say in the description which are retired.",
    ),
    "ENUM_ARRAY_CHANGED": (
        "values of the enumeration were replaced",
        "Keep the old values and add the new ones beside them.",
    ),
    "CONST_CHANGED": ("the constant changed", "Keep the old value: `enum` with both."),
    "COMBINED_TYPE_CHANGED": ("the way in which branches are combined changed", _BRANCH),
    "COMBINED_TYPE_SUBSCHEMAS_CHANGED": ("a branch of the older version fits into none of the new ones", _BRANCH),
    "PRODUCT_TYPE_EXTENDED": (
        "a value must now fit more schemas (`allOf`)",
        "Drop the new schema of `allOf`, or make it optional.",
    ),
    "SUM_TYPE_NARROWED": ("there are fewer alternatives", _BRANCH),
    "NOT_TYPE_EXTENDED": ("more is forbidden by `not`", "Forbid at most what was forbidden before."),
}

_SOUND: Final[dict[str, tuple[str, str]]] = {
    "VALUE_REFUSED": ("values that were allowed are refused here", "Allow here what the older version allowed."),
    "REQUIRED_ADDED": (
        "a member must now be there that could be missing",
        "Leave the member optional; a `default` does not fill it in.",
    ),
    "PROPERTY_NARROWED": ("a member is stricter than it was", _COVER),
    "PATTERN_PROPERTIES_NARROWED": ("members whose name matches a pattern are stricter than they were", _COVER),
    "PROPERTY_NAMES_NARROWED": ("fewer member names are allowed", "Allow every name that was allowed before."),
    "CONTAINS_NARROWED": ("other elements must now be contained", "Loosen `contains`, or leave it as it was."),
    "FORMAT_ADDED": (
        "texts must now have a format",
        "Leave the format out: who checks formats would refuse older documents.",
    ),
    "LENGTH_NARROWED": ("fewer lengths are allowed", _KEEP),
    "RANGE_NARROWED": ("a smaller range of numbers is allowed", _KEEP),
    "MULTIPLE_OF_NARROWED": ("fewer multiples are allowed", "Use a divisor of the old `multipleOf`."),
    "ITEMS_COUNT_NARROWED": ("fewer numbers of elements are allowed", _KEEP),
    "PROPERTIES_COUNT_NARROWED": ("fewer numbers of members are allowed", _KEEP),
    "ITEMS_NARROWED": ("elements are stricter than they were", "Allow every element that was allowed before."),
    "DEPENDENCY_NARROWED": ("a member now demands more", _KEEP),
    "ENUM_NARROWED": ("values that were allowed are missing", "Keep the old values and add the new ones beside them."),
    "BRANCHES_NARROWED": ("some older values fit into no branch", _BRANCH),
    "BRANCHES_OVERLAP": (
        "some older values fit into more than one branch of `oneOf`, or this cannot be excluded",
        "Use `anyOf`, or keep branches apart by a member with a `const` of its own in each.",
    ),
    "NOT_NARROWED": (
        "more is forbidden by `not`, or this cannot be excluded",
        "Forbid at most what was forbidden before.",
    ),
    "CONDITION_NARROWED": (
        "a condition (`if`) demands more than before",
        "Leave the condition as it was, or loosen `then` and `else`.",
    ),
    "UNSUPPORTED": (
        "this place cannot be compared by meaning: a reference that depends on the way to it, or an unusual pattern",
        "Leave this place exactly as it was, or write it without that keyword.",
    ),
}

_OTHER: Final[dict[str, tuple[str, str]]] = {
    "BUDGET_EXCEEDED": (
        "the schemas are too entangled to be compared within the time that a check may take",
        "Make branches fewer or name them by a `const` member, split the schema, or register it under a new subject.",
    ),
    "SCHEMA_TYPE_CHANGED": ("the kind of schema changed", "Register the other kind under a subject of its own."),
    "AVRO_INCOMPATIBLE": ("the reader's schema cannot read what the writer's wrote", "Give new fields a default."),
    "AVRO_NAME_MISMATCH": ("a named type has another name", "Keep the name, or list the old one under `aliases`."),
    "AVRO_FIXED_SIZE_MISMATCH": (
        "a fixed type has another size",
        "Add a new type under a new name, and a union of both.",
    ),
    "AVRO_MISSING_ENUM_SYMBOLS": ("the reader's enum lacks symbols", "Keep the symbols, or give the enum a default."),
    "AVRO_READER_FIELD_MISSING_DEFAULT_VALUE": (
        "a field without a default is unknown to the writer",
        "Give the field a default.",
    ),
    "AVRO_TYPE_MISMATCH": ("the types do not match and cannot be promoted", "Use a union of the old and the new type."),
    "AVRO_MISSING_UNION_BRANCH": ("the reader's union lacks a branch", "Keep the branch, and add new ones beside it."),
}

_HARMLESS: Final = frozenset({
    "ID_CHANGED", "TITLE_CHANGED", "DESCRIPTION_CHANGED", "DEFAULT_CHANGED", "SCHEMA_REMOVED", "TYPE_EXTENDED",
    "MAX_LENGTH_INCREASED", "MAX_LENGTH_REMOVED", "MIN_LENGTH_DECREASED", "MIN_LENGTH_REMOVED", "PATTERN_REMOVED",
    "MAXIMUM_INCREASED", "MAXIMUM_REMOVED", "MINIMUM_DECREASED", "MINIMUM_REMOVED", "EXCLUSIVE_MAXIMUM_INCREASED",
    "EXCLUSIVE_MAXIMUM_REMOVED", "EXCLUSIVE_MINIMUM_DECREASED", "EXCLUSIVE_MINIMUM_REMOVED", "MULTIPLE_OF_REDUCED",
    "MULTIPLE_OF_REMOVED", "REQUIRED_ATTRIBUTE_WITH_DEFAULT_ADDED", "REQUIRED_ATTRIBUTE_REMOVED",
    "DEPENDENCY_ARRAY_NARROWED", "DEPENDENCY_ARRAY_REMOVED", "DEPENDENCY_SCHEMA_REMOVED", "MAX_PROPERTIES_INCREASED",
    "MAX_PROPERTIES_REMOVED", "MIN_PROPERTIES_DECREASED", "MIN_PROPERTIES_REMOVED", "ADDITIONAL_PROPERTIES_ADDED",
    "ADDITIONAL_PROPERTIES_EXTENDED", "UNEVALUATED_PROPERTIES_ADDED", "UNEVALUATED_PROPERTIES_EXTENDED",
    "PROPERTY_WITH_EMPTY_SCHEMA_ADDED_TO_OPEN_CONTENT_MODEL", "REQUIRED_PROPERTY_WITH_DEFAULT_ADDED_TO_UNOPEN_CONTENT_MODEL",
    "OPTIONAL_PROPERTY_ADDED_TO_UNOPEN_CONTENT_MODEL", "PROPERTY_WITH_FALSE_REMOVED_FROM_CLOSED_CONTENT_MODEL",
    "PROPERTY_REMOVED_FROM_OPEN_CONTENT_MODEL", "PROPERTY_ADDED_IS_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL",
    "PROPERTY_REMOVED_IS_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL", "MAX_ITEMS_INCREASED", "MAX_ITEMS_REMOVED",
    "MIN_ITEMS_DECREASED", "MIN_ITEMS_REMOVED", "MAX_CONTAINS_INCREASED", "MAX_CONTAINS_REMOVED", "MIN_CONTAINS_DECREASED",
    "MIN_CONTAINS_REMOVED", "UNIQUE_ITEMS_REMOVED", "ADDITIONAL_ITEMS_ADDED", "ADDITIONAL_ITEMS_EXTENDED",
    "UNEVALUATED_ITEMS_ADDED", "UNEVALUATED_ITEMS_EXTENDED", "ITEM_WITH_EMPTY_SCHEMA_ADDED_TO_OPEN_CONTENT_MODEL",
    "ITEM_ADDED_TO_CLOSED_CONTENT_MODEL", "ITEM_WITH_FALSE_REMOVED_FROM_CLOSED_CONTENT_MODEL",
    "ITEM_REMOVED_FROM_OPEN_CONTENT_MODEL", "ITEM_ADDED_IS_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL",
    "ITEM_REMOVED_IS_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL", "ENUM_ARRAY_EXTENDED", "COMBINED_TYPE_EXTENDED",
    "PRODUCT_TYPE_NARROWED", "SUM_TYPE_EXTENDED", "NOT_TYPE_NARROWED",
})  # fmt: skip

_LENIENT_TOO: Final = frozenset({
    "OPTIONAL_PROPERTY_ADDED_TO_OPEN_CONTENT_MODEL", "REQUIRED_PROPERTY_WITH_DEFAULT_ADDED_TO_OPEN_CONTENT_MODEL",
    "PROPERTY_REMOVED_FROM_CLOSED_CONTENT_MODEL", "PROPERTY_ADDED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL",
    "PROPERTY_REMOVED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL", "ADDITIONAL_PROPERTIES_NARROWED",
    "ADDITIONAL_PROPERTIES_REMOVED", "UNEVALUATED_PROPERTIES_NARROWED", "UNEVALUATED_PROPERTIES_REMOVED",
    "ITEM_ADDED_TO_OPEN_CONTENT_MODEL", "ITEM_REMOVED_FROM_CLOSED_CONTENT_MODEL",
    "ITEM_ADDED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL", "ITEM_REMOVED_NOT_COVERED_BY_PARTIALLY_OPEN_CONTENT_MODEL",
})  # fmt: skip

TEXTS: Final = MappingProxyType(_TEXTS | _SOUND | _OTHER)
KINDS: Final = frozenset(TEXTS) | _HARMLESS


@cache
def allowed(policy: Policy) -> frozenset[str]:
    """The kinds that a reference policy lets pass."""
    return _HARMLESS | _LENIENT_TOO if policy is Policy.LENIENT else _HARMLESS


def message(kind: str) -> str:
    """What a kind says, in words."""
    return TEXTS[kind][0] if kind in TEXTS else kind.replace("_", " ").lower()


def hint(kind: str) -> str:
    """What a person can do about a kind that breaks."""
    return TEXTS[kind][1]
