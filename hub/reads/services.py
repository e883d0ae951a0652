"""What is on offer: who answers for which code, under which contracts, and how to ask.

Rule: open to everybody, so institutions, codes, contracts and directions only: no system, no address, no client id.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import quote

from typing_extensions import TypedDict

from adapters.kit.errors import KitError
from hub.contracts.names import WIRE
from hub.control.objects import ANY, Api
from hub.control.view import View
from hub.errors import BadMessage
from hub.reads.paging import page_values
from schemas.contracts import CONTRACTS

if TYPE_CHECKING:
    from adapters.kit.registry import Adapter

JSON: Final = "application/json"
FORMATS: Final = (JSON, "application/xml")
SIGNATURE: Final = "<base64 of the signature over the bytes of data>"
_PATHS: Final = {"in": "/esb/push-request", "relay": "/esb/push-request", "pull": "/esb/request", "out": None}
_HOW: Final = {
    "in": "push it",
    "relay": "push it; it is passed on as it is to who subscribes, and you may subscribe yourself",
    "pull": "ask for it; the answer comes in the same exchange, or follows",
    "out": "subscribe: the hub pushes it to your address, or you collect it with the code OUTBOX",
}
_SEALED: Final = "; encrypt the body for the recipient, whose key it gives you itself"


class ServiceInstitution(TypedDict):
    code: str
    name: str


class ServiceContract(TypedDict):
    """`schema`: where its JSON Schema is; null for `any`."""

    name: str
    schema: str | None


class ServiceRow(TypedDict):
    """`offeredBy` null: the hub itself. `about`: the one institution whose records it is about. `path` null: nothing is
    sent there, the hub or a device sends. `example`: an envelope's shape, without data."""

    code: str
    title: str | None
    direction: str
    offeredBy: ServiceInstitution | None
    about: ServiceInstitution | None
    contract: ServiceContract
    requestContract: ServiceContract | None
    sealed: bool
    path: str | None
    formats: list[str]
    how: str
    example: dict[str, Any] | None


class ContractRow(TypedDict):
    name: str
    version: int | None
    kind: str
    title: str
    schema: str | None


Adapters = Mapping[str, "Adapter"]


def list_services(view: View, adapters: Adapters, limit: int, after: str | None) -> tuple[list[ServiceRow], str | None]:
    """A page of what is on offer, by code."""
    found, cursor = page_values(view.apis(), lambda v: (v.code,), limit, after)
    return [service_row(api, view, adapters) for api in found], cursor


def service_row(api: Api, view: View, adapters: Adapters) -> ServiceRow:
    title, media = _described(api, adapters)
    device = api.assurance == "device" and media != JSON
    provider = None if api.provider is None else view.system(api.provider)
    return {
        "code": api.code,
        "title": title,
        "direction": api.direction,
        "offeredBy": _institution(view, None if provider is None else provider.institution),
        "about": _institution(view, api.institution),
        "contract": contract_row(api.contract),
        "requestContract": contract_row(api.request_contract) if api.direction == "pull" else None,
        "sealed": api.sealed == "recipient",
        "path": None if device else _PATHS[api.direction],
        "formats": [media] if device else list(FORMATS),
        "how": "devices send it by their own protocol" if device else _how(api),
        "example": None if device else example(api),
    }


def _how(api: Api) -> str:
    return _HOW[api.direction] + (_SEALED if api.sealed == "recipient" else "")


def example(api: Api) -> dict[str, Any]:
    """The shape of an envelope: what is sent to the hub, or what the hub sends."""
    data: dict[str, Any] = {"apiCode" if api.direction == "pull" else "pushCode": api.code}
    if api.direction == "out":
        data["requestId"] = "<32 hex digits>"
    if api.sealed == "recipient":
        data["esbBody"] = {"ephemeralKey": "<base64>", "iv": "<base64>", "encryptedData": "<base64>"}
    else:
        data["esbBody"] = {}
    return {"data": data, "signature": SIGNATURE}


def contract_row(name: str) -> ServiceContract:
    return {"name": name, "schema": None if name == ANY else schema_path(name)}


def schema_path(name: str) -> str:
    return f"/api/v1/contracts/{quote(name, safe='')}"


def list_contracts(adapters: Adapters, limit: int, after: str | None) -> tuple[list[ContractRow], str | None]:
    """A page of the contracts that this hub has, by name."""
    rows: list[ContractRow] = [
        {
            "name": name,
            "version": contract.version,
            "kind": "canonical",
            "title": str(contract.schema.get("title", name)),
            "schema": schema_path(name),
        }
        for name, contract in CONTRACTS.items()
    ]
    for adapter in adapters.values():
        for exchange in adapter.manifest.exchanges:
            name = adapter.wire_contract(exchange.name)
            rows.append(
                {"name": name, "version": None, "kind": "wire", "title": exchange.title, "schema": schema_path(name)}
            )
    return page_values(rows, lambda row: (row["name"],), limit, after)


def show_contract(name: str, adapters: Adapters) -> dict[str, Any]:
    """The JSON Schema of a contract. Raises `BadMessage` AMANA-READ-001."""
    if name in CONTRACTS:
        return CONTRACTS[name].schema
    adapter, _, exchange = name.removeprefix(WIRE).partition(".")
    found = adapters.get(adapter) if name.startswith(WIRE) else None
    try:
        if found is not None:
            return found.wire_schema(exchange)
    except KitError:
        pass
    raise BadMessage("AMANA-READ-001", "contract")


def _described(api: Api, adapters: Adapters) -> tuple[str | None, str]:
    """Title and media type of an adapter's exchange, if it is installed here."""
    adapter = adapters.get(api.adapter)
    if adapter is None:
        return None, JSON
    try:
        exchange = adapter.manifest.exchange(api.exchange)
    except KitError:
        return None, JSON
    return exchange.title, exchange.media_type


def _institution(view: View, code: str | None) -> ServiceInstitution | None:
    found = None if code is None else view.institution(code)
    return None if found is None else {"code": found.code, "name": found.name}
