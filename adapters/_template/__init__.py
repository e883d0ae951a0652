"""What the system `_template` is, in one line."""
