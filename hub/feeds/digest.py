"""HTTP Digest authentication (RFC 7616) and Basic (RFC 7617), as far as devices speak them: qop `auth` or none, MD5 or SHA-256.

Rule: pure. A challenge, a request and a nonce of ours in; the value of `Authorization` out. A challenge that asks for
anything else gets none, and the answer that it stood in is what the hub goes by.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable
from typing import Final

_PAIR: Final = re.compile(r'([A-Za-z][A-Za-z0-9_-]*)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))')
_HASHES: Final[dict[str, Callable[[bytes], str]]] = {
    # chosen by the device; RFC 7616 keeps MD5 for those that know nothing else
    "MD5": lambda data: hashlib.md5(data, usedforsecurity=False).hexdigest(),
    "SHA-256": lambda data: hashlib.sha256(data).hexdigest(),
}


def basic(user: str, password: str) -> str:
    """Value of `Authorization` for Basic."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def answer(
    challenge: str, user: str, password: str, method: str, target: str, nonce: str, count: int = 1
) -> str | None:
    """Value of `Authorization` for the challenge in `WWW-Authenticate`; None for one that is not understood. `nonce`: the
    client's; `count`: how often the server's nonce was used."""
    scheme, _, rest = challenge.strip().partition(" ")
    if scheme.lower() != "digest":
        return None
    said = {name.lower(): quoted or bare for name, quoted, bare in _PAIR.findall(rest)}
    algorithm = said.get("algorithm", "MD5").upper()
    session = algorithm.endswith("-SESS")
    digest = _HASHES.get(algorithm.removesuffix("-SESS"))
    offered = {part.strip() for part in said["qop"].split(",")} if "qop" in said else set()
    if digest is None or "nonce" not in said or "realm" not in said or (offered and "auth" not in offered):
        return None
    secret = digest(f"{user}:{said['realm']}:{password}".encode())
    if session:
        secret = digest(f"{secret}:{said['nonce']}:{nonce}".encode())
    asked = digest(f"{method}:{target}".encode())
    used = f"{count:08x}"
    middle = f"{said['nonce']}:{used}:{nonce}:auth" if offered else said["nonce"]
    parts = {
        "username": _quoted(user),
        "realm": _quoted(said["realm"]),
        "nonce": _quoted(said["nonce"]),
        "uri": _quoted(target),
        "response": _quoted(digest(f"{secret}:{middle}:{asked}".encode())),
        "algorithm": algorithm,
    }
    if offered:
        parts |= {"qop": "auth", "nc": used, "cnonce": _quoted(nonce)}
    if "opaque" in said:
        parts["opaque"] = _quoted(said["opaque"])
    return "Digest " + ", ".join(f"{name}={value}" for name, value in parts.items())


def _quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
