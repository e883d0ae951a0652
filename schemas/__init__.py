"""Canonical records, contracts and pay rule sets. Nothing of ours imported, no I/O."""
