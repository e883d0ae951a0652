"""Monthly reports in the manner of Plaju, with the superior's feedback, and the yearly assessment."""
