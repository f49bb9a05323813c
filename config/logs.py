"""Logs in which a line is what the program said, whatever people typed."""

import logging
from copy import copy

from approvals.values import is_unseen


def escaped(text: str) -> str:
    """The text on one line, with every character that cannot be seen written out."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(
        char.encode("unicode_escape").decode() if is_unseen(char) else char for char in text
    )


class Formatter(logging.Formatter):
    """A message takes one line; the lines of a traceback are set off, so none passes for one."""

    def format(self, record):
        """The record as text; a traceback that another handler has formatted is done again."""
        record = copy(record)
        record.exc_text = None
        return super().format(record)

    def formatMessage(self, record):
        """The line, escaped."""
        return escaped(super().formatMessage(record))

    def formatException(self, ei):
        """The traceback, each line set off."""
        return _set_off(super().formatException(ei))

    def formatStack(self, stack_info):
        """The stack, each line set off."""
        return _set_off(super().formatStack(stack_info))


def _set_off(text):
    return "\n".join(f"  | {escaped(line)}" for line in text.split("\n"))
