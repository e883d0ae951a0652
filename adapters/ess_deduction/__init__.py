"""Deductions from salaries and their ends, as ESS Utumishi exchanges them with lenders in XML."""
