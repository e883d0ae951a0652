"""The text forms that canonical records are made of: identifiers, dates, months, times, money.

Rule: a form is a pattern that JSON Schema enforces, because a format alone is only a remark to many validators.
Nothing is a float: money and rates are decimal digits in a string.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, StringConstraints, WithJsonSchema
from pydantic.alias_generators import to_camel

_MONTH = "(0[1-9]|1[0-2])"
_LEAP_YEAR = "(1[0-9]|2[0-9])(0[48]|[2468][048]|[13579][26])|(1[26]|2[048])00"
_CALENDAR_DATE = (
    "([12][0-9]{3}-((0[13578]|1[02])-(0[1-9]|[12][0-9]|3[01])"
    "|(0[469]|11)-(0[1-9]|[12][0-9]|30)"
    "|02-(0[1-9]|1[0-9]|2[0-8]))"
    f"|({_LEAP_YEAR})-02-29)"
)
_CLOCK = "([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]"

DATE_PATTERN = f"^{_CALENDAR_DATE}$"
MONTH_PATTERN = f"^[12][0-9]{{3}}-{_MONTH}$"
CLOCK_PATTERN = f"^{_CLOCK}$"
LOCAL_PATTERN = f"^{_CALENDAR_DATE}T{_CLOCK}$"
INSTANT_PATTERN = f"^{_CALENDAR_DATE}T{_CLOCK}(\\.[0-9]{{1,6}})?Z$"
DECIMAL_PATTERN = r"^(0|[1-9][0-9]{0,14})(\.[0-9]{1,12})?$"
EXACT_PATTERN = r"^(0|[1-9][0-9]{0,14})(\.[0-9]{1,60})?$"
WHOLE_PATTERN = r"^(0|[1-9][0-9]{0,23})$"
ZONE_PATTERN = r"^([+-](0[0-9]|1[0-4]):[0-5][0-9]|[A-Za-z][0-9A-Za-z_+-]*(/[0-9A-Za-z_+-]+){0,2})$"
PRINTABLE_PATTERN = r"^[^\x00-\x1f\x7f]+$"
PROSE_PATTERN = r"^[^\x00-\x08\x0b-\x1f\x7f]+$"
SIGNED_PATTERN = r"^(0|-?[1-9][0-9]{0,14}|-?(0|[1-9][0-9]{0,14})\.[0-9]{1,12})$"

PLAIN: Final[Mapping[str, str]] = {
    DATE_PATTERN: "a date that exists, YYYY-MM-DD",
    MONTH_PATTERN: "a month, YYYY-MM",
    CLOCK_PATTERN: "a time of day, HH:MM:SS",
    LOCAL_PATTERN: "a local date and time, YYYY-MM-DDTHH:MM:SS",
    INSTANT_PATTERN: "a date and time in UTC, YYYY-MM-DDTHH:MM:SSZ",
    DECIMAL_PATTERN: "decimal digits in a string, such as 1500.25",
    EXACT_PATTERN: "decimal digits in a string, such as 1500.25",
    WHOLE_PATTERN: "digits of a whole number in a string, such as 1500",
    ZONE_PATTERN: "a zone such as Asia/Jakarta or +07:00",
    PROSE_PATTERN: "at least one character, no control characters but tab and line feed",
    SIGNED_PATTERN: "decimal digits in a string, with a minus in front or not",
    PRINTABLE_PATTERN: "at least one character, none of them a control character",
}
"""The longer patterns in words, for whoever has to correct a breach."""

Date = Annotated[
    str,
    StringConstraints(pattern=DATE_PATTERN),
    WithJsonSchema({"type": "string", "format": "date", "pattern": DATE_PATTERN}),
]
"""A calendar date that exists, YYYY-MM-DD."""
Month = Annotated[str, StringConstraints(pattern=MONTH_PATTERN)]
"""A calendar month, YYYY-MM."""
Clock = Annotated[str, StringConstraints(pattern=CLOCK_PATTERN)]
"""A local time of day, HH:MM:SS."""
Local = Annotated[str, StringConstraints(pattern=LOCAL_PATTERN)]
"""A local date and time without zone, YYYY-MM-DDTHH:MM:SS."""
Instant = Annotated[
    str,
    StringConstraints(pattern=INSTANT_PATTERN),
    WithJsonSchema({"type": "string", "format": "date-time", "pattern": INSTANT_PATTERN}),
]
"""A point in time in UTC, ending in Z."""
DecimalText = Annotated[str, StringConstraints(pattern=DECIMAL_PATTERN)]
"""A decimal number of zero or more, as digits."""
ExactText = Annotated[str, StringConstraints(pattern=EXACT_PATTERN)]
"""The same, with as many places as multiplying rates and tariffs can make."""
Whole = Annotated[str, StringConstraints(pattern=WHOLE_PATTERN)]
"""A whole number of zero or more, as digits: an amount in the smallest unit that is paid out."""
Zone = Annotated[str, StringConstraints(pattern=ZONE_PATTERN, max_length=64)]
"""An IANA zone such as Asia/Jakarta, or a fixed offset such as +07:00."""
Words = Annotated[str, StringConstraints(pattern=PRINTABLE_PATTERN, max_length=300)]
"""Text for people: 1 to 300 characters, no control characters (tab and line break included)."""
Prose = Annotated[str, StringConstraints(pattern=PROSE_PATTERN, max_length=4000)]
"""Longer text for people, such as an achievement or a ground of appeal: 1 to 4000 characters, lines end in LF."""
SignedText = Annotated[str, StringConstraints(pattern=SIGNED_PATTERN)]
"""A decimal number, as digits: a mark, or a bound of its scale."""
EmployeeId = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z./-]{1,32}$")]
Code = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z][0-9A-Za-z._-]{0,63}$")]
"""A code of the directory or of a source system: institution, paying unit, bank, run, rule set."""
RunCode = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z][0-9A-Za-z._-]{0,95}$")]
"""`<institution>-<month>-<n>`: longer than the code of an institution."""
Serial = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z._:-]{1,64}$")]
Pin = Annotated[str, StringConstraints(pattern=r"^[!-~]{1,32}$")]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")]
"""ISO 4217 code of a currency, such as IDR or TZS."""
Account = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z.-]{1,40}$")]
Slug = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z][0-9A-Za-z._-]{0,63}$")]
RecordIdText = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
DigestText = Annotated[str, StringConstraints(pattern=r"^sha256:[0-9a-f]{64}$")]


class Canonical(BaseModel):
    """What every canonical record shares: members in camelCase, all of them present (null where nothing is
    known), none besides."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        validate_by_name=False,
        extra="forbid",
        frozen=True,
        strict=True,
    )
