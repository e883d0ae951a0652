"""What a message says, for an operator who has to look: masked, unless the operator asks for more.

Rule: masked by the tags of the contract's metadata; a contract without tags is masked whole. Unmasked is for who has the
right and asks for it. Whoever looks, masked or not, leaves a record in `audit` before the answer leaves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from typing_extensions import TypedDict

from hub.contracts.names import SUBJECT, parse_pinned
from hub.delivery.deliver import BODY
from hub.errors import BadMessage
from hub.gateway.bodies import value_again
from hub.reads.messages import find_message, find_record
from hub.records import CHECKED, CODE, DEVICE, SECRET
from hub.stages.bodies import RECEIVED, open_with
from hub.stages.index_rows import IN, OUT
from schemas.contracts import CONTRACTS
from schemas.datarules import MASK, inline_tags, mask, read_metadata
from schemas.datarules.metadata import Metadata, Path
from schemas.personal import tags_of
from signing import jsontext

if TYPE_CHECKING:
    from hub.contracts.registered import Registered
    from hub.control.objects import Operator, Role
    from hub.control.view import View
    from hub.ports import Bus, Store, Vault
    from signing.keys import PrivateKey


class Payload(TypedDict):
    id: str
    contract: str | None
    masked: bool
    body: Any


_UNREAD: Final = "only what was pushed to the hub or goes out, and that the hub can read"


async def open_payload(
    store: Store, bus: Bus, vault: Vault, view: View, registered: Registered, key: PrivateKey, name: str, *, full: bool
) -> Payload:
    """The body of a message. `full`: unmasked. Raises `BadMessage` AMANA-READ-001, AMANA-ERASED-001."""
    row = await find_message(store, name)
    record = await find_record(bus, row) if row["kind"] in {IN, OUT} else None
    if record is None or CHECKED in record.headers:
        raise BadMessage("AMANA-READ-001", _UNREAD)
    h = record.headers
    secret = (await vault.open([h[SECRET]])).get(h[SECRET])
    if secret is None:
        raise BadMessage("AMANA-ERASED-001")
    value: Any
    if row["kind"] == OUT:
        value = jsontext.parse(open_with(secret, BODY, record))
    elif DEVICE in h:
        value = open_with(secret, RECEIVED, record).decode("utf-8", "replace") if full else MASK
    else:
        api = view.api(h[CODE])
        value = value_again(open_with(secret, RECEIVED, record), h, api.sealed if api is not None else "no", key)
    contract = row["contract"] or ""
    shown = value if full else mask(value, personal_paths(contract, registered))
    return {"id": row["id"], "contract": contract or None, "masked": not full, "body": shown}


def check_right(reader: Operator, *roles: Role) -> None:
    """Only an operator with one of the roles sees what is personal. Raises `BadMessage` AMANA-OPER-004."""
    if not set(roles) & set(reader.roles):
        raise BadMessage("AMANA-OPER-004")


def masked_by(contract: str, value: Any) -> Any:
    """A canonical record without what is personal in it."""
    return mask(value, Metadata(tags_of(contract)).personal)


def personal_paths(contract: str, registered: Registered) -> tuple[Path, ...] | None:
    """What is personal under a contract, by its own tags and those of its metadata; None: nobody has said."""
    name, version = parse_pinned(contract)
    if name in CONTRACTS:
        return Metadata(tags_of(name)).personal
    row = None
    if name.startswith(SUBJECT) and version is not None:
        row = registered.version(name.removeprefix(SUBJECT), version, deleted=True)
    if row is None:
        return None
    metadata = read_metadata(None if row.content.metadata is None else jsontext.parse(row.content.metadata.encode()))
    tags = {**inline_tags(jsontext.parse(row.content.text.encode())), **metadata.tags}
    return Metadata(tags).personal if tags else None
