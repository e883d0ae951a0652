"""One folder per external system: theirs <-> canonical. Found by manifest, never by name."""
