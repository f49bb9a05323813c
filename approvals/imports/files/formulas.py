"""Cells that a spreadsheet would run as a formula, made harmless and restored.

An exported cell that a spreadsheet could take for a formula gets a leading
apostrophe, and reading takes exactly that apostrophe off again, so that
`restore(neutralise(text)) == text` for every text and an export imports back
without a change.

Taking it off is safe: what is read is data, stored and shown as text and never
run, it is what a person could have typed into the form as well, and every later
export neutralises it again. Other apostrophes ('t Hart) are left alone.
"""

import re

# Blanks here are all that a spreadsheet may skip before a formula, the invisible too.
_BLANKS = r"[\s\x00-\x1f\u200b-\u200f\u2060\ufeff]*"
# Apostrophes in front count as part of what is escaped; else "'=1" would come back as "=1".
_FORMULA = re.compile(rf"'*(?:[\t\r\n]|{_BLANKS}[=+\-@\uff1d\uff0b\uff0d\uff20])")
_NUMBER = re.compile(r"-[0-9]+(?:\.[0-9]+)?")


def neutralise(text: str) -> str:
    """The text as an export writes it: with an apostrophe where it looks like a formula.

    A plain negative number such as -12.50 is none and stays as it is.
    """
    return f"'{text}" if _looks_like_formula(text) else text


def restore(text: str) -> str:
    """The text as it was before `neutralise`; any other text unchanged."""
    return text[1:] if text[:1] == "'" and _looks_like_formula(text[1:]) else text


def _looks_like_formula(text):
    return bool(_FORMULA.match(text)) and not _NUMBER.fullmatch(text)
