"""Which outcomes are true, by what the platform had before a write and has after it."""

from typing import Any

from tests.writes.fleet import NEW, Held

# Faults after which it is not known what became of a write.
LOST = ("lost_answer", "cut_json", "status=503", "reset", "lost_answer=hang", "hang")
# Faults after which nothing was written, and the key is free.
REJECTED = ("status=401", "status=403")


def check_outcome(
    given: dict[str, Any],
    payload: dict[str, Any],
    fault: str | None,
    sent: list[dict[str, Any]],
    truths: tuple[Held, Held],
    *,
    is_slow: bool,
) -> None:
    """Assert that an outcome is true, and no vaguer than it must be."""
    before, after = (each.get(given["promotionId"], {}) for each in truths)
    was, is_ = (set().union(*each.values()) for each in (before, after))
    enrolments, issues = set(payload["enrolmentIds"]), set(payload["issueIds"])
    applied = any(each["applied"] for each in sent)
    assert fault not in REJECTED or not sent
    match payload["outcome"]:
        case "DONE":
            assert fault is None
            assert applied
            assert not payload["userErrors"]
            assert enrolments | issues
            if "stage" in given:
                assert enrolments <= before.keys() - after.keys()
                assert issues <= was - is_
                asked = set(given.get("ids", ()))
                assert not asked or asked & (enrolments | issues)
            else:
                assert enrolments <= after.keys() - before.keys()
                assert issues <= is_ - was
        case "REFUSED":
            assert not applied
            assert before == after
            assert payload["userErrors"]
            assert fault not in LOST or not sent
        case "UNCERTAIN":
            assert sent
            name = given["by"]["externalId"]
            is_open = name == "C-UNCERTAIN" and given["programId"] == str(NEW)
            assert fault in LOST or is_slow or is_open
        case other:
            raise AssertionError(other)
