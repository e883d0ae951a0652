"""The XML document of ESS Utumishi: framed, verified, read; and written.

Rule: the signature is checked over the bytes of `Data` without white space between tags, before anything of it is read;
those very bytes are what is read, and nothing outside of them. No document type, entity, comment or instruction is taken, and the number of
tags is bounded. Rows of such markup and texts that no parser could read another way are read without one. Names of messages are
literal: some have a digit zero where a letter O is meant.
"""

from __future__ import annotations

import re
from binascii import Error as Base64Error
from binascii import a2b_base64, b2a_base64
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Final, NamedTuple
from xml.etree import ElementTree as ET

from adapters.kit import AdapterError, Signer
from signing.errors import SigningError
from signing.keys import PublicKey, load_public
from signing.xmlframe import stripped
from signing.xmltext import escape

from .plain import RECORD, Row, read_plain

MONTHLY: Final = "FSP_MONTHLY_DEDUCTIONS"
STOP: Final = "DEDUCTION_STOP_NOTIFICATION"
RESPONSE: Final = "RESPONSE"
SENDER: Final = "ESS_UTUMISHI"
LOANS: Final = frozenset({"TOP_UP_PAY_0FF_BALANCE_REQUEST", "REPAYMENT_0FF_BALANCE_REQUEST_TO_FSP",
                          "LOAN_CHARGES_REQUEST", "LOAN_OFFER_REQUEST"})  # fmt: skip
"""Messages about loans: of the same system, and not taken here. The digit zero is theirs."""

FIELD_MISSING: Final = "8002"
UNSUPPORTED: Final = "8003"
HEADER: Final = ("Sender", "Receiver", "FSPCode", "MsgId", "MessageType")
MAX_TAGS: Final = 600_000
MAX_SIGNATURE: Final = 4096

SIGNING_KEY: Final = "signingKey"
RSA: Final = "rsa"
_S: Final = rb"[ \t\r\n]*+"
_HEAD: Final = re.compile(_S + rb"(?:<\?xml[ \t]+version=[\"']1\.0[\"'][^<>]{0,60}\?>)?" + _S + rb"<Document>" + _S)
_TAIL: Final = re.compile(
    _S + rb"(?:<Signature>([A-Za-z0-9+/= \t\r\n]{0,4096}+)</Signature>|<Signature/>)?" + _S + rb"</Document>" + _S
)
_END: Final = b"</Data>"
_CODE: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z._-]{0,63}", re.ASCII)


class Document(NamedTuple):
    """What a document says: its type, the lender's code, its id, and its rows: each DeductionRecord of the monthly ones, of
    the others each MessageDetails."""

    kind: str
    creditor: str
    message_id: str
    rows: list[Row]


def open_document(content: bytes, options: Mapping[str, str]) -> Document:
    """The document of `content` once its signature holds. Raises `AdapterError`."""
    received, signature = _frame(content)
    span = stripped(received)
    _verify(span, signature, options)
    return _read_plain(span) or _read(span)


def _read(span: bytes) -> Document:
    try:
        data = ET.fromstring(span)  # noqa: S314 -- framed: no document type, no comment, bounded tags
    except ET.ParseError:
        raise AdapterError("document-malformed", "Data is not well-formed XML") from None
    header, details = data.findall("Header"), data.findall("MessageDetails")
    if len(header) != 1 or not details or len(data) != 1 + len(details):
        raise AdapterError("field-missing", "Data has not one Header, then MessageDetails")
    head = _head({field.tag: (field.text or "").strip() for field in header[0]})
    if head[0] == MONTHLY:
        details = [record for each in details for record in each.iter(RECORD)]
    return Document(*head, [_row(each) for each in details])


def _row(element: ET.Element) -> Row:
    return Row(tuple(f.tag for f in element), tuple(f.text or "" for f in element), not any(len(f) for f in element))


def _read_plain(span: bytes) -> Document | None:
    """The same of plain markup; None for any other."""
    monthly = b"<DeductionRecord>" in span
    found = read_plain(span, in_records=monthly)
    if found is None:
        return None
    head = _head(found.header)
    return Document(*head, found.rows) if (head[0] == MONTHLY) == monthly else None


def _head(said: Mapping[str, str]) -> tuple[str, str, str]:
    """Type, lender and id of a message, as its Header says them."""
    if any(not said.get(name) for name in ("FSPCode", "MsgId", "MessageType")):
        raise AdapterError("field-missing", "the Header lacks FSPCode, MsgId or MessageType")
    if not (_CODE.fullmatch(said["FSPCode"]) and _CODE.fullmatch(said["MsgId"])):
        raise AdapterError("document-malformed", "FSPCode or MsgId is not made of letters, digits, points and hyphens")
    kind = said["MessageType"]
    if kind in LOANS:
        raise AdapterError("message-unsupported", "a message about a loan, which this adapter does not take")
    if kind not in (MONTHLY, STOP, RESPONSE):
        raise AdapterError("message-unsupported", "the MessageType is not one that is known")
    return kind, said["FSPCode"], said["MsgId"]


def fields_of(row: Row) -> dict[str, str] | None:
    """The texts of a row's fields by name; None when a name is there twice or a field has fields."""
    found = dict(zip(row.names, map(str.strip, row.texts), strict=True))
    return found if row.flat and len(found) == len(row.names) else None


def write_document(
    header: Mapping[str, str], details: Sequence[Mapping[str, object]], signer: Signer | None = None
) -> bytes:
    """A document without white space between tags, signed by `signer`; without one the place of the signature is empty."""
    inner = _element("Header", {name: header[name] for name in HEADER})
    inner += "".join(_element("MessageDetails", each) for each in details)
    data = f"<Data>{inner}</Data>".encode()
    signature = b"" if signer is None else b2a_base64(signer.sign(stripped(data)), newline=False)
    return b"<Document>%b<Signature>%b</Signature></Document>" % (data, signature)


def signer_of(options: Mapping[str, str], signer: Signer | None) -> Signer | None:
    """What signs: None where no key is named. Raises `AdapterError` for one that is named and is not there, or no RSA key."""
    if SIGNING_KEY not in options:
        return None
    if signer is None or signer.kind != RSA:
        raise AdapterError("key-missing", "the key that the option signingKey names is not there, or is no RSA key")
    return signer


def _element(name: str, value: object) -> str:
    if type(value) is str:
        return f"<{name}>{escape(value)}</{name}>"
    if isinstance(value, Mapping):
        return f"<{name}>{''.join(_element(each, inner) for each, inner in value.items())}</{name}>"
    if isinstance(value, list | tuple):
        return "".join(_element(name, inner) for inner in value)
    return f"<{name}>{escape('' if value is None else str(value))}</{name}>"


def _frame(content: bytes) -> tuple[bytes, bytes | None]:
    """The bytes of Data, and the signature: None where there is none."""
    odd = b"!" in content and b"<!" in content  # one rare byte is found far faster than two
    if (
        odd
        or (len(content) > MAX_TAGS and content.count(b"<") > MAX_TAGS)
        or content.count(b"?") > 1 < content.count(b"<?")
    ):
        raise AdapterError("document-malformed", "a document type, a comment, an instruction, or far too many tags")
    head = _HEAD.match(content)
    end = content.rfind(_END)
    if head is None or end < head.end() or not content.startswith(b"<Data>", head.end()):
        raise AdapterError("document-malformed", "the text is not Document with Data in it, in UTF-8")
    end += len(_END)
    tail = _TAIL.fullmatch(content, end)
    if tail is None:
        raise AdapterError("document-malformed", "behind Data there is more than one Signature")
    return content[head.end() : end], b"".join((tail[1] or b"").split()) or None


def _verify(span: bytes, signature: bytes | None, options: Mapping[str, str]) -> None:
    key = _key(options.get("publicKey", ""))
    if signature is None and options.get("unsigned") == "taken":
        return
    if key is None:
        raise AdapterError("key-missing", "the option publicKey is not set, so no signature can be checked")
    try:
        raw = b"" if signature is None else a2b_base64(signature, strict_mode=True)
    except (Base64Error, ValueError):
        raw = b""
    if not raw or not key.verify(span, raw):
        raise AdapterError("signature-wrong", "the signature is missing, or is not over this Data with this key")


@lru_cache(maxsize=64)
def _key(text: str) -> PublicKey | None:
    if not text:
        return None
    try:
        key = load_public(text.replace("\\n", "\n"))
    except SigningError:
        raise AdapterError("option-malformed", "the option publicKey is no public key in PEM or base64") from None
    if key.curve != RSA:
        raise AdapterError("option-malformed", "the option publicKey is no RSA key")
    return key
