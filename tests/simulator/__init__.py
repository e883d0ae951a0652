"""The simulator: the ports in memory, with a manual clock and faults that are planned."""
