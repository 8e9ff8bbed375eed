"""The absence of an endpoint that the gateway can do without, and when it is asked again."""

import pytest

from gateway.errors import (
    CredentialMissingError,
    IncompleteListError,
    PhasedOutError,
    UndocumentedNotFoundError,
    UpstreamAuthFailedError,
    UpstreamBadPayloadError,
    UpstreamError,
    UpstreamMisuseError,
    UpstreamRefusedError,
    UpstreamTimeoutError,
    UpstreamUnavailableError,
)
from gateway.upstream.resilience.absence import RETRY_AFTER_S, EndpointAbsence
from tests.support.clock import Clock
from tests.support.logged import Lines

NAME = "promotionById"


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (UndocumentedNotFoundError, PhasedOutError),
        (PhasedOutError, PhasedOutError),
        (UpstreamMisuseError, PhasedOutError),
        (UpstreamBadPayloadError, PhasedOutError),
        (UpstreamAuthFailedError, UpstreamAuthFailedError),
    ],
)
def test_it_is_remembered_after_the_first_for_five_minutes(
    kind: type[UpstreamError], expected: type[UpstreamError]
) -> None:
    """404, 410, 405, nonsense, 401 and 403; without a right nothing stale is served."""
    clock = Clock()
    absence = EndpointAbsence(NAME, clock=clock)
    absence.check("a")
    assert type(absence.record("a", kind(NAME))) is expected
    clock.now += RETRY_AFTER_S - 1
    with pytest.raises(expected):
        absence.check("a")
    clock.now += 1
    absence.check("a")


@pytest.mark.parametrize(
    "error",
    [
        UpstreamUnavailableError(NAME),
        UpstreamTimeoutError(NAME),
        UpstreamRefusedError(NAME, 5),
        IncompleteListError(NAME),
        CredentialMissingError(NAME),
        UpstreamAuthFailedError("oauthToken"),
        PhasedOutError("promotionsV2"),
    ],
)
def test_an_error_about_a_request_or_another_endpoint_is_no_absence(error: UpstreamError) -> None:
    """It is raised as it is, and the endpoint is asked again."""
    absence = EndpointAbsence(NAME)
    assert absence.record("a", error) is error
    absence.check("a")


def test_identities_prove_nothing_for_each_other() -> None:
    """A tenant without the endpoint hides it from no other."""
    absence = EndpointAbsence(NAME)
    absence.record("a", PhasedOutError(NAME))
    absence.check("b")
    with pytest.raises(PhasedOutError):
        absence.check("a")


def test_a_response_ends_it_and_both_are_logged_once(log: Lines) -> None:
    """It is logged when the endpoint begins to be absent, and when it is served again."""
    clock = Clock()
    absence = EndpointAbsence(NAME, clock=clock)
    absence.served("a")
    assert absence.is_served("a")
    for _ in range(3):
        absence.record("a", UndocumentedNotFoundError(NAME))
        assert not absence.is_served("a")
        clock.now += RETRY_AFTER_S
    for _ in range(2):
        absence.served("a")
    absence.check("a")
    (absent,) = log.of("upstream_endpoint_absent")
    assert (absent["endpoint"], absent["code"]) == (NAME, "UPSTREAM_BAD_PAYLOAD")
    assert [line["endpoint"] for line in log.of("upstream_endpoint_restored")] == [NAME]


def test_switched_off_it_is_always_absent() -> None:
    """`GATEWAY_DEFINITIONS=v3`: a response of another time changes nothing."""
    absence = EndpointAbsence(NAME, switched_on=False)
    absence.served("a")
    with pytest.raises(PhasedOutError):
        absence.check("a")


@pytest.mark.parametrize("made", [("1", "2"), None])
def test_it_is_asked_again_once_what_was_missing_was_made(made: tuple[str, str] | None) -> None:
    """The 404 may have been about that alone; None is that anything may have been made."""
    absence = EndpointAbsence(NAME, clock=Clock())
    absence.record("a", UndocumentedNotFoundError(NAME), ("1", "2"))
    absence.announced(made)
    absence.check("a")


@pytest.mark.parametrize(
    ("kind", "made"),
    [
        (UndocumentedNotFoundError, ("1", "3")),
        (PhasedOutError, ("1", "2")),
        (UpstreamAuthFailedError, ("1", "2")),
        (UpstreamAuthFailedError, None),
    ],
)
def test_it_stays_absent_where_that_proves_nothing(
    kind: type[UpstreamError], made: tuple[str, str] | None
) -> None:
    """Another object was made, or the endpoint itself was absent."""
    absence = EndpointAbsence(NAME, clock=Clock())
    absence.record("a", kind(NAME), ("1", "2"))
    absence.announced(made)
    with pytest.raises(UpstreamError):
        absence.check("a")
