"""STRICT and LENIENT: the rules of the reference implementation, restated."""
