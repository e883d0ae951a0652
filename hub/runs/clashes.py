"""Which of many statements contradict another one: in time, of one number or of one employee.

Rule: pure, and linear but for sorting, however many statements there are of one number; every statement that some other
contradicts is found, and no other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

BEGINNING = ""
END = "9999-12-31"
"""ISO dates compare as texts."""

Link = Mapping[str, Any]


class _Latest:
    """Of what came before: the latest last day, and the latest of anybody else than whose that is."""

    __slots__ = ("first", "second")

    def __init__(self) -> None:
        self.first: tuple[str, str] | None = None
        self.second: tuple[str, str] | None = None

    def add(self, who: str, day: str) -> None:
        if self.first is None or who == self.first[0]:
            self.first = (who, day if self.first is None else max(day, self.first[1]))
            return
        if day > self.first[1]:
            self.first, self.second = (who, day), self.first
        elif self.second is None or day > self.second[1]:
            self.second = (who, day)

    def reaches(self, who: str, day: str) -> bool:
        """Whether something of anybody else lasts until `day` or longer."""
        one = self.first if self.first is not None and self.first[0] != who else self.second
        return one is not None and one[1] >= day


class _Nearest:
    """Of what comes later: the first day of the nearest, and of the nearest of anybody else than whose that is."""

    __slots__ = ("first", "second")

    def __init__(self) -> None:
        self.first: tuple[str, str] | None = None
        self.second: tuple[str, str] | None = None

    def add(self, who: str, day: str) -> None:
        """Days come in falling order."""
        if self.first is not None and self.first[0] != who:
            self.second = self.first
        self.first = (who, day)

    def begins(self, who: str, day: str) -> bool:
        """Whether something of anybody else begins on `day` or before."""
        one = self.first if self.first is not None and self.first[0] != who else self.second
        return one is not None and one[1] <= day


def clashing(links: Sequence[Link], member: str) -> list[Link]:
    """Those of `links` that hold on one day with another one that says another `member`, where both are of one source, or
    one of them is of none and so counts for all."""
    by_source: dict[str | None, list[Link]] = {}
    for link in links:
        by_source.setdefault(link["source"], []).append(link)
    found: set[str] = set()
    for source, own in by_source.items():
        if source is not None:
            found |= _marked(own, member, ())
    if None in by_source:
        found |= _marked(links, member, {link["linkId"] for link in by_source[None]})
    return [link for link in links if link["linkId"] in found]


def _marked(links: Iterable[Link], member: str, needed: Iterable[str]) -> set[str]:
    """Ids of links with a counterpart. `needed`: one of the two has to be among these; empty: no matter."""
    general = frozenset(needed)
    ordered = sorted(links, key=_first)
    found: set[str] = set()
    for forwards in (True, False):
        everyone, some = (_Latest(), _Latest()) if forwards else (_Nearest(), _Nearest())
        for link in ordered if forwards else reversed(ordered):
            who, id_ = link[member], link["linkId"]
            met = everyone if not general or id_ in general else some
            if met.reaches(who, _first(link)) if isinstance(met, _Latest) else met.begins(who, _last(link)):
                found.add(id_)
            for seen in (everyone, some) if id_ in general else (everyone,):
                seen.add(who, _last(link) if forwards else _first(link))
    return found


def _first(link: Link) -> str:
    return link["validFrom"] or BEGINNING


def _last(link: Link) -> str:
    return link["validTo"] or END
