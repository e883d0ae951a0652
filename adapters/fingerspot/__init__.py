"""Scans of Fingerspot devices: asked of the maker's cloud, or sent by it."""
