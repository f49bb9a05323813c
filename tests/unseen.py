"""Characters that nobody sees, as Unicode lists them: a list of the tests' own.

It takes nothing from the program, so that what the program overlooks is found.
"""

import unicodedata

# Default_Ignorable_Code_Point of Unicode 16.0, first and last of each range: what is drawn as
# nothing at all. https://www.unicode.org/Public/16.0.0/ucd/DerivedCoreProperties.txt
IGNORABLE = (
    *((0x00AD, 0x00AD), (0x034F, 0x034F), (0x061C, 0x061C), (0x115F, 0x1160), (0x17B4, 0x17B5)),
    *((0x180B, 0x180F), (0x200B, 0x200F), (0x202A, 0x202E), (0x2060, 0x206F), (0x3164, 0x3164)),
    *((0xFE00, 0xFE0F), (0xFEFF, 0xFEFF), (0xFFA0, 0xFFA0), (0xFFF0, 0xFFF8), (0x1BCA0, 0x1BCA3)),
    *((0x1D173, 0x1D17A), (0xE0000, 0xE0FFF)),
)
# Drawn as a blank, though Unicode counts them as signs, letters or marks.
BLANK_SIGNS = (0x2800, 0x1D159, 0x16FE4, 0x13441, 0x13442)
# Control and format characters, surrogates, those for private use or of no meaning yet,
# what separates lines and paragraphs.
CATEGORIES = ("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp")

CODES = {code for first, last in IGNORABLE for code in range(first, last + 1)}
CODES |= set(BLANK_SIGNS)
# Blanks of other widths, and those that do not break.
BLANKS = (0x00A0, 0x1680, *range(0x2000, 0x200B), 0x202F, 0x205F, 0x3000)


def is_unseen(char: str) -> bool:
    """Whether nobody sees this character; an end of a line is seen."""
    if char in "\n\r\t":
        return False
    return ord(char) in CODES or unicodedata.category(char) in CATEGORIES
