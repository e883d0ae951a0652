"""Feedback from superior, peers, subordinates and public (360 degrees), in the manner of Tubei."""
