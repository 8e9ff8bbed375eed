"""The scan matches the parser's tokens, and returns the same text without comments."""

import pytest
from graphql import GraphQLSyntaxError, TokenKind
from graphql.language import Lexer, Source
from hypothesis import example, given
from hypothesis import strategies as st

from gateway.errors import QueryTooComplexError
from gateway.execution.lexical_limits import check_text
from gateway.execution.limits import DEFAULT_LIMITS

PIECES = [
    *"!$&()[]{}:=@|.,-# \t\n\r\"\\'0123456789aeE_é\ufeff",
    *("...", '"""', '\\"""', '""', "name", "-1", "1.5", "2e-3", "0x", "00", "\r\n", "#c", '"t"'),
]
texts = st.lists(st.sampled_from(PIECES), max_size=60).map("".join)


def tokens(text: str) -> tuple[list[tuple[str, int, int, str | None]], tuple[int, int] | None]:
    """Return the parser's tokens of a text with their places, and the place of an error."""
    lexer = Lexer(Source(text))
    read: list[tuple[str, int, int, str | None]] = []
    while True:
        try:
            token = lexer.advance()
        except GraphQLSyntaxError as error:
            return read, next((one.line, one.column) for one in error.locations or ())
        if token.kind is TokenKind.EOF:
            return read, None
        read.append((token.kind.value, token.line, token.column, token.value))


@given(texts)
@example("\r#c\n{")
@example("\r\r\n{")
@example('{a\r\n"""\r\n b\r\n""" "')
def test_without_its_comments_a_text_has_the_same_tokens_in_the_same_places(text: str) -> None:
    """Line, column and value of each, and where it cannot be read."""
    roomy = DEFAULT_LIMITS._replace(directives=60, json_depth=60)
    assert tokens(check_text(text, roomy)) == tokens(text)


@given(texts)
def test_no_token_escapes_the_count(text: str) -> None:
    """The scan counts as many tokens as the parser."""
    number = len(tokens(text)[0])
    roomy = DEFAULT_LIMITS._replace(directives=60, json_depth=60, tokens=number - 1)
    if number:
        with pytest.raises(QueryTooComplexError, match="Document tokens"):
            check_text(text, roomy)


@pytest.mark.parametrize(
    ("text", "without"),
    [
        ("{a}", "{a}"),
        ("{a#b\n}", "{a \n}"),
        ("#x\r\n{#\na}#y", " \n{ \na} "),
        ("{\r#b\n}", "{\n \n}"),
        ('{a(b:"#c")}#"', '{a(b:"#c")} '),
        ('{a(b:"""#c""")}#"""', '{a(b:"""#c""")} '),
        ("#", " "),
        ("", ""),
    ],
)
def test_comments_are_taken_out(text: str, without: str) -> None:
    """A space stays in place of a comment, to keep two line ends apart."""
    assert check_text(text, DEFAULT_LIMITS) == without
