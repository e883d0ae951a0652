"""Payrolls without a form of their own: Oracle HDL, CSV and JSON out, replies per row in."""
