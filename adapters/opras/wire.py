"""The wire form: a table of TFN 832 forms, one row a form, as an XLSX or CSV file, attached.

Rule: only the carrier is checked here; columns and rows are judged in form.py and translate.py.
"""

from adapters.kit.attached import AttachedFile

Forms = AttachedFile

__all__ = ["Forms"]
