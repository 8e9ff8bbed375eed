"""What `make test` leaves out is in `make verify`."""

from _pytest.mark.structures import ParameterSet
from hypothesis import settings

from tests.support.examples import DEFAULT, THOROUGH, examples, rarely, sampled


def is_rare(parameters: ParameterSet) -> bool:
    """Whether only `make verify` tries these values."""
    return [mark.name for mark in parameters.marks if hasattr(mark, "name")] == ["verify"]


def test_every_run_tries_some_rows_and_verify_the_others() -> None:
    """Each row is in one of the two, with its values."""
    rows = sampled([(number, number + 1) for number in range(10)], 4)
    assert [row.values for row in rows] == [(number, number + 1) for number in range(10)]
    assert [row.values[0] for row in rows if not is_rare(row)] == [0, 4, 8]
    assert all(map(is_rare, rarely("a", {"b": 1})))


def test_every_run_takes_a_fifth_of_the_examples_and_verify_all() -> None:
    """Those of a property that names no number, too."""
    before = settings.get_current_profile_name()
    try:
        for profile, share in (("untimed", 5), (THOROUGH, 1)):
            settings.load_profile(profile)
            assert examples(50).max_examples == 50 // share
            assert settings().max_examples == DEFAULT // share
    finally:
        settings.load_profile(before)
