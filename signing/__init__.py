"""Bytes in, verified bytes and proofs out. No clock, nothing of ours imported; only `keyfiles` touches a disk."""
