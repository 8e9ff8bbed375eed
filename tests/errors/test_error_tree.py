"""Every error class: code, whether to retry, message, and reference text."""

import inspect
import math
import re
from collections.abc import Callable

import pytest

import gateway.errors
from gateway.errors import (
    BudgetExceededError,
    CustomerMismatchError,
    GatewayError,
    RequestError,
    UpstreamError,
    UpstreamNotFoundError,
    classes,
    codes,
    documented,
    whole_seconds,
)

GIVEN = {"endpoint": "promotionData", "message": "Words.", "words": "Words.", "upstream_code": 8003}
BY_TYPE = {str: "Argument", int: 30, float: 2.1}
RETRYABLE = {
    ("OVERLOADED", None),
    ("OVERLOADED", 503),
    ("RATE_LIMITED", 429),
    ("BAD_REQUEST", 408),
    ("UNAUTHENTICATED", 503),
    ("UPSTREAM_RATE_LIMITED", None),
    ("UPSTREAM_TIMEOUT", None),
    ("UPSTREAM_UNAVAILABLE", None),
}
# What a new answer settles, whatever may be said of its code.
SETTLED = CustomerMismatchError
# These have no words of their own: whoever raises one writes them, or none is ever shown.
WORDLESS = {UpstreamError, UpstreamNotFoundError}


def make(kind: type[GatewayError]) -> GatewayError:
    """Create an error of this class, with a suitable value for each parameter."""
    needed = [
        GIVEN.get(name, BY_TYPE.get(parameter.annotation))
        for name, parameter in inspect.signature(kind).parameters.items()
        if parameter.default is parameter.empty
    ]
    make_one: Callable[..., GatewayError] = kind
    return make_one(*needed)


@pytest.mark.parametrize("kind", classes())
def test_an_error_has_a_code_and_says_whether_to_try_again(kind: type[GatewayError]) -> None:
    """The code is a known one, and `retryable` is as the table says."""
    error = make(kind)
    status = error.status if isinstance(error, RequestError) else None
    told = error.formatted("r-1")
    assert told["message"] == error.message
    extensions = told["extensions"]
    assert extensions["code"] in codes()
    is_passing = (extensions["code"], status) in RETRYABLE or isinstance(error, SETTLED)
    assert extensions["retryable"] is is_passing
    assert extensions.get("requestId") == ("r-1" if kind.names_request else None)
    if "retryAfterS" in extensions:
        assert extensions["retryable"]
        assert type(extensions["retryAfterS"]) is int
        assert extensions["retryAfterS"] > 0


@pytest.mark.parametrize("kind", classes())
def test_an_error_names_its_request_where_the_operators_can_help(kind: type[GatewayError]) -> None:
    """Failures of the gateway and the platform do, the client's mistakes do not."""
    is_ours = kind.code in {"OVERLOADED", "INTERNAL_SERVER_ERROR"} or (
        kind.code.startswith("UPSTREAM_") and kind is not BudgetExceededError
    )
    own_words = {GatewayError, RequestError}  # which nobody raises
    keys = kind.__name__ == "KeysUnavailableError"
    before_any = kind.__name__ == "ConnectionLimitError"  # refuses a connection: no request yet
    assert kind in own_words or kind.names_request is ((is_ours and not before_any) or keys)


@pytest.mark.parametrize("kind", [kind for kind in classes() if kind not in WORDLESS])
def test_a_message_is_a_sentence_of_the_gateways_own(kind: type[GatewayError]) -> None:
    """It begins with a capital or the argument, ends with a full stop, and names no class."""
    error = make(kind)
    if error.message.startswith("PersistedQuery"):  # which clients look for
        return
    argument = "" if error.argument is None else re.escape(f"{error.argument}: ")
    assert re.fullmatch(f"{argument or '[A-Z]'}.*[.]", error.message)
    assert not re.search(r"Error\b|https?:|[0-9a-f]{12}", error.message)
    if error.argument is not None:
        assert error.extensions["argument"] == error.argument


def test_every_class_can_be_imported() -> None:
    """Every public class is exported by the package."""
    public = {kind.__name__ for kind in classes() if not kind.__name__.startswith("_")}
    assert public <= set(gateway.errors.__all__)


@pytest.mark.parametrize("kind", documented())
def test_a_class_says_when_it_occurs_and_what_a_client_does(kind: type[GatewayError]) -> None:
    """Both are sentences of the reference; retryable errors say how to retry."""
    assert vars(kind).get("__doc__", "").partition("\n")[0].strip().endswith((".", ","))
    assert re.fullmatch(r"[A-Z].*[.]", kind.action)
    assert ("etry" in kind.action) is kind.retryable


@pytest.mark.parametrize(
    ("wait_s", "seconds"),
    [(-1, 1), (0, 1), (0.001, 1), (1, 1), (1.001, 2), (59.9, 60), (300.1, 300), (math.inf, 300)],
)
def test_a_wait_is_told_in_whole_seconds(wait_s: float, seconds: int) -> None:
    """Rounded up, so that a retry is never too early; never 0, and bounded."""
    assert whole_seconds(wait_s) == seconds
