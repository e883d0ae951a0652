"""Faults: crashes, power cuts, full disks."""
