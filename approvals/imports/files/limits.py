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
# Cells in a CSV file, empty ones too: a million customers with ninety columns.
CELLS = 100_000_000

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
XLSX_ELEMENTS = 4_000_000
# Distinct texts, and the XML of all of them: a workbook's table of texts has to be
# held in memory, where a character takes up to four bytes.
XLSX_TEXTS = 500_000
XLSX_TEXT_BYTES = 24 * 1024 * 1024
# Everything that is neither a row nor a text (styles, links, names, merged
# cells), in each part, is held in memory too.
XLSX_OTHER_ELEMENTS = 100_000
XLSX_OTHER_ATTRIBUTES = 150_000
XLSX_OTHER_BYTES = 16 * 1024 * 1024

# Characters of the rows that are worked on together, and the header and rows that are
# shown so that a wrong encoding is seen.
BATCH_CHARACTERS = 8_000_000
SAMPLE_ROWS = 5
SAMPLE_CHARACTERS = 60
