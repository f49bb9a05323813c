"""CSV files: encodings, delimiters, quotation marks, headers, cells."""

from .cases import bad, good

HEADER = "account,name,city,credit_limit"
ROW = "C1,Name,Town,100"


def lines(*rows, header=HEADER, end="\n"):
    """A file of these rows."""
    return end.join([header, *rows, ""])


def _encodings():
    zoe = lines("C1,Zoë,City,100")
    yield good("plain", lines(ROW), "u")
    yield good("UTF-8 with its mark", zoe.encode("utf-8-sig"), "u")
    yield good("UTF-16, little end first", ("\ufeff" + zoe).encode("utf-16-le"), "u")
    yield good("UTF-16, big end first", ("\ufeff" + zoe).encode("utf-16-be"), "u")
    yield bad("UTF-16 without its mark", lines(ROW).encode("utf-16-le"), "NUL")
    yield bad("UTF-32", zoe.encode("utf-32"), "NUL")
    yield bad("cp1252 that nobody chose", zoe.encode("cp1252"), "does not exist in utf-8")
    yield good("cp1252 that was chosen", zoe.encode("cp1252"), "u", encoding="cp1252")
    yield good("Latin-1 that was chosen", zoe.encode("latin-1"), "u", encoding="latin-1")
    yield good("UTF-8 read as Latin-1", zoe, "u", encoding="latin-1")
    yield bad("a byte cp1252 lacks", b"account\n\x81\n", "not exist in cp1252", encoding="cp1252")
    yield bad("marked UTF-8, chosen UTF-16", zoe.encode("utf-8-sig"), "marked", encoding="utf-16")
    yield bad("an encoding nobody offers", zoe, "not offered", encoding="utf-7")
    yield bad("a character cut at the end", b"account\nZo\xc3", "does not exist in utf-8")
    yield bad("surrogates in UTF-8", b"account\n\xed\xa0\x80\n", "does not exist in utf-8")
    yield bad("overlong UTF-8", b"account\n\xc0\xaf\n", "does not exist in utf-8")
    yield bad("half a pair in UTF-16", "account\n".encode("utf-16") + b"\x00\xd8", "utf-16")
    yield bad("bytes by chance", bytes(range(128, 256)) * 20, "does not exist in utf-8")
    yield bad("a NUL byte in a cell", "account,name\nC1,a\0b\n", "NUL")
    yield bad("nothing but NUL bytes", bytes(5000), "NUL")


def _shapes():
    for name, mark in (("semicolons", ";"), ("tabs", "\t"), ("bars", "|")):
        yield good(name, lines(ROW).replace(",", mark), "u")
    yield bad("a delimiter that is not clear", "account;name,x\nC1;a\n", "delimiter is not clear")
    yield good("a delimiter that was chosen", "account;name\nC1;Other\n", "u", delimiter=";")
    yield bad("the wrong delimiter", lines(ROW), "no column for", delimiter=";")
    yield bad("a delimiter nobody offers", lines(ROW), "not offered", delimiter=":")
    yield good("lines that end as on a Mac of old", lines(ROW, end="\r"), "u")
    yield good("lines that end as in Windows", lines(ROW, end="\r\n"), "u")
    yield good("no end of the last line", lines(ROW).rstrip(), "u")
    yield good("blank lines", "\n\n" + lines("", ROW, " , , ,", ""), "u")
    yield good("line breaks in a name", lines('C1,"Two\nlines",Town,100'), "f", "U+000A")
    yield good("line breaks in a street", 'account,street\nC1,"Shop 1\r\nWay 2"\n', "u")
    yield good("quotation marks in a cell", lines('C1,"Say ""hi""",Town,100'), "u")
    yield good("an inch within a cell", lines('C1,5" pipe,Town,100'), "u")
    yield bad("a quotation mark never closed", lines('C1,"Name,Town,100'), "never closed")
    yield bad("text behind a quotation mark", lines('C1,"Na"me,Town,100'), "text follows")
    yield bad("one cell without an end", 'account\n"' + "x" * 200_000, "far too long")
    yield bad("one row without an end", "account\n" + "," * 1_000_100, "longer than 1,000,000")
    yield bad("quoted line breaks", "account\n" + '"\n",' * 300_000, "longer than 1,000,000")
    yield good("too few cells", lines("C1,Name", ROW), "fu", "has 2 cells, the header has 4")
    yield good("too many cells", lines(ROW + ",x"), "f", "has 5 cells, the header has 4")
    yield good("a cell that is too long", lines(f"C1,{'x' * 40_000},,"), "f", "32,767")
    yield good("a header alone", lines(), "")
    yield bad("an empty file", "", "is empty")
    yield bad("a mark alone", "\ufeff", "is empty")
    yield bad("blanks alone", "\n \n , \n", "is empty")


def _headers():
    yield bad("no account", "name\nx\n", "no column for")
    yield bad("a header twice", "account,Name, NAME\nC1,a,b\n", "more than once")
    yield bad("a header without a name", "account,,name\nC1,x,y\n", "has no header")
    yield bad("a header too long", f"account,{'x' * 300}\nC1,x\n", "longer than 255")
    yield bad("too many columns", ",".join(f"c{n}" for n in range(501)), "more than 500")
    yield bad("unknown columns", "account,shoe_size\nC1,44\n", "Unknown columns: shoe_size")
    unknown = "account,name,shoe_size\nC1,Other,44\n"
    yield good("unknown columns left out", unknown, "u", ignore_unknown_columns=True)
    yield bad("internal columns", "account,id,approved_by\nC1,1,x\n", "Unknown columns")
    yield good("headers in capitals", "ACCOUNT , Name\nC1,Other\n", "u")
    yield good("Customers V3", "CUSTOMERACCOUNT,ORGANIZATIONNAME\nC1,Other\n", "u")
    yield good("Customers V3, not kept", "CUSTOMERACCOUNT,PARTYNUMBER\nC1,7\n", "=")
    both = "account,country,ADDRESSCOUNTRYREGIONISOCODE\n"
    yield good("columns that agree", both + "C1,NLD,NL\n", "u")
    yield good("columns that disagree", both + "C1,NLD,BE\n", "f", "disagree")
    companies = "account,name,DATAAREAID\nC1,Other,A\nC2,Other,B\n"
    yield bad("two companies", companies, "several companies")
    yield good("one of two companies", companies, "u", options={"company": "a"})
    yield bad("a company it lacks", companies, "no rows of company", company="Z")
    yield good("failed rows, corrected", _failed("C1,Other"), "u")
    two = "Failed row,Failure reason,account\n7,bad,C1\n"
    yield bad("two of the three columns of failed rows", two, "Unknown columns: Failed row")


def _failed(row):
    return f"Failed row,Failed field,Failure reason,account,name\n7,name,bad,{row}\n"


def _cells():
    yield good("governed", lines("C1,Name,City,250"), "g")
    yield good("governed and direct", lines("C1,Name,Town,250"), "g")
    yield good("other spellings", lines("C1, Name ,City,100.00", "C2,Name,City,1e2"), "=f", "1e2")
    yield good("nothing changes", lines("C1,Name,City,100"), "=")
    yield good("empty cells", lines("C1,,,"), "=")
    yield good("empty cells clear", lines("C1,Name,,100"), "u", empty_clears=True)
    yield good("a required field cleared", lines("C1,,City,100"), "f", "", empty_clears=True)
    numbers = ("1,5", "1.000.00", "1 000", "x", "NaN", "Infinity", "--5", "0x10", "١٠", "1_0", "½")
    for number in numbers:
        yield good(f"{number} as a number", lines(f'C1,Name,City,"{number}"'), "f", "not a number")
    yield good("a comma that was chosen", lines('C1,Name,City,"250,5"'), "g", decimal_separator=",")
    yield good("too many digits", lines(f"C1,Name,City,{'9' * 40}"), "f", "digits")
    yield good("too many decimals", lines("C1,Name,City,1.005"), "f", "decimal")
    yield good("a negative limit", lines("C1,Name,City,-5"), "f", "")
    yield good("yes in another word", "account,electronic_invoice\nC1,oui\n", "f", "neither yes")
    yield good("yes as 1", "account,electronic_invoice\nC1,1\n", "u")
    yield good("an unknown group", "account,customer_group\nC1,nope\n", "f", "nope")
    yield good("an unknown choice", "account,on_hold\nC1,maybe\n", "f", "not one of the choices")
    yield good("an unknown country", "account,country\nC1,Netherlands\n", "f", "ISO code")
    yield good("a bad e-mail", "account,email\nC1,nobody\n", "f", "mail")
    yield good("too long a name", lines(f"C1,{'x' * 5000},,"), "f", "too long")
    for name, char in (("bidi", "\u202e"), ("bell", "\x07"), ("escape", "\x1b")):
        yield good(f"a {name} character", lines(f"C1,a{char}b,City,100"), "f", "U+")
    yield good("a formula as a name", lines("C1,=1+1,City,100"), "u")
    yield good("a formula neutralised", lines("C1,'=1+1,City,100"), "u")
    yield good("markup as a name", lines("C1,<script>alert(1)</script>,City,100"), "u")
    yield good("SQL as a name", lines("C1,'; DROP TABLE customers; --,City,100"), "u")
    yield good("decomposed letters", lines("C1,Zoe\u0308,City,100"), "u")
    yield good("emoji", lines("C1,Name 😀,City,100"), "u")


def _keys():
    new = "account,name,customer_group\n"
    yield good("a new customer", new + "N1,New,10\n", "n")
    yield good("update only", new + "N1,New,10\n", "f", "only existing", update_only=True)
    yield good("a new customer without a name", new + "N1,,10\n", "f", "")
    yield good("no account in a row", lines(",Name,Town,100", ROW), "fu", "")
    yield good("a key twice", lines(ROW, ROW), "uf", "stands in row 2")
    yield good("a key in another case", lines("c1,Name,Town,100"), "f", "C1")
    yield good("a key with blanks around", lines(" C1 ,Name,Town,100"), "u")
    for key in ("=1+1", "@x", "+1", "a\u200bb", "a\tb", "\u202eC1", "x" * 200):
        yield good(f"{key!r:.20} as a key", new + f'"{key}",New,10\n', "f", "")
    yield good("a row in ten fails", lines(ROW, "C2,,,x", "C3,,Town,"), "ufu", "not a number")


def all_cases():
    """Every CSV file of the corpus."""
    for part in (_encodings, _shapes, _headers, _cells, _keys):
        yield from part()
