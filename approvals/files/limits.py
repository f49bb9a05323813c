"""How large a file of customers may be. Change them here; the messages follow.

They keep an upload, whatever it contains, within a modest amount of memory and
time. Sizes are checked before a file is parsed, and again while it is unpacked.
"""

# The file as it was uploaded: a million customers with twenty columns fit twice.
FILE_BYTES = 512 * 1024 * 1024

# Rows under the header (a sheet holds 1,048,575) and columns, whatever a workbook
# claims its dimension to be.
ROWS = 1_100_000
COLUMNS = 500

# A longer cell fails its row; Excel holds no more in one cell either.
CELL_CHARACTERS = 32_767
# A longer header refuses the file.
HEADER_CHARACTERS = 255
# One row: characters in a CSV file, bytes of XML in a workbook. A longer row
# refuses the file: most often a quotation mark was never closed.
ROW_LENGTH = 1_000_000

# A workbook is a ZIP archive of XML parts. All of it unpacked, and how many parts.
XLSX_BYTES = 200 * 1024 * 1024
XLSX_PARTS = 1_000
# XML elements in all parts (a cell has two or three).
XLSX_ELEMENTS = 8_000_000
# Distinct texts: a workbook's table of texts has to be held in memory.
XLSX_TEXTS = 500_000
# Everything that is neither a row nor a text (styles, links, names, merged
# cells), in each part, is held in memory too.
XLSX_OTHER_ELEMENTS = 100_000
XLSX_OTHER_BYTES = 16 * 1024 * 1024
