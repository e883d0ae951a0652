"""Data contracts beyond their schema: rule sets that run, and metadata whose tags mask what is personal."""

from schemas.datarules.metadata import MASK, Metadata, inline_tags, mask, read_metadata
from schemas.datarules.rulesets import EMPTY, Broken, RuleSet, find_broken, read_rule_set

__all__ = [
    "EMPTY",
    "MASK",
    "Broken",
    "Metadata",
    "RuleSet",
    "find_broken",
    "inline_tags",
    "mask",
    "read_metadata",
    "read_rule_set",
]
