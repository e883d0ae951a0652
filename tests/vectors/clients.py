"""How the published clients spell, sign and check, modelled from the protocol facts (not from their code).

Each model says what a client would embed and sign for some members of `data`, and which text it would verify in an
answer that it received. They are judges of what the hub accepts and answers; the clients themselves run in
tests/interop.
"""

# ruff: noqa: TID251 - a client's JSON is the standard library's, not ours

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any, Final
from xml.sax.saxutils import escape

PYTHON_LINE: Final = '<?xml version="1.0" encoding="utf-8"?>\n'
_INDEX = re.compile(r"0|[1-9][0-9]*")


# what is signed, in JSON


def js_stringify(value: Any) -> str:
    """JSON.stringify of a value that JSON.parse made: doubles, array indexes first, lower-case escapes."""
    return _stringify(value, _js_number, lower=True, indexes_first=True)


def jackson_print(value: Any) -> str:
    """Jackson's compact print of a tree: integers of any size, doubles as Double.toString, upper-case escapes."""
    return _stringify(value, _java_number, lower=False, indexes_first=False)


def php_encode(value: Any) -> str:
    """json_encode with slashes and Unicode left alone."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def python_dumps(value: Any) -> str:
    """json.dumps as it comes: spaces, and everything beyond ASCII escaped."""
    return json.dumps(value)


# what is verified, in JSON: the text that each recomputes from a body it received


def js_checks(body: str) -> str:
    return js_stringify(json.loads(body)["data"])


def jackson_checks(body: str) -> str:
    return jackson_print(json.loads(body)["data"])


def php_checks(body: str) -> str:
    """The raw substring of a body that is exactly the one shape."""
    start, end = '{"data":', ',"signature":"'
    return body[len(start) : body.rindex(end)] if body.startswith(start) else ""


def python_checks(body: str) -> str:
    return python_dumps(json.loads(body)["data"])


# XML


def nested_xml(members: dict[str, Any]) -> str:
    """PHP and Java: elements all the way, the body in root, nothing between tags, no self-closing tag."""
    return "<data>" + "".join(_element(name, _rooted(name, value)) for name, value in members.items()) + "</data>"


def js_xml(members: dict[str, Any]) -> str:
    """JavaScript: the body as escaped text of a root element, or of whatever string it was given."""
    return _with_text_body(members, lambda body: f"<root>{body if isinstance(body, str) else _inside(body)}</root>")


def python_xml(members: dict[str, Any]) -> str:
    """Python: the body as escaped text of a document with its own declaration. What is signed has one in front too."""
    return _with_text_body(members, lambda body: f"{PYTHON_LINE}<root>{_inside(body)}</root>")


def first_to_first(body: str) -> str:
    """JavaScript's verifier: up to the first end tag."""
    return body[body.index("<data>") : body.index("</data>") + 7]


def first_to_last(body: str) -> str:
    """PHP's, Java's and Python's."""
    return body[body.index("<data>") : body.rindex("</data>") + 7]


def _with_text_body(members: dict[str, Any], document: Callable[[Any], str]) -> str:
    parts = [
        f"<{name}>{escape(document(value) if name == 'esbBody' else str(value))}</{name}>"
        for name, value in members.items()
    ]
    return f"<data>{''.join(parts)}</data>"


def _rooted(name: str, value: Any) -> Any:
    return {"root": value} if name == "esbBody" else value


def _inside(value: Any) -> str:
    if isinstance(value, dict):
        return "".join(_element(name, inner) for name, inner in value.items())
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else escape(str(value))


def _element(name: str, value: Any) -> str:
    if isinstance(value, list):
        return "".join(_element(name, each) for each in value)
    return f"<{name}>{_inside(value)}</{name}>"


def _stringify(value: Any, number: Callable[[float], str], *, lower: bool, indexes_first: bool) -> str:
    def text(plain: str) -> str:
        made = json.dumps(plain, ensure_ascii=False)
        return made if lower else re.sub(r"\\u00([01][0-9a-f])", lambda found: "\\u00" + found[1].upper(), made)

    def show(inner: Any) -> str:
        if isinstance(inner, str):
            return text(inner)
        if inner is None or isinstance(inner, bool):
            return json.dumps(inner)
        if isinstance(inner, list):
            return "[" + ",".join(show(each) for each in inner) + "]"
        if isinstance(inner, dict):
            names = list(inner)
            if indexes_first:
                first = [name for name in names if _INDEX.fullmatch(name) and int(name) < 2**32 - 1]
                names = sorted(first, key=int) + [name for name in names if name not in set(first)]
            return "{" + ",".join(f"{text(name)}:{show(inner[name])}" for name in names) + "}"
        return number(inner)

    return show(value)


def _digits(value: float) -> tuple[str, str, int]:
    """Sign, shortest digits without zeros at either end, and n such that the value is 0.DIGITS x 10^n."""
    mantissa, _, exponent = f"{value!r}e0".partition("e")
    exponent = exponent.removesuffix("e0") or "0"
    sign, mantissa = ("-", mantissa[1:]) if mantissa.startswith("-") else ("", mantissa)
    whole, _, fraction = mantissa.partition(".")
    digits = whole + fraction
    stripped = digits.lstrip("0")
    return sign, stripped.rstrip("0"), len(whole) + int(exponent) - (len(digits) - len(stripped))


def _js_number(value: float) -> str:
    """ECMA-262, Number::toString."""
    value = float(value)
    if value == 0:
        return "0"
    sign, digits, n = _digits(value)
    k = len(digits)
    if k <= n <= 21:
        return sign + digits + "0" * (n - k)
    if 0 < n <= 21:
        return f"{sign}{digits[:n]}.{digits[n:]}"
    if -6 < n <= 0:
        return f"{sign}0.{'0' * -n}{digits}"
    power = f"e{'+' if n > 0 else '-'}{abs(n - 1)}"
    return sign + digits[0] + (f".{digits[1:]}" if k > 1 else "") + power


def _java_number(value: float) -> str:
    """An integer as it is; java.lang.Double.toString."""
    if isinstance(value, int):
        return str(value)
    if value == 0:
        return "-0.0" if str(value).startswith("-") else "0.0"
    sign, digits, n = _digits(value)
    if 1e-3 <= abs(value) < 1e7:
        whole, fraction = (digits[:n].ljust(n, "0"), digits[n:]) if n > 0 else ("0", "0" * -n + digits)
        return f"{sign}{whole}.{fraction or '0'}"
    return f"{sign}{digits[0]}.{digits[1:] or '0'}E{n - 1}"
