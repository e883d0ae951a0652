"""ADK files for meal money (uang makan) and overtime (lembur): days and hours, which payroll prices."""
