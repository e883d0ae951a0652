"""The conformance kit: a local hub that shows a joining institution, step by step, what its connector gets right."""
