"""Real servers that tests start on this machine, or find at the address in a variable."""
