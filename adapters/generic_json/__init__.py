"""Signed canonical records as they are, for what no named system brings."""
