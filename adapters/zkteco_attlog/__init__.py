"""Attendance punches on a USB stick: the attlog.dat that ZKTeco devices write."""
