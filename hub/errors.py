"""Errors of the hub: the type is the reaction, the code is stable, the text is for people.

Rule: no payload, identifier or secret in any of them. Every code stands in `hub.catalogue`;
`docs/errors.md` is generated from it and a test fails when a code used in the source is missing there.
"""

from __future__ import annotations

from hub.catalogue import CODES, Code, Fault

__all__ = ["CODES", "BadMessage", "Code", "ConfigError", "Conflict", "Fault", "Halt", "HubError", "TryAgain"]


class HubError(Exception):
    """Base: carries a stable code and a detail without personal data."""

    def __init__(self, code: str, detail: str = "") -> None:
        self.code = code
        self.detail = detail
        super().__init__(self.text())

    @property
    def spec(self) -> Code:
        return CODES[self.code]

    def text(self) -> str:
        """One line: code, what happened, the detail, what was expected, what to do."""
        spec = CODES.get(self.code)
        if spec is None:
            return f"{self.code}: {self.detail}"
        detail = f" ({self.detail})" if self.detail else ""
        return f"{self.code}: {spec.happened}{detail}. Expected: {spec.expected}. {spec.remedy}."


class ConfigError(HubError):
    """Refuse to start."""


class BadMessage(HubError):
    """This message cannot be taken: refuse it at the gateway, dead-letter it in a stage, go on."""


class TryAgain(HubError):
    """Nothing is wrong with the message: repeat after `after` seconds."""

    def __init__(self, code: str, detail: str = "", *, after: float = 1.0) -> None:
        self.after = after
        super().__init__(code, detail)


class Conflict(TryAgain):
    """What the decision was made from has changed since it was read, and nothing was written: decide again."""

    def __init__(self, detail: str = "") -> None:
        super().__init__("AMANA-STORE-003", detail, after=0.02)


class Halt(HubError):
    """Stop this stage and do not advance: going on would do harm."""
