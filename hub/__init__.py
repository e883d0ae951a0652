"""The hub: moves messages between institutions' systems; knows no agency and no vendor by name."""
