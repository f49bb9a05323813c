"""Small files made for one test each."""

import io
import zipfile

from openpyxl import Workbook

from approvals.imports.files import open_table

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
STYLES = (
    "<fonts><font/></fonts><fills><fill><patternFill/></fill></fills><borders><border/></borders>"
    "<cellStyleXfs><xf/></cellStyleXfs><cellXfs><xf/></cellXfs>"
    '<cellStyles><cellStyle name="Normal" xfId="0" builtinId="0"/></cellStyles>'
)
TYPES = "application/vnd.openxmlformats-officedocument.spreadsheetml"


def opened(data, name="customers.csv", **chosen):
    """The table in these bytes, or in this text as UTF-8."""
    data = data.encode() if isinstance(data, str) else data
    return open_table(io.BytesIO(data), name=name, **chosen)


def rows_of(table):
    return [row.cells for row in table.rows()]


def workbook(*rows, **sheets):
    """The bytes of a workbook with these rows, or with these sheets of rows."""
    book = Workbook()
    book.remove(book.active)
    for title, content in (sheets or {"Customers": rows}).items():
        sheet = book.create_sheet(title)
        for row in content:
            sheet.append(row)
    return saved(book)


def saved(book):
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def raw_workbook(sheet, *, texts="", prolog="", zip_type=zipfile.ZIP_DEFLATED, **parts):
    """A workbook from the XML between <sheetData> tags, or from a whole sheet part."""
    if not sheet.startswith("<worksheet"):
        sheet = f'<worksheet xmlns="{MAIN}"><sheetData>{sheet}</sheetData></worksheet>'
    relation = f'<Relationship Id="r1" Type="{RELATIONS}/worksheet" Target="worksheets/s.xml"/>'
    content = {
        "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types">'
        '<Default Extension="xml" ContentType="application/xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{TYPES}.sheet.main+xml"/>'
        f'<Override PartName="/xl/strings.xml" ContentType="{TYPES}.sharedStrings+xml"/></Types>',
        "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{RELATIONS}">'
        '<sheets><sheet name="Customers" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}/relationships">'
        f"{relation}</Relationships>",
        "xl/styles.xml": f'<styleSheet xmlns="{MAIN}">{STYLES}</styleSheet>',
        "xl/strings.xml": f'<sst xmlns="{MAIN}">{texts}</sst>',
        "xl/worksheets/s.xml": prolog + sheet,
    } | parts
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zip_type) as archive:
        for name, text in content.items():
            archive.writestr(name, text)
    return file.getvalue()


def inline(text, ref=""):
    """One cell with its own text."""
    place = f'r="{ref}"' if ref else ""
    return f'<c {place} t="inlineStr"><is><t>{text}</t></is></c>'
