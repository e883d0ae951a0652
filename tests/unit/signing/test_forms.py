"""The forms of an envelope, one by one: framing, verifying, reading, sealing. Generated ones are in tests/properties."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import pytest

from signing import forms, jsontext, keys, xmltext
from signing.errors import SigningError

KEY = keys.generate()
OTHER = keys.generate("secp256k1")
RING = keys.KeyRing([keys.KeyWindow(KEY.public, 0)])
NODE = b"<data><pushCode>A</pushCode><esbBody><root><n>1</n></root></esbBody></data>"


def xml(span: bytes, signed: bytes | None = None, shape: bytes = b"<esbrequest>%b%b</esbrequest>") -> bytes:
    signature = b"<signature>%b</signature>" % b64encode(KEY.sign(span if signed is None else signed))
    return shape % (span, signature)


def take(body: bytes, media: forms.Media, ring: keys.KeyRing = RING, now: int = 1) -> tuple[str, dict[str, Any]]:
    """Form and members of an accepted body, by the way that the hub goes."""
    verified = forms.verify_forms(forms.frame_body(body, media), ring, now)
    assert forms.verified_bytes(body, verified.form) == verified.data
    return verified.form, forms.read_data(verified.data, verified.form)


def kind_of(body: bytes, media: forms.Media = "xml", ring: keys.KeyRing = RING, now: int = 1) -> str:
    with pytest.raises(SigningError) as caught:
        take(body, media, ring, now)
    return caught.value.kind


@pytest.mark.parametrize(
    "body",
    [
        xml(NODE),
        xml(NODE, shape=b"<esbresponse>%b%b</esbresponse>"),
        xml(NODE, shape=b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\r\n<esbrequest>%b%b</esbrequest>'),
        xml(NODE, shape=b"<?xml version='1.0'?><esbrequest>%b%b</esbrequest>\n"),
        xml(NODE, shape=b" <esbrequest >\n %b\n\t%b\r\n</esbrequest >\n"),
    ],
)
def test_xml_around_the_span_may_vary(body: bytes) -> None:
    """Either root, any declaration of UTF-8, white space between the parts: the same span verifies."""
    assert take(body, "xml") == ("xml", {"pushCode": "A", "esbBody": {"n": "1"}})


def test_signature_may_come_first() -> None:
    """The order of data and signature is the sender's."""
    signature = b"<signature>\n%b\n</signature>" % b64encode(KEY.sign(NODE))
    assert take(b"<esbrequest>%b %b</esbrequest>" % (signature, NODE), "xml")[0] == "xml"


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (xml(NODE, shape=b"<esbrequest>%b%b</esbresponse>"), "framing"),
        (xml(NODE, shape=b"<esbrequest x='1'>%b%b</esbrequest>"), "framing"),
        (xml(NODE, shape=b"<other>%b%b</other>"), "framing"),
        (xml(NODE, shape=b"<esbrequest>%b%b</esbrequest>x"), "framing"),
        (xml(NODE, shape=b"<esbrequest>%b%b</esbrequest><!-- -->"), "framing"),
        (xml(NODE, shape=b"<!-- --><esbrequest>%b%b</esbrequest>"), "framing"),
        (xml(NODE, shape=b"<!DOCTYPE x><esbrequest>%b%b</esbrequest>"), "framing"),
        (xml(NODE, shape=b"<esbrequest><x/>%b%b</esbrequest>"), "framing"),
        (xml(NODE, shape=b"<esbrequest>%b<x/>%b</esbrequest>"), "framing"),
        (xml(NODE, shape=b"<esbrequest>%b%b<x/></esbrequest>"), "framing"),
        (xml(NODE, shape=b"<esbrequest>%b%b<signature>AAAA</signature></esbrequest>"), "framing"),
        (xml(NODE, shape=b"<esbrequest><signature>AAAA</signature>%b%b</esbrequest>"), "framing"),
        (xml(NODE, shape=b"<esbrequest>%b<w>%b</w></esbrequest>"), "framing"),
        (xml(NODE, shape=b"<esbrequest><data/>%b%b</esbrequest>"), "framing"),
        (xml(NODE, shape=b"<esbrequest><data>evil</data>%b%b</esbrequest>"), "signature"),
        (xml(NODE, shape=b"<esbrequest>%b%b<data>evil</data></esbrequest>"), "framing"),
        (xml(NODE, shape=b'<?xml version="1.0" encoding="latin1"?><esbrequest>%b%b</esbrequest>'), "framing"),
        (xml(NODE, shape=b'<?xml version="1.1"?><esbrequest>%b%b</esbrequest>'), "framing"),
        (b"\xef\xbb\xbf" + xml(NODE), "framing"),
        (xml(NODE).decode().encode("utf-16"), "framing"),
        (b"<esbrequest>%b</esbrequest>" % NODE, "framing"),
        (b"<esbrequest>%b<signature>A A!</signature></esbrequest>" % NODE, "framing"),
        (b"<esbrequest>%b<signature></signature></esbrequest>" % NODE, "signature"),
        (xml(NODE.replace(b">1<", b">2<"), NODE), "signature"),
    ],
)
def test_smuggled_xml_is_refused(body: bytes, kind: str) -> None:
    """Wrapped signatures, a second data, comments, declarations of other charsets and bytes around: none is taken."""
    assert kind_of(body) == kind


@pytest.mark.parametrize(
    "span",
    [
        b"<data><a>1</a></data><data><a>2</a></data>",
        b"<data><a>1</a><!-- c --></data>",
        b"<data><a>1</a><?pi x?></data>",
        b"<data><a>&x;</a></data>",
        b"<data><a>1</data></a></data>",
        b"<data><a>1</a>text<b/></data>",
        b"<data><a>1</a><a>1</a></data>",
        b"<data><esbBody>1</esbBody><esbBody/></data>",
        b"<data>text</data>",
        b"<data><a>\xff</a></data>",
        b"<data><a>\xed\xa0\x80</a></data>",
        b"<data><a>&#0;</a></data>",
        b"<data><a>\x01</a></data>",
        b"<data><a x='1' x='2'/></data>",
        b"<data>" + b"<a>" * 64 + b"</a>" * 64 + b"</data>",
        b"<data><esbBody>&lt;root&gt;</esbBody></data>",
        b"<data><esbBody>&lt;!DOCTYPE r [&lt;!ENTITY e 'x'>]&gt;&lt;r&gt;&amp;e;&lt;/r&gt;</esbBody></data>",
    ],
)
def test_a_signed_span_that_is_no_plain_document_is_refused(span: bytes) -> None:
    """A sender that signs what parsers may take differently, or what can unfold, gets it verified and then refused."""
    assert kind_of(xml(span)) == "xml"


def test_a_signed_span_that_is_no_strict_json_is_refused() -> None:
    """JSON inside XML is parsed as strictly as JSON anywhere."""
    assert kind_of(xml(b'<data><esbBody><root>{"a":1,"a":2}</root></esbBody></data>')) == "json"


@pytest.mark.parametrize(
    ("inside", "body"),
    [
        (b"<root><a>1</a><a>2</a><b> x </b></root>", {"a": ["1", "2"], "b": " x "}),
        (b"<employee><id>7</id></employee>", {"employee": {"id": "7"}}),
        (b"<id>7</id>\n  <name>A</name>\n", {"id": "7", "name": "A"}),
        (b"&lt;root&gt;&lt;a&gt;1&lt;/a&gt;&lt;/root&gt;", {"a": "1"}),
        (b"<![CDATA[<root><a>1</a></root>]]>", {"a": "1"}),
        (b'&lt;?xml version="1.0" encoding="utf-8"?&gt;\n&lt;root&gt;&lt;a&gt;1&lt;/a&gt;&lt;/root&gt;', {"a": "1"}),
        (b"&lt;employee&gt;&lt;id&gt;7&lt;/id&gt;&lt;/employee&gt;", {"employee": {"id": "7"}}),
        (b'&lt;root&gt;{"a": [1, "x"]}&lt;/root&gt;', {"a": [1, "x"]}),
        (b'<root>{"a": [1, "x"]}</root>', {"a": [1, "x"]}),
        (b'&lt;root&gt;{"a":"x &amp;amp; y"}&lt;/root&gt;', {"a": "x & y"}),
        (b'&lt;root&gt;{"a":"x &amp; y"}&lt;/root&gt;', {"a": "x & y"}),
        (b'&lt;root&gt;{"a":"&lt;b&gt;"}&lt;/root&gt;', {"a": "<b>"}),
        (b"<root><root>x</root></root>", {"root": "x"}),
        (b"<root>x</root>", "x"),
        (b"plain", "plain"),
        (b'{"a":1}', '{"a":1}'),
        (b'<a k="1">x</a><b k="2"><c/></b>', {"a": {"@k": "1", "#text": "x"}, "b": {"@k": "2", "c": ""}}),
        (b"<a/>", {"a": ""}),
        (b"<a>1</a><b/><a>2</a>", {"a": ["1", "2"], "b": ""}),
    ],
)
def test_the_body_of_an_xml_message(inside: bytes, body: Any) -> None:
    """Elements, escaped documents with or without a declaration, JSON inside root; only `root` is unwrapped."""
    element = b"<esbBody>%b</esbBody>" % inside
    reading = forms.read_message(b"<data><pushCode>A</pushCode>%b<x/></data>" % element, "xml")
    assert reading.members["esbBody"] == body
    assert reading.body == element


@pytest.mark.parametrize(
    ("data", "body"),
    [
        (b"<data><esbBody/></data>", b"<esbBody/>"),
        (b'<data><esbBody a=">"/><dat/></data>', b'<esbBody a=">"/>'),
        (b"<data><esbBody\n>x</esbBody\n></data>", b"<esbBody\n>x</esbBody\n>"),
        (
            b'<?xml version="1.0" encoding="utf-8"?>\n<data><esbBody>\xc3\xa9</esbBody></data>',
            b"<esbBody>\xc3\xa9</esbBody>",
        ),
        (b"<data><a/></data>", None),
    ],
)
def test_body_bytes_are_the_element_as_received(data: bytes, body: bytes | None) -> None:
    """What ids and duplicates are made from is cut from the received bytes, tags included."""
    assert forms.body_bytes(data, "xml") == body


def test_success_is_the_one_member_that_xml_means_as_a_boolean() -> None:
    """`success` reads as a boolean in any case of letters; anything else stays the text that it is."""
    said = [forms.read_data(b"<data><success>%b</success></data>" % text, "xml") for text in (b"true", b"False", b"1")]
    assert said == [{"success": True}, {"success": False}, {"success": "1"}]


def test_python_signs_its_declaration_line() -> None:
    """A signature over declaration and span is found, under the declaration as it was received."""
    line = b'<?xml version="1.0" encoding="utf-8"?>\n'
    bodies = [
        xml(NODE, line + NODE, line + b"<esbrequest>%b%b</esbrequest>"),
        xml(NODE, line + NODE),
        xml(NODE, b"<?xml version='1.0'?>\n" + NODE, b"<?xml version='1.0'?><esbrequest>%b%b</esbrequest>"),
    ]
    assert [take(body, "xml")[0] for body in bodies] == ["xml-declared"] * 3


def test_white_space_between_elements_is_the_last_attempt() -> None:
    """Who signs compact and sends indented is understood; what is read is the compact text."""
    indented = NODE.replace(b"><", b">\n  <")
    assert take(xml(indented, NODE), "xml") == ("xml-stripped", {"pushCode": "A", "esbBody": {"n": "1"}})


def test_json_printed_anew_is_the_fallback() -> None:
    """Who signs compact JSON and sends it spaced and escaped is understood; what is read is the compact text."""
    compact = '{"b":"é","a":[1,2]}'.encode()
    sent = b'{"data": {"b": "\\u00e9", "a": [1, 2]}, "signature": "%b"}' % b64encode(KEY.sign(compact))
    assert take(sent, "json") == ("json-compact", {"b": "é", "a": [1, 2]})


@pytest.mark.parametrize("form", ["json-compact", "xml-stripped", "xml-other", "other"])
def test_verified_bytes_invents_no_form(form: str) -> None:
    """Asked for a form that the bytes cannot have been taken in, it refuses instead of taking another."""
    body = b'{"data":{"a":1},"signature":"AAAA"}' if forms.media_of(form) == "json" else xml(NODE)
    with pytest.raises(SigningError, match="framing"):
        forms.verified_bytes(body, form)


@pytest.mark.parametrize("media", ["json", "xml"])
@pytest.mark.parametrize(
    ("ring", "now", "kind"),
    [
        (keys.KeyRing([]), 5, "no-key"),
        (keys.KeyRing([keys.KeyWindow(KEY.public, 0, 5)]), 5, "expired-key"),
        (keys.KeyRing([keys.KeyWindow(OTHER.public, 0)]), 5, "signature"),
        (keys.KeyRing([keys.KeyWindow(OTHER.public, 0, 5)]), 5, "no-key"),
    ],
)
def test_why_a_signature_does_not_count(media: forms.Media, ring: keys.KeyRing, now: int, kind: str) -> None:
    """No key, a key outside its validity and a wrong signature are told apart, in every medium."""
    body = forms.seal_form({"a": "b"}, KEY, media, "request")
    assert kind_of(body, media, ring, now) == kind


def test_an_expired_key_is_named_for_a_fallback_too() -> None:
    """A signature that only a fallback shows to be an ended key's is told as such."""
    body = xml(NODE.replace(b"><", b"> <"), NODE)
    assert kind_of(body, ring=keys.KeyRing([keys.KeyWindow(KEY.public, 0, 1)]), now=5) == "expired-key"


MEMBERS: dict[str, Any] = {"success": True, "requestId": "ab", "message": None, "esbBody": {"n": 1.0, "t": "é<&>\r\n"}}


def test_sealed_forms_are_exact() -> None:
    """What clients cut by position: compact, UTF-8, no declaration, requests wrap their body in root."""
    assert forms.seal_form(MEMBERS, KEY, "json", "response").startswith(
        '{"data":{"success":true,"requestId":"ab","esbBody":{"n":1,"t":"é<&>\\r\\n"}},"signature":"'.encode()
    )
    inner = "<n>1</n><t>é&lt;&amp;&gt;&#13;\n</t>"
    assert forms.seal_form(MEMBERS, KEY, "xml", "response").startswith(
        f"<esbresponse><data><success>true</success><requestId>ab</requestId><esbBody>{inner}</esbBody></data><signature>".encode()
    )
    request = forms.seal_form({"apiCode": "A", "esbBody": MEMBERS["esbBody"]}, KEY, "xml", "request")
    assert request.startswith(
        f"<esbrequest><data><apiCode>A</apiCode><esbBody><root>{inner}</root></esbBody></data><signature>".encode()
    )
    assert request.endswith(b"</signature></esbrequest>")


@pytest.mark.parametrize("kind", ["request", "response"])
@pytest.mark.parametrize(
    ("body", "read"),
    [
        ({"a": [1, 2], "b": True, "c": {}, "d": [], "e": None}, {"a": ["1", "2"], "b": "true", "c": "", "d": ""}),
        ({"root": {"x": "1"}}, {"root": {"x": "1"}}),
        ({"data": [{"signature": "</data>"}]}, {"data": {"signature": "</data>"}}),
        ([1, [2, 3]], {"item": ["1", {"item": ["2", "3"]}]}),
        ("<not xml>", "<not xml>"),
        ('{"not":"json"}', '{"not":"json"}'),
        ({"a": {"@k": "\n\"'<", "#text": "t"}}, {"a": {"@k": "\n\"'<", "#text": "t"}}),
        ("", ""),
        (3, "3"),
    ],
)
def test_a_sealed_body_reads_back(kind: forms.Kind, body: Any, read: Any) -> None:
    """Every shape of a body comes back from XML as texts, and only one element is called data."""
    sealed = forms.seal_form({"esbBody": body}, KEY, "xml", kind)
    assert take(sealed, "xml") == ("xml", {"esbBody": read})
    assert sealed.count(b"</data>") == 1


@pytest.mark.parametrize(
    ("members", "kind"),
    [
        ({"data": 1}, "xml"),
        ({"esbBody": {"a b": 1}}, "xml"),
        ({"esbBody": {"1": 1}}, "xml"),
        ({"esbBody": {"a": [1, None]}}, "xml"),
        ({"esbBody": "\x00"}, "xml"),
        ({"esbBody": {"a": b"x"}}, "xml"),
        ({"esbBody": {"@a": {}}}, "xml"),
        ({"esbBody": {"#text": "x", "a": 1}}, "xml"),
        ({"esbBody": {"a": 2**53 + 1}}, "json"),
        ({"esbBody": {"a": 1e-7}}, "json"),
    ],
)
def test_what_xml_cannot_hold_is_refused(members: dict[str, Any], kind: str) -> None:
    """Names, characters, nulls in lists and numbers that a reader would not get as they were meant."""
    with pytest.raises(SigningError) as caught:
        forms.seal_form(members, KEY, "xml", "request")
    assert caught.value.kind == kind


def test_array_index_names_go_first() -> None:
    """Around somebody else's value, names that JavaScript moves are where it moves them; others keep their place."""
    body = {"b": 1, "10": 2, "2": {"z": 0, "0": 1}, "4294967295": 3, "01": 4}
    assert forms.render_data_json({"success": True, "esbBody": body}) == (
        b'{"success":true,"esbBody":{"2":{"0":1,"z":0},"10":2,"b":1,"4294967295":3,"01":4}}'
    )


@pytest.mark.parametrize(
    "body",
    [
        b"<esbrequest>" + b"<data" * 200_000,
        b"<esbrequest><data>" + b"</data>" * 150_000,
        b"<esbrequest><data></data><signature>" + b" " * 1_000_000,
        b"<esbrequest><data></data>" + b"<signature></signature>" * 50_000,
        b"<?xml " + b" " * 1_000_000,
        b" " * 1_000_000,
        b"<esbrequest><signature>" + b"A" * 1_000_000,
    ],
)
def test_framing_a_hostile_megabyte_is_linear(body: bytes) -> None:
    """No shape of a megabyte is gone over again and again."""
    with pytest.raises(SigningError, match="framing"):
        forms.frame_body(body, "xml")


@pytest.mark.parametrize("inside", [b"> " * 400_000, b">" + b" " * 1_000_000, b"<a>" * 300_000, b"<a/>" * 260_000])
def test_reading_a_hostile_megabyte_is_linear(inside: bytes) -> None:
    """Signed or not, white space, depth and numbers of elements cost no more than their size."""
    span = b"<data>" + inside + b"</data>"
    assert kind_of(xml(span, b"other")) == "signature"
    with pytest.raises(SigningError, match="xml"):
        forms.read_data(span, "xml")


def test_the_limit_of_elements_holds() -> None:
    """As many elements as allowed are read, one more is not."""
    inside = b"<a/>" * (xmltext.MAX_ELEMENTS - 2)
    assert len(forms.read_data(b"<data><b>%b</b></data>" % inside, "xml")["b"]["a"]) == xmltext.MAX_ELEMENTS - 2
    with pytest.raises(SigningError, match="elements"):
        forms.read_data(b"<data><b>%b<a/></b></data>" % inside, "xml")


def test_json_reads_objects_only() -> None:
    """A data node is an object, in JSON too."""
    assert forms.read_message(b'{"esbBody": [1]}', "json") == ({"esbBody": [1]}, b"[1]")
    with pytest.raises(SigningError, match="json"):
        forms.read_data(jsontext.render([1]), "json")


def test_the_body_of_json_is_cut_however_its_name_is_spelled() -> None:
    """The bytes of `esbBody` are those that the strict parser gave a value, white space around them left out."""
    data = b'{"a": {"esbBody": 0}, "\\u0065sbBody" : [1, "\\u00e9 "] , "b": "esbBody"}'
    assert forms.read_message(data, "json") == (jsontext.parse(data), jsontext.member(data, "esbBody"))
    assert forms.body_bytes(data, "json") == b'[1, "\\u00e9 "]'
    assert forms.body_bytes(b'{"a":{"esbBody":1}}', "json") is None
