"""How the errors of an execution are shown."""

import pytest
from graphql import GraphQLError, Source

from gateway.errors import BadUserInputError, UpstreamRateLimitedError
from gateway.execution.outcome import format_errors


def located(error: Exception, *path: str | int) -> GraphQLError:
    """Return an error as an execution does."""
    return GraphQLError(str(error), path=list(path), original_error=error)


def test_an_error_of_the_gateways_own_tells_its_code() -> None:
    """Its message and extensions are for the client as they are."""
    (shown,) = format_errors([located(UpstreamRateLimitedError("promotionData", 2.1), "a", 0)], "r")
    assert shown == {
        "message": "The loyalty platform's rate limit is exceeded; try again later.",
        "path": ["a", 0],
        "extensions": {
            "code": "UPSTREAM_RATE_LIMITED",
            "retryable": True,
            "retryAfterS": 3,
            "upstream": {"name": "promotionData", "code": None},
            "requestId": "r",
        },
    }


@pytest.mark.parametrize(
    "error",
    [
        located(RuntimeError("secret"), "a"),
        located(GraphQLError("Expected a secret"), "a"),
        GraphQLError("secret", path=["a"]),
    ],
)
def test_any_other_error_is_masked(error: GraphQLError) -> None:
    """GraphQL's own words about data may repeat it."""
    (shown,) = format_errors([error], "r")
    masked = {"code": "INTERNAL_SERVER_ERROR", "retryable": False, "requestId": "r"}
    assert shown["extensions"] == masked
    assert shown["path"] == ["a"]
    assert "secret" not in str(shown)


def test_past_a_hundred_errors_are_only_counted() -> None:
    """A page of a hundred items with ten bad fields each would be all errors."""
    errors = [located(BadUserInputError(f"ids[{i}]", "no"), i) for i in range(150)]
    shown = format_errors(errors, "r")
    assert len(shown) == 100
    told = {"code": "BAD_USER_INPUT", "retryable": False}
    assert shown[-1]["extensions"] == told | {"argument": "ids[99]", "andMore": 50}
    assert shown[0]["extensions"] == told | {"argument": "ids[0]"}


def test_an_error_tells_ten_places_at_the_most() -> None:
    """A field that is written often is one, and its error's places are many."""
    source = Source("\n".join("abcdefghijklmnopqrstuvwxyz"))
    error = GraphQLError("no", source=source, positions=list(range(0, 40, 2)), path=["a"])
    error.original_error = BadUserInputError("ids", "no")
    (shown,) = format_errors([error], "r")
    assert [one["line"] for one in shown["locations"]] == list(range(1, 11))


def test_no_errors_are_none() -> None:
    """An execution that went well has no list."""
    assert format_errors(None, "r") == []
