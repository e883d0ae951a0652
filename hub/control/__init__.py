"""The control log: signed changes, the directory that they fold into, and its projection into tables."""
