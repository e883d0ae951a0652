"""Pulls: one system asks another through the hub, and gets a signed answer that the hub keeps."""
