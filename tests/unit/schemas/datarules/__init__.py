"""Rules on data: conditions, rule sets, masking."""
