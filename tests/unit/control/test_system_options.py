"""Options of a system that the hub itself reads."""

from __future__ import annotations

import pytest
from pydantic import ConfigDict, TypeAdapter, ValidationError

from hub.control.fields import SystemOptions

OPTIONS: TypeAdapter[dict[str, str]] = TypeAdapter(SystemOptions, config=ConfigDict(regex_engine="python-re"))


@pytest.mark.parametrize(
    ("name", "value"), [("encrypt", "true"), ("encrypt", ""), ("answers", "yes"), ("claims", "1"), ("format", "XML")]
)
def test_a_mistyped_option_does_not_pass_for_none(name: str, value: str) -> None:
    """Who asked for encryption and mistyped it must not be sent plain bodies: the change is refused."""
    with pytest.raises(ValidationError, match=f"{name} is "):
        OPTIONS.validate_python({name: value})


def test_options_of_adapters_are_free() -> None:
    """The known ones with their values, and any other, are taken."""
    options = {"format": "xml", "encrypt": "yes", "answers": "sealed", "claims": "no", "TimeZone": "+09:00"}
    assert OPTIONS.validate_python(options) == options
