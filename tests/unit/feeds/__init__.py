"""Folders that are watched and interfaces that are asked."""
