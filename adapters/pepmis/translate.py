"""Messages with PEPMIS to canonical records and back; each kind in a module of its own.

Rule: pure; every row becomes a record, a refusal or repeats one; no formula is applied here.
"""

from .assessments import appeals, assessments, results
from .outward import appeals_out, assessments_out, plans_out, progress_out, results_out
from .plans import plans
from .progress import progress
from .scores import scores_out

__all__ = [
    "appeals",
    "appeals_out",
    "assessments",
    "assessments_out",
    "plans",
    "plans_out",
    "progress",
    "progress_out",
    "results",
    "results_out",
    "scores_out",
]
