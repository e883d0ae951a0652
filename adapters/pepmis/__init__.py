"""PEPMIS and PIPMIS (e-Utendaji): how Tanzania plans and assesses the work of its employees and institutions."""
