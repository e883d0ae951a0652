"""The wire form of the recap ("Rekap Penilaian"): the XLSX file as it was exported, attached.

Rule: only the carrier is checked here; sheet and rows are judged in sheet.py and translate.py.
"""

from adapters.kit.attached import AttachedFile

Recap = AttachedFile

__all__ = ["Recap"]
