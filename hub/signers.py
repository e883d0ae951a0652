"""Keys that sign what goes out in the dialect of another system: `<AMANA_KEYS>/signing/<name>.pem`, named by a subscription.

Rule: an adapter is handed something that signs, never a key. A key is a file of mode 0600 beside the hub's own; the one that
is named and not there, or that others may read, signs nothing: what would need it is a dead letter, and can be retried
once the key lies in its place.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from hub.logs import logger
from signing.errors import SigningError
from signing.keyfiles import read_key
from signing.keys import PrivateKey

OPTION: Final = "signingKey"
"""Option of a subscription: name of the key."""
FOLDER: Final = "signing"
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)


@dataclass(frozen=True, slots=True)
class KeySigner:
    """The `Signer` of the kit over a key file. Its `repr` shows nothing of the key."""

    _key: PrivateKey = field(repr=False)

    @property
    def kind(self) -> str:
        return self._key.public.curve

    def sign(self, data: bytes) -> bytes:
        return self._key.sign(data)


@dataclass(slots=True)
class Signers:
    """The signing keys of this hub. A file is read again once it was changed."""

    keys: Path
    _read: dict[str, tuple[int, KeySigner]] = field(default_factory=dict, repr=False)

    def of(self, options: Mapping[str, str]) -> KeySigner | None:
        """What signs for a subscription with these options; None: nothing is named, or what is named cannot sign."""
        name = options.get(OPTION)
        if name is None or not _NAME.fullmatch(name):
            return None
        path = self.keys / FOLDER / f"{name}.pem"
        try:
            changed = path.stat().st_mtime_ns
            known = self._read.get(name)
            if known is None or known[0] != changed:
                known = self._read[name] = (changed, KeySigner(read_key(path)))
        except (OSError, SigningError) as error:
            reason = error.detail if isinstance(error, SigningError) else error.strerror
            logger().warning("signer.unusable", key=f"{FOLDER}/{name}.pem", reason=reason)
            return None
        return known[1]
