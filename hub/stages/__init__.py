"""Stages: deterministic readers of the log, and the runner that makes each effect happen once."""
