"""What operators read: rows of the directory, messages, runs and the control totals, as plain JSON values."""
