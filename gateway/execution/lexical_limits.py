"""The first look at a text: how much there is of it, before the parser makes objects of it.

A scan by one regular expression, linear in the text and over as soon as a limit is passed. It takes
every token that the parser would take, at the same place; where it finds none the parser will stop
too, and say why (GraphQL, §2.1 Lexical tokens).
"""

import re

from gateway.errors import QueryTooComplexError
from gateway.execution.limits import Limits

MOST_NESTED = 60
"""Brackets in one another within one definition: the parser and others recurse by them."""
LONGEST_WORD = 256
"""Characters of a name or number: neither suggestions nor conversions of them are linear."""
LONGEST_TEXT = 10_000
"""Characters of a text, as it is written: the parser reads each by itself."""

# Possessive throughout: a text that does not match is given up at once.
_IGNORED = r"(?:[ \t\n\r,\ufeff]++|\#[^\n\r]*+)*+"
_TOKEN = re.compile(
    rf"""{_IGNORED}(?P<token>
      [!$&()\:=@\[\]{{|}}]
    | \.\.\.
    | [A-Za-z_][A-Za-z0-9_]*+
    | -?+(?:0|[1-9][0-9]*+)(?:\.[0-9]++)?+(?:[eE][+-]?+[0-9]++)?+(?![0-9.A-Za-z_])
    | \"\"\"(?:[^"\\]++|\\\"\"\"|\\|"{{1,2}}(?!"))*+\"\"\"
    | "(?!"")(?:[^"\\\n\r]++|\\.)*+"
    )""",
    re.VERBOSE,
)
_BLANK = re.compile(_IGNORED)
# A blank stays in its place: the two line ends around it may be two halves of one.
_COMMENT = re.compile(r"#[^\n\r]*+")


def check_text(text: str, limits: Limits) -> str:
    """Return the text without its comments, every token on its line and in its column.

    Raises QueryTooComplexError.
    """
    scan = _Scan(limits)
    kept: list[str] = []
    end = 0
    while found := _TOKEN.match(text, end):
        start = found.start("token")
        scan.token(text[start], found.end() - start)
        if "#" in text[end:start]:
            kept.append(_COMMENT.sub(" ", text[end:start]))
            end = start
        kept.append(text[end : found.end()])
        end = found.end()
    blank = _BLANK.match(text, end)
    rest = blank.end() if blank else end
    # Where the scan stops the parser stops too, and need not read a text without an end to it.
    kept += (_COMMENT.sub(" ", text[end:rest]), text[rest : rest + LONGEST_TEXT])
    # The parser takes each of the three for one line's end, and longest for the longest.
    return "".join(kept).replace("\r\n", "\n").replace("\r", "\n")


class _Scan:
    """What has been counted so far."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._tokens = self._directives = 0
        self._nested = 0
        self._arguments_at: int | None = None  # how deep the parenthesis stands that is open

    def token(self, first: str, length: int) -> None:
        """Count one token by its first character."""
        self._tokens += 1
        if self._tokens > self._limits.tokens:
            raise QueryTooComplexError("Document tokens", self._limits.tokens)
        if first in "{[(":
            self._open(first)
        elif first in "}])":
            self._close()
        elif first == "@":
            self._directives += 1
            if self._directives > self._limits.directives:
                raise QueryTooComplexError("Directives", self._limits.directives)
        elif first == '"' and length > LONGEST_TEXT:
            raise QueryTooComplexError("String length", LONGEST_TEXT, length)
        elif first != '"' and length > LONGEST_WORD:
            raise QueryTooComplexError("Name or number length", LONGEST_WORD, length)

    def _open(self, bracket: str) -> None:
        self._nested += 1
        if self._nested > MOST_NESTED:
            raise QueryTooComplexError("Bracket nesting depth", MOST_NESTED)
        if self._arguments_at is None:
            self._arguments_at = self._nested if bracket == "(" else None
        elif self._nested - self._arguments_at > self._limits.json_depth:
            raise QueryTooComplexError("Input nesting depth", self._limits.json_depth)

    def _close(self) -> None:
        if self._nested == self._arguments_at:
            self._arguments_at = None
        self._nested = max(0, self._nested - 1)
