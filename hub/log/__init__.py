"""The embedded log: one SQLite file that is bus, admission table and vault at once.

Rule: what an append, an admission or a vault call has acknowledged survives a power cut; `tests/faults/` proves it.
"""

from hub.log.engine import EmbeddedLog

__all__ = ["EmbeddedLog"]
