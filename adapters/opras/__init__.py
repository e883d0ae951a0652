"""OPRAS: the open appraisal of Tanzania's public employees on form TFN 832, from before PEPMIS."""
