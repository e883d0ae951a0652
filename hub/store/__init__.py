"""The store: state, directory and index as tables, on SQLite (and, by the same code, PostgreSQL)."""
