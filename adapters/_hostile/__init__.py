"""An adapter that exists to hurt the hub in tests: every exchange breaks another promise."""
