"""Envelopes of generated content in every form, whole and damaged, by the whole way: frame, verify, read."""

from __future__ import annotations

import re
from base64 import b64encode
from typing import Any, NamedTuple

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from signing import forms, jsontext, keys
from signing.errors import SigningError
from signing.portable import portable
from signing.xmltext import parse
from tests.properties.signing.strategies import JSON, TEXTS, single_byte_changes
from tests.vectors import clients

KEY = keys.generate()
RING = keys.KeyRing([keys.KeyWindow(KEY.public, 0)])
KINDS = {"framing", "signature", "json", "xml"}
LINE = clients.PYTHON_LINE.encode()

XML_NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_.-]{0,5}", fullmatch=True)
XML_TEXTS = st.text(
    st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters="\ufffe\uffff"), max_size=10
)
XML_LEAVES = XML_TEXTS | st.integers(-(2**53), 2**53) | st.booleans()
XML_TREES = st.recursive(
    XML_LEAVES,
    lambda inner: st.dictionaries(XML_NAMES, inner, max_size=4) | st.lists(inner, max_size=3),
    max_leaves=10,
)
BODIES = st.dictionaries(XML_NAMES, XML_TREES, min_size=1, max_size=4)


class Signed(NamedTuple):
    """A body, its medium, and what its sender signed in it."""

    body: bytes
    media: forms.Media
    data: bytes
    means: dict[str, Any]


def accept(body: bytes, media: forms.Media) -> dict[str, Any]:
    verified = forms.verify_forms(forms.frame_body(body, media), RING, 1)
    assert forms.verified_bytes(body, verified.form) == verified.data
    return forms.read_data(verified.data, verified.form)


def outcome(body: bytes, media: forms.Media) -> Any:
    """What is accepted, or the kind of the refusal as text."""
    try:
        return accept(body, media)
    except SigningError as error:
        return error.kind


def same(left: Any, right: Any) -> bool:
    return jsontext.render(left) == jsontext.render(right)


SPELLINGS: dict[forms.Media, list[str]] = {
    "json": ["java", "js", "php", "python", "python sent"],
    "xml": ["nested", "escaped", "python xml", "indented"],
}


@st.composite
def signed(draw: st.DrawFn, media: tuple[forms.Media, ...] = ("json", "xml")) -> Signed:
    """What a client of the table sends, its content generated."""
    members = {"pushCode": draw(st.sampled_from(["A", "DEMO-1"])), "esbBody": draw(BODIES)}
    spell = draw(st.sampled_from([each for one in media for each in SPELLINGS[one]]))
    return signed_as(spell, members, declared=draw(st.booleans()))


def signed_as(spell: str, members: dict[str, Any], *, declared: bool) -> Signed:
    """`declared`: an XML declaration that is not signed, where the client signs none."""
    if spell in {"java", "js", "php", "python", "python sent"}:
        text = {
            "java": clients.jackson_print,
            "js": clients.js_stringify,
            "php": clients.php_encode,
            "python": clients.python_dumps,
            "python sent": clients.php_encode,
        }[spell](members).encode()
        sent = clients.python_dumps(members).encode() if spell == "python sent" else text
        body = b'{"data":%b,"signature":"%b"}' % (sent, b64encode(KEY.sign(text)))
        return Signed(body, "json", text, jsontext.parse(text))
    plain = {
        "nested": clients.nested_xml,
        "indented": clients.nested_xml,
        "escaped": clients.js_xml,
        "python xml": clients.python_xml,
    }[spell](_texts(members)).encode()
    text = LINE + plain if spell == "python xml" else plain
    sent = plain.replace(b"><", b">\n <") if spell == "indented" else plain
    head = LINE if declared or spell == "python xml" else b""
    body = head + b"<esbrequest>%b<signature>%b</signature></esbrequest>" % (sent, b64encode(KEY.sign(text)))
    return Signed(body, "xml", text, forms.read_data(text, "xml"))


def _texts(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _texts(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_texts(each) for each in value if not isinstance(each, list)]
    return value if isinstance(value, str) else str(value)


@given(signed())
def test_what_a_client_signs_is_accepted_as_it_was_meant(one: Signed) -> None:
    """Every client's spelling of every content is verified and read as what was signed."""
    assert same(accept(one.body, one.media), one.means)


def _slices(body: bytes) -> list[tuple[int, int]]:
    """Where something begins and ends: members, tags, strings, numbers."""
    return [found.span() for found in re.finditer(rb'<[^<>]*>|"[^"]*"|-?[0-9.]+|[{}\[\],:]|[^<>"{}\[\],:]+', body)]


FOREIGN = [
    b"<!-- c -->",
    b"<![CDATA[x]]>",
    b"&x;",
    b"&#65;",
    b"<?pi x?>",
    b"<x/>",
    b' a="1"',
    b"<esbBody><n>9</n></esbBody>",
    b"<pushCode>B</pushCode>",
    b'<!DOCTYPE d [<!ENTITY x "9">]>',
    b"<data><pushCode>B</pushCode></data>",
    b"</data><data>",
    b"<signature>AAAA</signature>",
]
MUTATIONS = ["byte", "bytes", "swap", "double", "cut", "wrap", "recode", "escape", "number", "space", "xml"]


@st.composite
def mutations(draw: st.DrawFn, one: Signed, how: str) -> bytes:
    """The body changed as an attacker, a proxy or a careless library would change it."""
    body = one.body
    parts = _slices(body)
    a, b = sorted([parts[draw(st.integers(0, 9999)) % len(parts)], parts[draw(st.integers(0, 9999)) % len(parts)]])
    if how == "byte":
        return draw(single_byte_changes(body))
    if how == "bytes":
        return draw(single_byte_changes(draw(single_byte_changes(body))))
    if how == "swap":
        return (
            body[: a[0]] + body[b[0] : b[1]] + body[a[1] : b[0]] + body[a[0] : a[1]] + body[b[1] :]
            if a[1] <= b[0]
            else body
        )
    if how == "double":
        return body[: b[1]] + body[a[0] : b[1]] + body[b[1] :]
    if how == "cut":
        return body[: a[0]] + body[b[0] :]
    if how == "wrap":
        return _wrapped(draw, one)
    if how == "recode":
        text = body.decode()
        codec = draw(st.sampled_from(["utf-16", "utf-16-le", "utf-32", "latin-1", "utf-8-sig", "utf-7", "cp1252"]))
        return text.encode(codec, "replace")
    if how == "escape":
        return _escaped(draw, one)
    if how == "number":
        spelled = draw(st.sampled_from([b"1.0", b"1e0", b"01", b"+1", b"1.", b"0x1", b"-0", b"1E+2", b"1" * 30]))
        found = [span for span in parts if body[span[0] : span[1]].strip(b"-").isdigit()]
        at = draw(st.sampled_from(found)) if found else a
        return body[: at[0]] + spelled + body[at[1] :]
    if how == "space":
        blank = draw(st.sampled_from([b" ", b"\n", b"\t", b"\r\n", b"\xc2\xa0", b"\x0b"]))
        return body[: a[0]] + blank + body[a[0] :]
    foreign = draw(st.sampled_from(FOREIGN))
    place = a[0] if draw(st.booleans()) else draw(st.sampled_from(_between(body)))
    return body[:place] + foreign + body[place:]


def _between(body: bytes) -> list[int]:
    """Places between the tags of data."""
    return [found.end() - 1 for found in re.finditer(rb">\s*<", body[: body.rfind(b"</data>") + 7])]


def _wrapped(draw: st.DrawFn, one: Signed) -> bytes:
    """Signature wrapping: what was signed is still there, and something else stands where a reader might look."""
    if one.media == "xml":
        span = forms.frame_body(one.body, "xml").data
        evil = b"<data><pushCode>EVIL</pushCode><esbBody><n>9</n></esbBody></data>"
        shapes = [
            span + evil,
            evil + span,
            b"<w>%b</w>%b" % (span, evil),
            b"<data>%b</data>" % span,
            evil + b"<!--" + span + b"-->",
        ]
    else:
        span = forms.frame_body(one.body, "json").data
        evil = b'{"pushCode":"EVIL","esbBody":{"n":9}}'
        shapes = [
            b'%b,"data":%b' % (span, evil),
            b'%b,"data":%b' % (evil, span),
            b'%b,"x":{"data":%b}' % (evil, span),
            b"[%b,%b]" % (span, evil),
            b'{"data":%b}' % span,
            span[:-1] + b',"pushCode":"EVIL"}',
            b'{"pushCode":"EVIL",' + span[1:],
        ]
    return one.body.replace(span, draw(st.sampled_from(shapes)))


def _escaped(draw: st.DrawFn, one: Signed) -> bytes:
    """One letter spelled otherwise: the text means the same, or it is not what was signed."""
    letters = [at for at, byte in enumerate(one.body) if 65 <= byte <= 122 and chr(byte).isalpha()]
    at = draw(st.sampled_from(letters))
    code = one.body[at] ^ draw(st.sampled_from([0, 0, 1]))
    spelled = b"&#%d;" % code if one.media == "xml" else b"\\u%04x" % code
    return one.body[:at] + spelled + one.body[at + 1 :]


@pytest.mark.parametrize("how", MUTATIONS)
@given(data=st.data())
def test_no_mutation_is_accepted_with_different_content(how: str, data: st.DataObject) -> None:
    """Flipped, inserted, deleted, reordered, doubled, wrapped, recoded, escaped, respelled: refused, or the content that
    the sender signed."""
    one = data.draw(signed(("xml",) if how == "xml" else ("json", "xml")))
    changed = data.draw(mutations(one, how))
    for media in ("json", "xml"):
        actual = outcome(changed, media)
        assert actual in KINDS if isinstance(actual, str) else same(actual, one.means)


@pytest.mark.parametrize("spell", SPELLINGS["xml"])
def test_nothing_foreign_is_accepted_anywhere_between_the_tags(spell: str) -> None:
    """Every foreign thing at every place between the tags of every client's XML: refused, or nothing was changed."""
    members = {"pushCode": "A", "esbBody": {"n": ["1", "2"], "m": {"k": "x"}}}
    one = signed_as(spell, members, declared=False)
    for place in _between(one.body):
        for foreign in FOREIGN:
            actual = outcome(one.body[:place] + foreign + one.body[place:], "xml")
            assert actual in KINDS if isinstance(actual, str) else same(actual, one.means)


@given(
    st.lists(
        st.sampled_from(
            [
                b"<data>",
                b"</data>",
                b"<data/>",
                b"<a>",
                b"</a>",
                b"<a/>",
                b"x",
                b"<signature>",
                b"</signature>",
                b"<!--",
                b"-->",
                b"<![CDATA[",
                b"]]>",
                b" ",
                b"AAAA",
            ]
        ),
        max_size=9,
    )
)
@example([b"<data>", b"<a/>", b"</data>"])
def test_a_signed_span_never_makes_an_ill_formed_document_acceptable(parts: list[bytes]) -> None:
    """However a sender composes a span and signs it: what is accepted is the one data of a document of two children."""
    span = b"".join(parts)
    body = b"<esbrequest>%b<signature>%b</signature></esbrequest>" % (span, b64encode(KEY.sign(span)))
    actual = outcome(body, "xml")
    if isinstance(actual, str):
        assert actual in KINDS
    else:
        whole = parse(body).value
        assert set(whole) == {"data", "signature"}
        assert whole["data"] == actual


FRAGMENTS = st.lists(
    st.sampled_from(
        [
            b"<esbrequest>",
            b"</esbrequest>",
            b"<data>",
            b"</data>",
            b"<signature>",
            b"</signature>",
            b"<?xml version='1.0'?>",
            b"AAAA",
            b" ",
            b"<esbBody>",
            b"</esbBody>",
            b"&lt;root&gt;",
            b"&lt;/root&gt;",
            b"{",
            b"&#0;",
            b"]]>",
            b"\xff",
        ]
    ),
    max_size=12,
).map(b"".join)


@given(st.binary(max_size=80) | FRAGMENTS, st.sampled_from(["json", "xml"]))
def test_no_bytes_raise_anything_else(body: bytes, media: forms.Media) -> None:
    """Arbitrary bytes are refused in one of the known ways, at every step of the way."""
    assert outcome(body, media) in KINDS


@given(st.binary(max_size=60) | FRAGMENTS, st.sampled_from(["json", "xml"]))
def test_reading_raises_nothing_else(data: bytes, form: str) -> None:
    """Bytes that somebody signed, whatever they are, are members or refused."""
    for text in (data, b"<data>" + data + b"</data>", b"<data><esbBody>" + data + b"</esbBody></data>"):
        try:
            assert isinstance(forms.read_data(text, form), dict)
        except SigningError as error:
            assert error.kind in KINDS  # noqa: PT017 - any other exception fails the test


@given(JSON | st.dictionaries(st.integers(0, 2**33).map(str) | TEXTS, JSON, max_size=5))
def test_what_the_hub_signs_around_a_value_is_what_every_client_verifies(value: Any) -> None:
    """The portable spelling is a fixed point of JavaScript's and Jackson's reprint, and PHP cuts it out; the value stays."""
    try:
        spelled = portable(value)
    except SigningError as error:
        assert error.kind == "json"  # noqa: PT017 - refused by a rule is one of two ways
        return
    assert spelled == value
    body = forms.seal_form({"success": True, "requestId": "ab", "esbBody": value}, KEY, "json", "response")
    text = forms.frame_body(body, "json").data.decode()
    checks = (clients.js_checks, clients.jackson_checks, clients.php_checks)
    assert [check(body.decode()) for check in checks] == [text] * 3


@given(BODIES, st.sampled_from(["request", "response"]))
def test_what_the_hub_seals_in_xml_reads_back(body: dict[str, Any], kind: forms.Kind) -> None:
    """Every sealed body is accepted, every client cuts the same text out, and sealing what was read changes nothing."""
    sealed = forms.seal_form({"requestId": "ab", "esbBody": body}, KEY, "xml", kind)
    text = forms.frame_body(sealed, "xml").data
    cuts = (clients.first_to_first, clients.first_to_last)
    assert [cut(sealed.decode()).encode() for cut in cuts] == [text] * 2
    read = accept(sealed, "xml")
    again = forms.seal_form(read, KEY, "xml", kind)
    assert same(accept(again, "xml"), read)
