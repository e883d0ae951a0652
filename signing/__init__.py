"""Bytes in, verified bytes and proofs out. No I/O, no clock, nothing of ours imported."""
