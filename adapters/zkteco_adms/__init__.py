"""Attendance punches pushed by ZKTeco devices over ADMS (iclock)."""
