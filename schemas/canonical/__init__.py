"""Canonical records: what the hub says inside, whatever a system outside calls it."""
