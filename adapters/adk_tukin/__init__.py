"""ADK Tukin, the allowance file of Indonesia's central payroll (Web Gaji e-Tukin)."""
