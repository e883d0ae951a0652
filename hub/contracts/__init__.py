"""Contracts in force: their names and versions, what a version's state means, who breaks when one changes."""
