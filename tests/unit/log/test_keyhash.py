"""Keys of the admission tables are fixed for ever: they lie in files."""

from __future__ import annotations

from hub.log.keyhash import dedupe_keys, scope_key


def test_keys_are_pinned() -> None:
    """Many keys of one scope are each what they are alone."""
    keys = [b"one", b"", b"two" * 9]
    made = [key.hex() for key in dedupe_keys("natural-key", "SYS", "CODE", keys)]
    assert made == PINNED
    assert [next(dedupe_keys("natural-key", "SYS", "CODE", [key])).hex() for key in keys] == PINNED
    assert scope_key("SYS", "CODE").hex() == "a5c5ee09a36dc0d08c020bfa146cbe82"


PINNED = ["acf24f1d513d144db7f199e84c16081f", "b7706dd9bd7503a741da23a6da006dcc", "88197dc6fe2237d0eaa1fa6e9f796a32"]
