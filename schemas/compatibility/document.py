"""A schema text with all that it may refer to, as places that can be walked.

Rule: a `$ref` is answered from the given texts and the drafts' own meta-schemas or it is an error; nothing is fetched. Two places with the same text and
no reference in it are equal, wherever they stand, so that what did not change is never compared twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from typing import Any, Final
from urllib.parse import unquote, urldefrag, urljoin

import jiter

from schemas.compatibility.budget import Budget
from schemas.compatibility.dialects import TYPES, Dialect, dialect_of, subschemas
from schemas.compatibility.metaschemas import metaschema
from schemas.compatibility.verdict import SchemaText, UnusableSchema

MOST_BYTES: Final = 1_000_000
_REFERENCES: Final = ("$ref", "$dynamicRef", "$recursiveRef")
_WORDS: Final = ("title", "description", "$comment")


class Interner:
    """Small numbers for JSON values: equal values (1 and 1.0 are) have the same number."""

    def __init__(self) -> None:
        self._numbers: dict[Any, int] = {}

    def number(self, value: Any) -> int:
        """The number of a JSON value."""
        key: Any
        match value:
            case dict():
                key = ("o", frozenset((name, self.number(inner)) for name, inner in value.items()))
            case list():
                key = ("l", tuple(self.number(inner) for inner in value))
            case bool():
                key = ("b", value)
            case int() | Decimal():
                key = ("n", value)
            case _:
                key = ("s", value)
        return self._numbers.setdefault(key, len(self._numbers))


class Site:
    """A schema at its place. `value`: what stands there. `path`: JSON Pointer fragment in its document."""

    __slots__ = ("_hash", "base", "dialect", "key", "library", "path", "value")

    def __init__(self, library: Library, value: Any, path: str, base: str, dialect: Dialect, document: int) -> None:
        self.library, self.value, self.path, self.base, self.dialect = library, value, path, base, dialect
        print_ = library.fingerprint(value)
        self.key: Any = ("@", library.identity, document, path) if print_ is None else ("=", dialect, print_)
        self._hash = hash(self.key)

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, Site) and self._hash == other._hash and self.key == other.key)

    def __hash__(self) -> int:
        return self._hash

    def __repr__(self) -> str:
        return f"Site({self.path})"

    def child(self, *tokens: str) -> Site:
        """The schema below, by keyword and name or index. KeyError or IndexError where there is none."""
        return self.library.child(self, tokens)


def parse(text: str | bytes, *, decimals: bool = True) -> Any:
    """A JSON value; numbers with a fraction or exponent as `Decimal` unless told otherwise. Raises `UnusableSchema`."""
    encoded = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    if len(encoded) > MOST_BYTES:
        raise UnusableSchema("size", f"{len(encoded)} bytes, at most {MOST_BYTES} are compared")
    try:
        return jiter.from_json(
            encoded, catch_duplicate_keys=True, float_mode="decimal" if decimals else "float", allow_inf_nan=False
        )
    except (ValueError, RecursionError) as error:
        raise UnusableSchema("json", str(error).partition("\n")[0][:200]) from None


def _forget_words(root: Any, dialect: Dialect) -> None:
    """Take out of a parsed schema what it says to people: two that differ in nothing else are equal."""
    todo = [root]
    while todo:
        schema = todo.pop()
        if isinstance(schema, dict):
            for word in _WORDS:
                if isinstance(schema.get(word), str):
                    del schema[word]
            todo.extend(value for _, value, _ in subschemas(schema, dialect))


class Library:
    """One schema text and its references. Raises `UnusableSchema`, or `BudgetExceeded` for one too large to be walked. Without
    `words` what it says to people is left out."""

    def __init__(
        self, source: SchemaText, default: Dialect, interner: Interner, budget: Budget, *, words: bool = True
    ) -> None:
        self._words = words
        self.interner = interner
        self._budget = budget
        self.identity = object()
        self._documents: list[Site] = []
        self._sites: dict[tuple[int, str], Site] = {}
        self._document_of: dict[int, int] = {}
        self._resources: dict[str, Site] = {}
        self._anchors: dict[tuple[str, str], Site] = {}
        self._dynamic: dict[str, list[Site]] = {}
        self._numbers: dict[int, int] = {}
        self._prints: dict[int, int | None] = {}
        self._walked: set[tuple[int, str]] = set()
        self._targets: dict[tuple[str, str, int], Site] = {}
        self.root = self._add("", source.text, default)
        for name, text in source.references.items():
            self._resources.setdefault(name, self._add(name, text, self.root.dialect))
        for root in self._documents:  # grows by the meta-schemas that are referred to
            self._check(root)

    def _add(self, name: str, text: str | bytes, default: Dialect) -> Site:
        value = parse(text)
        number = len(self._documents)
        dialect = dialect_of(value, default)
        if not self._words:
            _forget_words(value, dialect)
        root = self._site(number, value, "#", name, dialect)
        self._documents.append(root)
        self._resources.setdefault(root.base, root)
        self._resources.setdefault(name, root)
        for site in self._walk(root):
            self._index(site)
        return root

    def spend(self, steps: int) -> None:
        """For who loops over what stands in a document. Raises `BudgetExceeded`."""
        self._budget.spend(steps)

    def number(self, value: Any) -> int:
        """The number of a value that stands in a document; equal values share it. Lists and objects are counted once."""
        if not isinstance(value, dict | list):
            return self.interner.number(value)
        found = self._numbers.get(id(value))
        if found is None:
            found = self._numbers[id(value)] = self.interner.number(value)
        return found

    def sites(self) -> Iterator[Site]:
        """Every place that holds a schema, references' included."""
        for document, path in sorted(self._walked):
            yield self._sites[document, path]

    def place(self, site: Site) -> str:
        """The name of a place; two places never share it, equal or not."""
        return f"{self._document_of[id(site)]}{site.path}"

    def same_as(self, other: Library) -> bool:
        """Whether two libraries say the same in the same words."""
        return self.words() == other.words()

    def words(self) -> dict[str, tuple[Dialect, int]]:
        """Every document by its address: dialect and the number of its value."""
        return {site.base: (site.dialect, self.interner.number(site.value)) for site in self._documents}

    def _site(self, document: int, value: Any, path: str, base: str, dialect: Dialect) -> Site:
        found = self._sites.get((document, path))
        if found is None:
            if not isinstance(value, dict | bool):
                raise UnusableSchema("keyword", f"{path} is no schema: expected an object or a boolean")
            if isinstance(value, dict):
                base = _own_base(value, base, dialect)
            found = self._sites[document, path] = Site(self, value, path, base, dialect, document)
            self._document_of[id(found)] = document
        return found

    def fingerprint(self, value: Any) -> int | None:
        """The number that equal texts share; None where a reference in it makes its meaning depend on its place."""
        if not isinstance(value, dict | list):
            return self.interner.number(value)
        known = self._prints.get(id(value), -1)
        if known == -1:
            inner = [self.fingerprint(v) for v in (value.values() if isinstance(value, dict) else value)]
            refers = None in inner or (isinstance(value, dict) and any(name in value for name in _REFERENCES))
            known = self._prints[id(value)] = None if refers else self.interner.number(value)
        return known

    def child(self, site: Site, tokens: tuple[str, ...]) -> Site:
        """See `Site.child`."""
        value = site.value
        for token in tokens:
            value = value[int(token)] if isinstance(value, list) else value[token]
        path = site.path + "".join("/" + t.replace("~", "~0").replace("/", "~1") for t in tokens)
        return self._site(self._document_of[id(site)], value, path, site.base, site.dialect)

    def _walk(self, root: Site) -> Iterator[Site]:
        todo = [root]
        while todo:
            site = todo.pop()
            self._budget.spend()
            self._walked.add((self._document_of[id(site)], site.path))
            yield site
            if isinstance(site.value, dict):
                for tokens, value, _ in subschemas(site.value, site.dialect):
                    if isinstance(value, dict | bool):
                        todo.append(site.child(*tokens))
                    elif not (tokens[0] == "dependencies" and isinstance(value, list)):
                        raise UnusableSchema("keyword", f"{site.path}/{'/'.join(tokens)} is no schema")

    def _index(self, site: Site) -> None:
        if not isinstance(site.value, dict):
            return
        identity = site.value.get("id" if site.dialect is Dialect.DRAFT4 else "$id")
        if isinstance(identity, str) and not _ref_only(site):
            if identity.startswith("#"):
                if site.dialect < Dialect.DRAFT2019:
                    self._anchors.setdefault((site.base, identity[1:]), site)
            else:
                self._resources.setdefault(site.base, site)
        if site.dialect >= Dialect.DRAFT2019:
            for keyword in ("$anchor", "$dynamicAnchor"):
                name = site.value.get(keyword)
                if isinstance(name, str):
                    self._anchors.setdefault((site.base, name), site)
                    if keyword == "$dynamicAnchor":
                        self._dynamic.setdefault(name, []).append(site)
            if site.value.get("$recursiveAnchor") is True:
                self._dynamic.setdefault("", []).append(site)

    def target(self, site: Site, reference: str) -> Site:
        """What a `$ref` names. Raises `UnusableSchema`."""
        key = (site.base, reference, self._document_of[id(site)])
        found = self._targets.get(key)
        if found is None:
            found = self._targets[key] = self._find(site, reference)
        return found

    def dynamic_target(self, site: Site, reference: str, keyword: str) -> Site | None:
        """What a `$dynamicRef` or `$recursiveRef` names, where that does not depend on the way to it; else None."""
        found = self.target(site, reference)
        name = "" if keyword == "$recursiveRef" else reference.partition("#")[2]
        others = self._dynamic.get(name, [])
        return found if all(other is found for other in others) else None

    def _find(self, site: Site, reference: str) -> Site:
        whole, fragment = urldefrag(reference) if "#" in reference else (reference, "")
        resource = self._resource(site, whole)
        if resource is None:
            raise UnusableSchema("reference", f"{site.path} refers to {reference!r}, and no given schema has that name")
        fragment = unquote(fragment)
        if fragment and not fragment.startswith("/"):
            anchored = self._anchors.get((resource.base, fragment))
            if anchored is None:
                raise UnusableSchema("reference", f"{site.path} refers to {reference!r}, which names no anchor")
            return anchored
        return self._point(site, resource, fragment, reference)

    def _resource(self, site: Site, whole: str) -> Site | None:
        if not whole:
            return self._resources.get(site.base) or self._documents[self._document_of[id(site)]]
        for name in (_joined(site.base, whole), whole):
            if (found := self._resources.get(name)) is not None:
                return found
        return self._metaschema(site, whole)

    def _metaschema(self, site: Site, whole: str) -> Site | None:
        for name in (_joined(site.base, whole), whole):
            if (text := metaschema(name)) is not None:
                found = self._resources[name] = self._add(name, text, self.root.dialect)
                return found
        return None

    def _point(self, site: Site, resource: Site, pointer: str, reference: str) -> Site:
        here = resource
        tokens = [t.replace("~1", "/").replace("~0", "~") for t in pointer.split("/")[1:]]
        value, pending = here.value, list[str]()
        try:
            for token in tokens:
                value = value[int(token)] if isinstance(value, list) else value[token]
                pending.append(token)
                if isinstance(value, dict | bool):  # a schema, or a map of schemas: its `$id` counts in either case
                    here, pending = here.child(*pending), []
        except (KeyError, IndexError, ValueError, TypeError):
            raise UnusableSchema("reference", f"{site.path} refers to {reference!r}, and nothing is there") from None
        if pending:
            raise UnusableSchema("reference", f"{site.path} refers to {reference!r}, which is no schema")
        return here

    def _check(self, root: Site) -> None:
        """Every reference below is answered now (later is in the middle of a proof), and so are those of the places
        that only a reference leads to, such as `#/components/x`."""
        todo = list(self._walk(root))
        while todo:
            site = todo.pop()
            for reference in references(site):
                target = self.target(site, reference)
                if (self._document_of[id(target)], target.path) not in self._walked:
                    todo.extend(self._walk(target))


def references(site: Site) -> list[str]:
    """The reference texts of a schema. Raises `UnusableSchema` for one that is not a text."""
    if not isinstance(site.value, dict):
        return []
    known = _REFERENCES if site.dialect >= Dialect.DRAFT2019 else _REFERENCES[:1]
    found = [site.value[keyword] for keyword in known if keyword in site.value]
    if any(not isinstance(reference, str) for reference in found):
        raise UnusableSchema("keyword", f"{site.path}/$ref must be a text")
    return found


def _own_base(value: dict[str, Any], base: str, dialect: Dialect) -> str:
    keyword = "id" if dialect is Dialect.DRAFT4 else "$id"
    identity = value.get(keyword)
    if not isinstance(identity, str) or identity.startswith("#") or ("$ref" in value and dialect < Dialect.DRAFT2019):
        return base
    return urldefrag(_joined(base, identity))[0]


def _ref_only(site: Site) -> bool:
    return "$ref" in site.value and site.dialect < Dialect.DRAFT2019


def _joined(base: str, reference: str) -> str:
    try:
        return urljoin(base, reference) or reference
    except ValueError:
        return reference


def check_types(site: Site) -> tuple[str, ...] | None:
    """The names of `type`, None where it is absent. Raises `UnusableSchema` for a name that is no type."""
    named = site.value.get("type")
    if named is None:
        return None
    names = [named] if isinstance(named, str) else named
    if not isinstance(names, list) or not names or any(not isinstance(n, str) or n not in TYPES for n in names):
        raise UnusableSchema("type", f"{site.path}/type is no JSON type")
    return tuple(dict.fromkeys(names))
