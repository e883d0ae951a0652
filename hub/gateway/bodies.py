"""What the body of a message is: the one place that decides it, for the gateway and for every stage that reads again.

A body stands in the envelope, or was uploaded before and is claimed there; and either is plain, or encrypted. For a code
that is not `sealed`, an encrypted body is for the hub: it is opened here, and what comes out is the body. For one that is
sealed for its recipient the body must be encrypted, and nobody looks into it.

Rule: pure, and the same bytes every time: from the received bytes, the headers and the hub's key a stage finds the very
body that the gateway admitted. `plain` is what id and duplicates cover, so that one text is one message, whichever way it
came.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec

from hub.errors import BadMessage
from hub.records import CLAIM, FORM
from signing import encrypted, forms, jsontext
from signing.envelope import frame
from signing.errors import SigningError

if TYPE_CHECKING:
    from hub.control.objects import Sealed
    from signing.forms import Media
    from signing.keys import PrivateKey

DIGEST: Final = "sha256:"
MOST_CONTAINERS: Final = 250_000
MOST_MEMBERS: Final = 4_000_000
"""Of a body that was uploaded. One such body takes its gateway a second or two, and some hundred MiB."""

_CLAIM_MEMBERS: Final = frozenset({"reference", "digest", "size"})


class Body(NamedTuple):
    """`media`: what `plain` is written in; a value that was read from XML still has to be turned by the contract's
    schema. `checked` False: encrypted for somebody else, so no contract can be checked."""

    plain: bytes
    value: Any
    media: Media
    checked: bool = True


@dataclass(frozen=True, slots=True)
class Claim:
    """What a message says of bytes that its system uploaded before."""

    reference: str = field(repr=False)
    digest: str  # "sha256:<hex>"
    size: int


@dataclass(frozen=True, slots=True)
class Claimed:
    """Uploaded bytes that agreed with their claim."""

    content: bytes = field(repr=False)
    media: Media

    @property
    def header(self) -> str:
        """Text of header `ce_claim`: how much of the end of the kept bytes it is, and what it is written in."""
        return f"{self.media},{len(self.content)}"


def find_claim(value: Any) -> Claim | None:
    """The claim that stands in place of a body; None for every other body. Raises AMANA-CLAIM-002 for one that has the
    name of a claim and not its form."""
    if type(value) is not dict or value.keys() != {"claim"}:
        return None
    claim = value["claim"]
    if type(claim) is not dict or claim.keys() != _CLAIM_MEMBERS:
        raise BadMessage("AMANA-CLAIM-002")
    size = claim["size"]
    if type(size) is str and size.isascii() and size.isdigit() and len(size) < 16:
        size = int(size)  # XML has no numbers
    reference, digest = claim["reference"], claim["digest"]
    if type(reference) is not str or type(digest) is not str or type(size) is not int:
        raise BadMessage("AMANA-CLAIM-002")
    return Claim(reference, digest, size)


def claim_body(claim: Claim) -> dict[str, Any]:
    """The body that stands in place of claimed bytes. Inverse of `find_claim`."""
    return {"claim": {"reference": claim.reference, "digest": claim.digest, "size": claim.size}}


def read_body(
    value: Any, span: bytes, media: Media, sealed: Sealed, key: PrivateKey | None, claimed: Claimed | None = None
) -> Body:
    """The body of a message whose `esbBody` has this value and these bytes. `key`: the hub's. Raises `BadMessage`."""
    body = Body(span, value, media)
    if claimed is not None:
        check_parts(claimed.content)
        body = Body(claimed.content, _parse(claimed.content, claimed.media), claimed.media)
    looks = encrypted.is_sealed(body.value)
    if sealed == "recipient":
        if not looks:
            raise BadMessage("AMANA-SEAL-003")
        return body._replace(checked=False)
    if looks:
        body = _open(body, key)
    if find_claim(body.value) is not None:  # its receiver would take it for a claim of the hub's on what lies there
        raise BadMessage("AMANA-CLAIM-002", "a claim within what was claimed or encrypted")
    return body


def read_again(received: bytes, headers: Mapping[str, str], sealed: Sealed, key: PrivateKey | None) -> Body:
    """The body of an admitted message, from its kept bytes. Raises `BadMessage` for what cannot have been admitted."""
    envelope, claimed = split(received, headers.get(CLAIM))
    if claimed is not None:
        return read_body(None, b"", claimed.media, sealed, key, claimed)
    form = headers.get(FORM, "json")
    try:
        members, span = forms.read_message(forms.verified_bytes(envelope, form), form)
    except SigningError as error:
        raise BadMessage("AMANA-FRM-001", error.kind) from error
    if span is None:
        raise BadMessage("AMANA-JSON-002", forms.BODY)
    return read_body(members[forms.BODY], span, forms.media_of(form), sealed, key)


def value_again(
    received: bytes,
    headers: Mapping[str, str],
    sealed: Sealed,
    key: PrivateKey | None,
    read_xml: Callable[[Any], Any] | None = None,
) -> Any:
    """The value of `read_again`, sooner where it is JSON and plain. `read_xml`: what a value from XML means under the
    contract."""
    if CLAIM not in headers and headers.get(FORM, "json") == "json":
        value = esb_body(received)
        if not encrypted.is_sealed(value):
            return value
    body = read_again(received, headers, sealed, key)
    return body.value if read_xml is None or body.media == "json" or not body.checked else read_xml(body.value)


def split(kept: bytes, header: str | None) -> tuple[bytes, Claimed | None]:
    """The envelope, and the claimed bytes that are kept behind it. `header`: text of `ce_claim`, None where there is
    none."""
    if header is None:
        return kept, None
    media, _, size = header.partition(",")
    cut = len(kept) - int(size)
    return kept[:cut], Claimed(kept[cut:], "xml" if media == "xml" else "json")


def check_parts(content: bytes) -> None:
    """That a large body is not made of too many small things: bytes are cheap, objects are not. Counted without parsing,
    so what stands inside texts counts too. Raises AMANA-CLAIM-005."""
    if content.count(b"{") + content.count(b"[") > MOST_CONTAINERS or content.count(b",") > MOST_MEMBERS:
        raise BadMessage("AMANA-CLAIM-005", f"limit {MOST_CONTAINERS} and {MOST_MEMBERS}")


def _open(body: Body, key: PrivateKey | None) -> Body:
    """The body inside one that is encrypted for the hub."""
    if key is None:
        raise BadMessage("AMANA-SEAL-002")
    try:
        plain = encrypted.open_for(body.value, key)
    except SigningError:
        raise BadMessage("AMANA-SEAL-002") from None
    return Body(plain, _parse(plain, body.media), body.media)


def _parse(plain: bytes, media: Media) -> Any:
    """A body that stands alone: JSON, or where the message is XML a document, which may be JSON too."""
    try:
        if media == "xml":
            return forms.read_text(plain.decode())
        return jsontext.parse(plain)
    except (SigningError, UnicodeDecodeError):
        raise BadMessage("AMANA-JSON-003", media) from None


class _Data(msgspec.Struct, gc=False):
    """What is read of an envelope's data node; other members are skipped over."""

    esbBody: Any  # noqa: N815 -- the name on the wire


_data = msgspec.json.Decoder(_Data)


def esb_body(received: bytes) -> Any:
    """The `esbBody` of an admitted JSON envelope. The gateway has parsed the very same bytes strictly, and refused every
    text on which parsers differ; so here a faster parser gives the same value in one pass."""
    try:
        return _data.decode(frame(received).data).esbBody
    except SigningError as error:
        raise BadMessage("AMANA-FRM-001", error.kind) from error
    except msgspec.MsgspecError as error:
        raise BadMessage("AMANA-JSON-002", "esbBody") from error
