"""The examples of the page on persisted operations work."""

import re
from pathlib import Path

from gateway.errors import codes
from gateway.execution.document_hash import sha256_of
from tests.support.http_client import client, code
from tests.support.persisted_queries import by_hash, data, get

PAGE = (Path(__file__).parents[3] / "docs/persisted-operations.md").read_text(encoding="utf-8")


def test_the_example_of_the_page_works(gateway_url: str) -> None:
    """Query and hash match, and have the results that the comments state."""
    query = re.findall(r"^query='(.*)'$", PAGE, re.MULTILINE)[0]
    sha256 = re.findall(r"^hash=(\w+) ", PAGE, re.MULTILINE)[0]
    assert sha256 == sha256_of(query)
    variables = {"variables": {"id": "973"}}
    with client(gateway_url) as http:
        assert code(get(http, by_hash(sha256))) == "PERSISTED_QUERY_NOT_FOUND"
        first = data(get(http, by_hash(sha256) | {"query": query} | variables))
        assert data(get(http, by_hash(sha256) | variables)) == first


def test_the_codes_of_the_page_exist() -> None:
    """The documented codes are those of the errors."""
    told = set(re.findall(r"^\| `([A-Z_]+)` \|", PAGE, re.MULTILINE))
    assert len(told) == 4
    assert told <= set(codes())
