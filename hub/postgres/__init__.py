"""Admissions and vault in PostgreSQL, for a hub whose log lives elsewhere (docs/adr/0022, 0024).

Rule: what is here is not derived from the log. Whoever runs the hub backs up the schema `admissions`.
"""

from hub.postgres.admissions import PostgresAdmissions, open_admissions

__all__ = ["PostgresAdmissions", "open_admissions"]
