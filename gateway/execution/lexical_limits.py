"""Limits on the text of a document, checked before the parser builds objects from it.

One regular expression scans it, in linear time and no further than a limit. It matches every token
that graphql-core's lexer matches, at the same place; where it matches none the parser fails too,
and reports why (GraphQL specification, §2.1 Lexical tokens). graphql-core's own limits do not hold
this line (`docs/decisions/034-the-lexical-limits-are-ours.md`).
"""

import re

from gateway.errors import QueryTooComplexError
from gateway.execution.limits import Limits

MAX_NESTING = 60
"""Nested brackets in one definition: the parser and the validation recurse by them."""
MAX_NAME_LENGTH = 256
"""Characters of a name or number: suggestions and conversions are not linear in them."""
MAX_STRING_LENGTH = 10_000
"""Characters of a string literal as written: the lexer reads them one by one."""

# Possessive quantifiers throughout, so that a text which does not match causes no backtracking.
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
# A space replaces a comment: without it a CR before and an LF after would become one line end.
_COMMENT = re.compile(r"#[^\n\r]*+")


def check_text(text: str, limits: Limits) -> str:
    """Return the text without its comments, with every token on its line and in its column.

    Raise QueryTooComplexError.
    """
    scan = _Scan(limits)
    pieces: list[str] = []
    end = 0
    while match := _TOKEN.match(text, end):
        start = match.start("token")
        scan.token(text[start], match.end() - start)
        if "#" in text[end:start]:
            pieces.append(_COMMENT.sub(" ", text[end:start]))
            end = start
        pieces.append(text[end : match.end()])
        end = match.end()
    ignored = _BLANK.match(text, end)
    rest = ignored.end() if ignored else end
    # The parser fails where the scan stops, and needs no more than the beginning of what follows.
    pieces += (_COMMENT.sub(" ", text[end:rest]), text[rest : rest + MAX_STRING_LENGTH])
    # Each of the three is one line end to the lexer, which takes longest for CR LF.
    return "".join(pieces).replace("\r\n", "\n").replace("\r", "\n")


class _Scan:
    """The counts of one document so far."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._tokens = self._directives = 0
        self._nesting = 0
        self._arguments_at: int | None = None  # the nesting of the open parenthesis

    def token(self, first: str, length: int) -> None:
        """Count a token by its first character and its length."""
        self._tokens += 1
        if self._tokens > self._limits.tokens:
            raise QueryTooComplexError("Document tokens", self._limits.tokens)
        if first in "{[(":
            self._open(first)
        elif first in "}])":
            if self._nesting == self._arguments_at:
                self._arguments_at = None
            self._nesting = max(0, self._nesting - 1)
        elif first == "@":
            self._directives += 1
            if self._directives > self._limits.directives:
                raise QueryTooComplexError("Directives", self._limits.directives)
        elif first == '"' and length > MAX_STRING_LENGTH:
            raise QueryTooComplexError("String length", MAX_STRING_LENGTH, length)
        elif first != '"' and length > MAX_NAME_LENGTH:
            raise QueryTooComplexError("Name or number length", MAX_NAME_LENGTH, length)

    def _open(self, bracket: str) -> None:
        self._nesting += 1
        if self._nesting > MAX_NESTING:
            raise QueryTooComplexError("Bracket nesting depth", MAX_NESTING)
        if self._arguments_at is None:
            self._arguments_at = self._nesting if bracket == "(" else None
        elif self._nesting - self._arguments_at > self._limits.json_depth:
            raise QueryTooComplexError("Input nesting depth", self._limits.json_depth)
