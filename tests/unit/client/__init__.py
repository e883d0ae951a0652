"""The client that institutions use."""
