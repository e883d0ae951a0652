"""Employees from HCMIS (Lawson), the Tanzanian personnel registry, and outcomes back to it."""
