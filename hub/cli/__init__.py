"""The command line `amana`: people and scripts talk to a hub through it."""
