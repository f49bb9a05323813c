"""Mutants: the program with one small change, which some test ought to notice.

Texts that people read, docstrings and annotations stay as they are. SQL inside strings is
changed too: the guard is written in it.
"""

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass

_OPPOSITE = {
    ast.Eq: "!=",
    ast.NotEq: "==",
    ast.Lt: "<=",
    ast.LtE: "<",
    ast.Gt: ">=",
    ast.GtE: ">",
    ast.In: "not in",
    ast.NotIn: "in",
    ast.Is: "is not",
    ast.IsNot: "is",
}
_ARITHMETIC = {
    ast.Add: ("+", "-"),
    ast.Sub: ("-", "+"),
    ast.BitAnd: ("&", "|"),
    ast.BitOr: ("|", "&"),
}
_TOLD = {"_", "gettext", "ngettext", "_lazy", "debug", "info", "warning", "exception"}
_SELECTING = {"filter", "exclude"}
# In this order: a longer operator before the shorter one that it contains.
_SQL = [
    (r"\bNOT EXISTS\b", "EXISTS"),
    (r"(?<!NOT )\bEXISTS\b", "NOT EXISTS"),
    (r"\bIS NOT DISTINCT FROM\b", "IS DISTINCT FROM"),
    (r"\bIS DISTINCT FROM\b", "IS NOT DISTINCT FROM"),
    (r"\bIS NOT\b(?! DISTINCT)", "IS"),
    (r"\bAND NOT\b", "AND"),
    (r"\bAND\b(?! NOT)", "OR"),
    (r"\bOR\b", "AND"),
    (r"<>", "="),
    (r"<=", "<"),
    (r" < ", " <= "),
    (r" > ", " >= "),
    (r"(?<= )=(?= )", "<>"),
]


@dataclass(frozen=True)
class Mutant:
    """One change: the bytes from `start` to `end` of a file become `new`."""

    path: str
    line: int
    start: int
    end: int
    old: str
    new: str

    def __str__(self):
        return f"{self.path}:{self.line}: {_short(self.old)} → {_short(self.new)}"

    def applied(self, source: bytes) -> bytes:
        """The source with the change in it."""
        return source[: self.start] + self.new.encode() + source[self.end :]


def mutants_of(path: str, source: bytes) -> list[Mutant]:
    """Every mutant of a file that is still a program, in the order of its lines."""
    finder = _Finder(path, source)
    finder.visit(ast.parse(source))
    found = {(m.start, m.end, m.new): m for m in [*finder.found, *_in_sql(path, source)]}
    return sorted(
        (m for m in found.values() if _compiles(m.applied(source))), key=lambda m: (m.line, m.start)
    )


class _Finder(ast.NodeVisitor):
    def __init__(self, path, source):
        self.path, self.source, self.found = path, source, []
        self.starts = [0]
        for line in source.splitlines(keepends=True):
            self.starts.append(self.starts[-1] + len(line))

    # What is left alone

    def visit_JoinedStr(self, node):
        """Where its parts are is not known exactly."""

    def visit_AnnAssign(self, node):
        if node.value:
            self.visit(node.value)

    def visit_arg(self, node):
        """No annotations."""

    def visit_FunctionDef(self, node):
        self.visit(node.args)
        for part in node.body:
            self.visit(part)

    # What is changed

    def visit_Compare(self, node):
        if len(node.ops) == 1:
            between = self._end(node.left), self._start(node.comparators[0])
            self._add(node, *between, f" {_OPPOSITE[type(node.ops[0])]} ")
        self.generic_visit(node)

    def visit_BoolOp(self, node):
        word, other = ("and", "or") if isinstance(node.op, ast.And) else ("or", "and")
        for left, right in zip(node.values, node.values[1:], strict=False):
            start, end = self._end(left), self._start(right)
            text = self.source[start:end].decode()
            self._add(right, start, end, re.sub(rf"\b{word}\b", other, text, count=1))
        self.generic_visit(node)

    def visit_UnaryOp(self, node):
        if isinstance(node.op, ast.Not):
            self._replace(node, self._text(node.operand))
        self.generic_visit(node)

    def visit_BinOp(self, node):
        texts = (node.left, node.right)
        if type(node.op) in _ARITHMETIC and not any(map(_is_text, texts)):
            sign, other = _ARITHMETIC[type(node.op)]
            start, end = self._end(node.left), self._start(node.right)
            self._add(node, start, end, self.source[start:end].decode().replace(sign, other, 1))
        self.generic_visit(node)

    def visit_If(self, node):
        self._negate(node.test)
        self.generic_visit(node)

    visit_While = visit_IfExp = visit_If

    def visit_comprehension(self, node):
        for test in node.ifs:
            self._negate(test)
        self.generic_visit(node)

    def visit_Constant(self, node):
        if isinstance(node.value, bool):
            self._replace(node, str(not node.value))
        elif isinstance(node.value, int):
            self._replace(node, str(node.value + 1))

    def visit_Return(self, node):
        if node.value and not (isinstance(node.value, ast.Constant) and node.value.value is None):
            self._replace(node.value, "None")
        self.generic_visit(node)

    def visit_Raise(self, node):
        self._replace(node, "pass")

    def visit_Expr(self, node):
        if isinstance(node.value, ast.Call) and _called(node.value) not in _TOLD:
            self._replace(node, "pass")
        self.generic_visit(node)

    def visit_Call(self, node):
        if _called(node) in _TOLD:
            return
        if _called(node) in _SELECTING:
            for keyword in node.keywords:
                self._drop(keyword)
        self.generic_visit(node)

    # How

    def _negate(self, test):
        if isinstance(test, ast.Compare) and len(test.ops) == 1 or isinstance(test, ast.UnaryOp):
            return  # has its own
        self._replace(test, f"(not ({self._text(test)}))")

    def _drop(self, keyword):
        start, end = self._start(keyword), self._end(keyword)
        comma = re.match(rb"\s*,", self.source[end:])
        self._add(keyword, start, end + (comma.end() if comma else 0), "")

    def _replace(self, node, new):
        self._add(node, self._start(node), self._end(node), new)

    def _add(self, node, start, end, new):
        old = self.source[start:end].decode()
        self.found.append(Mutant(self.path, node.lineno, start, end, old, new))

    def _text(self, node):
        return self.source[self._start(node) : self._end(node)].decode()

    def _start(self, node):
        return self.starts[node.lineno - 1] + node.col_offset

    def _end(self, node):
        return self.starts[node.end_lineno - 1] + node.end_col_offset


def _in_sql(path, source) -> Iterator[Mutant]:
    text = source.decode()
    starts = [0]
    for line in text.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type != tokenize.STRING or _is_docstring(token):
            continue
        start = starts[token.start[0] - 1] + token.start[1]
        for pattern, new in _SQL:
            for match in re.finditer(pattern, token.string):
                at = start + match.start()
                line = token.start[0] + token.string[: match.start()].count("\n")
                place = len(text[:at].encode())
                end = place + len(match.group().encode())
                yield Mutant(path, line, place, end, match.group(), new)


def _is_docstring(token):
    return token.line.strip().startswith(('"""', "'''"))


def _is_text(node):
    return isinstance(node, ast.JoinedStr) or (
        isinstance(node, ast.Constant) and isinstance(node.value, str)
    )


def _called(node):
    return getattr(node.func, "attr", getattr(node.func, "id", ""))


def _compiles(source):
    try:
        compile(source, "mutant", "exec")
    except (SyntaxError, ValueError):
        return False
    return True


def _short(text):
    text = " ".join(text.split())
    return text if len(text) <= 60 else text[:57] + "…"
