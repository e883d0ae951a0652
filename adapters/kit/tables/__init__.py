"""Tables that people bring as files, XLSX or CSV, read as bounded streams: see README.md beside this."""

from adapters.kit.tables.table import Table, plain, read_table, text_of, texts_of
from adapters.kit.tables.workbook import Cell, Row

__all__ = ["Cell", "Row", "Table", "plain", "read_table", "text_of", "texts_of"]
