"""The drafts' own meta-schemas by address, so that a `$ref` to one of them is answered without any fetch.

Rule: only the five dialects that are compared, and the vocabularies of the two newest; the texts come with a package.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Final

import msgspec

_HOST: Final = "json-schema.org/draft"


def metaschema(address: str) -> str | None:
    """The text of the meta-schema at an address (without fragment; http or https), None where there is none."""
    plain = address.partition("://")[2]
    return _texts().get(plain) if plain.startswith(_HOST) else None


@cache
def _texts() -> Mapping[str, str]:
    from jsonschema_specifications import REGISTRY

    return MappingProxyType({
        uri.rstrip("#").partition("://")[2]: msgspec.json.encode(REGISTRY.contents(uri)).decode()
        for uri in REGISTRY
        if "draft-03" not in uri
    })  # fmt: skip
