"""Tables in files: CSV and XLSX, read and written as streams of rows of text.

This package knows no model. It answers what is in a file and refuses what can't be
read with certainty; what the cells mean is for those who import.
"""

from .csv_files import DELIMITERS, ENCODINGS
from .formulas import neutralise, restore
from .reading import COLUMN_NOTES, FAILED_ROW_HEADERS, Row, Table, open_table
from .source import FileRefused
from .spooling import Spool
from .writing import write_csv, write_failed_rows
from .xlsx_writing import refuse_rows, write_xlsx

__all__ = [
    "DELIMITERS",
    "ENCODINGS",
    "COLUMN_NOTES",
    "FAILED_ROW_HEADERS",
    "FileRefused",
    "Row",
    "Spool",
    "Table",
    "neutralise",
    "open_table",
    "refuse_rows",
    "restore",
    "write_csv",
    "write_failed_rows",
    "write_xlsx",
]
