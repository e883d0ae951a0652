"""Delivery: what leaves the hub, one outcome per call, every outcome a record."""
