"""Running the hub: a light parent, one child process per role."""
