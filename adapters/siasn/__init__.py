"""Employees from SIASN, the civil-service registry of BKN."""
