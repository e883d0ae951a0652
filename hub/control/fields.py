"""The kinds of text and number that the arguments of a change are made of, each bounded, and what to say of a breach.

Rule: a pattern here comes with its words in `PATTERNS`, so that nobody is shown an expression.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Annotated, Final, get_args

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints
from pydantic.alias_generators import to_camel

from hub.urls import parse_url
from signing.errors import SigningError
from signing.keys import load_public


def _public_key(text: str) -> str:
    try:
        load_public(text)
    except SigningError:
        raise ValueError("not a public key") from None
    return text


def _network(text: str) -> str:
    try:
        return str(ipaddress.ip_network(text))
    except ValueError:
        raise ValueError("not a network such as 10.1.0.0/16") from None


def _url(text: str) -> str:
    parse_url(text)
    return text


SYSTEM_OPTIONS: Final = {
    "format": ("json", "xml"),
    "encrypt": ("yes", "no"),
    "answers": ("sealed", "plain"),
    "claims": ("yes", "no"),
}
"""What the hub itself reads of a system's options: a mistyped one must not pass for one that was not given."""


def _with_known_values(options: dict[str, str]) -> dict[str, str]:
    for name, values in SYSTEM_OPTIONS.items():
        if name in options and options[name] not in values:
            raise ValueError(f"{name} is {' or '.join(values)}")
    return options


Code = Annotated[str, StringConstraints(pattern=r"\A[A-Za-z0-9][A-Za-z0-9._-]{0,63}\Z")]
Contract = Annotated[str, StringConstraints(pattern=r"\A[a-z][A-Za-z0-9._:-]{0,199}\Z")]
Pinned = Annotated[str, StringConstraints(pattern=r"\A[a-z][A-Za-z0-9._:-]{0,188}:[1-9][0-9]{0,8}\Z")]
Date = Annotated[str, StringConstraints(pattern=r"\A[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")]
Name = Annotated[str, StringConstraints(pattern=r"\A[^\x00-\x1f\x7f]{1,200}\Z")]
Sha256 = Annotated[str, StringConstraints(pattern=r"\A[0-9a-f]{64}\Z")]
Month = Annotated[str, StringConstraints(pattern=r"\A[0-9]{4}-(0[1-9]|1[0-2])\Z")]
Digest = Annotated[str, StringConstraints(pattern=r"\Asha256:[0-9a-f]{64}\Z")]
Nonce = Annotated[str, StringConstraints(pattern=r"\A[0-9a-f]{32}\Z")]
Fingerprint = Annotated[str, StringConstraints(pattern=r"\A[0-9a-f]{32,64}\Z")]
Zone = Annotated[str, StringConstraints(pattern=r"\A([A-Z][A-Za-z0-9_+/-]{0,63}|[+-][0-9]{2}:[0-9]{2})\Z")]
Key = Annotated[str, StringConstraints(max_length=8192), AfterValidator(_public_key)]
Url = Annotated[str, StringConstraints(max_length=2000), AfterValidator(_url)]
Network = Annotated[str, StringConstraints(max_length=64), AfterValidator(_network)]
Options = Annotated[dict[Code, Annotated[str, StringConstraints(max_length=2000)]], Field(max_length=64)]

SystemOptions = Annotated[Options, AfterValidator(_with_known_values)]


class Args(BaseModel):
    """Arguments of a change: strict, closed."""

    model_config = ConfigDict(
        strict=True, extra="forbid", frozen=True, alias_generator=to_camel, regex_engine="python-re"
    )


PATTERNS: Final[Mapping[str, str]] = {
    get_args(kind)[1].pattern: words
    for kind, words in (
        (Code, "1 to 64 letters, digits, dots, underscores or hyphens expected, a letter or digit first"),
        (Contract, "the name of a contract expected, such as employee"),
        (Pinned, "a contract with its version expected, such as employee:1"),
        (Date, "expected YYYY-MM-DD, such as 2027-01-31"),
        (Name, "1 to 200 characters without control characters expected"),
        (Sha256, "64 hex digits expected"),
        (Month, "expected YYYY-MM, such as 2026-10"),
        (Zone, "a time zone expected, such as Asia/Jakarta or +07:00"),
        (Digest, "sha256: and 64 hex digits expected"),
        (Nonce, "32 hex digits expected"),
        (Fingerprint, "32 to 64 hex digits expected"),
    )
}
"""What a pattern asks for, in words."""
