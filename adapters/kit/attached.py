"""A file inside a JSON message: {name, sha256, contentBase64}.

Rule: the digest is checked before anything looks into the file. `wrap` and `unwrap` are inverse.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field

from adapters.kit.errors import AdapterError

MAX_FILE: Final = 16 * 1_048_576

FileName = Annotated[str, Field(pattern=r"^[0-9A-Za-z][0-9A-Za-z._ -]*$", max_length=160)]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Base64 = Annotated[str, Field(pattern=r"^[0-9A-Za-z+/]*={0,2}$", max_length=MAX_FILE * 4 // 3 + 4)]


class AttachedFile(BaseModel):
    """The wire form of a file: its name, the SHA-256 of its bytes in hex, the bytes in base64."""

    model_config = ConfigDict(extra="forbid")

    name: FileName
    sha256: Sha256
    contentBase64: Base64  # noqa: N815 -- a wire name


def wrap(name: str, content: bytes) -> dict[str, Any]:
    """The three members that carry `content`."""
    return {
        "name": name,
        "sha256": hashlib.sha256(content).hexdigest(),
        "contentBase64": base64.b64encode(content).decode("ascii"),
    }


def unwrap(body: dict[str, Any]) -> bytes:
    """The bytes that `body` carries; `AdapterError` when they are not what its digest says."""
    try:
        content = base64.b64decode(body["contentBase64"], validate=True)
    except (binascii.Error, ValueError) as error:
        raise AdapterError("file-damaged", "contentBase64 is not base64") from error
    if hashlib.sha256(content).hexdigest() != body["sha256"]:
        raise AdapterError("file-damaged", "sha256 is not the digest of the content")
    return content
