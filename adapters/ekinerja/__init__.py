"""Periodic performance predicates from e-Kinerja BKN's recap spreadsheet."""
