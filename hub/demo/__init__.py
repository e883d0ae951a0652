"""One month end to end on made-up input, reconciled against what its generator knows."""
