"""Why there is no receipt and no answer: for callers one error, inside the client also what is worth another attempt."""

from __future__ import annotations


class SendingError(Exception):
    """No receipt. `sure`: the hub said no, so nothing was stored; otherwise send the same again later."""

    def __init__(self, happened: str, remedy: str, *, status: int | None = None, sure: bool = True) -> None:
        self.happened = happened
        self.remedy = remedy
        self.status = status
        self.sure = sure
        super().__init__(happened)

    @property
    def code(self) -> str | None:
        """The stable code with which the hub's text begins."""
        first = self.happened.split(":", 1)[0]
        return first if first.startswith("AMANA-") else None


class RepeatError(Exception):
    """Worth another attempt, after so many seconds if the hub said so. `reached`: the request may have arrived."""

    def __init__(self, reason: str, after: float | None = None, *, reached: bool = False) -> None:
        self.reason = reason
        self.after = after
        self.reached = reached
        super().__init__(reason)
