"""Pay runs: from the set of canonical records below a cut-off to days, pay signals and the run that payroll gets."""
