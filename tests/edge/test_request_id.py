import random
import re

import httpx
import pytest

from tests.support.http_client import ANY_BROWSER

MADE = re.compile(r"[0-9a-f]{32}")
EVERYWHERE = [
    ("GET", "/graphql?query={__typename}"),
    ("GET", "/graphql?query={"),
    ("POST", "/graphql"),
    ("PUT", "/graphql"),
    ("GET", "/healthz"),
    ("GET", "/readyz"),
    ("GET", "/nothing"),
    ("GET", "/explorer/nothing.js"),
]


@pytest.mark.parametrize(("method", "path"), EVERYWHERE)
def test_every_answer_has_the_callers_id(http: httpx.Client, method: str, path: str) -> None:
    """Responses of all kinds have the id that the request came with."""
    answer = http.request(method, path, headers={"X-Request-Id": "from-a-proxy.1_2"})
    assert answer.headers.get_list("x-request-id") == ["from-a-proxy.1_2"]


@pytest.mark.parametrize(("method", "path"), EVERYWHERE)
def test_every_answer_without_an_id_gets_its_own(
    http: httpx.Client, method: str, path: str
) -> None:
    """Generated ids differ."""
    first, second = (http.request(method, path).headers["x-request-id"] for _ in range(2))
    assert MADE.fullmatch(first)
    assert MADE.fullmatch(second)
    assert first != second


def test_the_page_has_an_id_too(http: httpx.Client) -> None:
    """A browser's navigation is a request like any other."""
    answer = http.get("/graphql", headers={"Accept": ANY_BROWSER, "X-Request-Id": "browser"})
    assert answer.headers["x-request-id"] == "browser"


@pytest.mark.parametrize(
    "given", ["", "a b", "a\tb", "é", '"', "a{}", "<script>", "x" * 129, "%0a", "a,b"]
)
def test_an_id_that_is_not_safe_in_a_log_line_is_replaced(http: httpx.Client, given: str) -> None:
    """Only 1 to 128 letters, digits, dots, hyphens and underscores are accepted."""
    headers = [(b"X-Request-Id", given.encode())]
    assert MADE.fullmatch(http.get("/healthz", headers=headers).headers["x-request-id"])


def test_the_longest_id_is_taken(http: httpx.Client) -> None:
    """128 characters are accepted."""
    given = "x" * 128
    answer = http.get("/healthz", headers={"X-Request-Id": given})
    assert answer.headers["x-request-id"] == given


def test_ids_do_not_depend_on_the_generator_of_the_process(http: httpx.Client) -> None:
    """Whoever seeds Python's own does not repeat them, nor is it used."""
    random.seed(0)
    state = random.getstate()
    first = http.get("/healthz").headers["x-request-id"]
    assert random.getstate() == state
    assert http.get("/healthz").headers["x-request-id"] != first
