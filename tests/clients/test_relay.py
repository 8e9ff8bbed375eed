"""Relay with the environment and the documents of docs/frontend.md."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.clients.caches import check_customers, check_presses, check_selections
from tests.support.javascript import CLIENTS, run, run_node
from tests.support.page_projects import blocks, write_project

pytestmark = [pytest.mark.verify, pytest.mark.timeout(600)]

PARTS = ("Create the app", "Relay")
WRITING = ("src/press.ts", "src/EnrolMutation.ts")
MISTAKES = """
import type { CustomerPromotions_customer$data as Data } from
  "./__generated__/CustomerPromotions_customer.graphql";

type Node = NonNullable<Data["promotions"]>["edges"][number]["node"];

export const known = (node: Node): string | null | undefined => node.nextExpiryAt;
// @ts-expect-error: it may be null
export const unknown = (node: Node): string => node.nextExpiryAt;
"""


@pytest.fixture(scope="module")
def project(npm: str, app_gateway: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the files of the page, and compile its documents and those of the scenarios."""
    files = [block for block in blocks("frontend.md") if block.file and block.section in PARTS]
    files += [block for block in blocks("writing.md") if block.file in WRITING]
    folder = write_project(tmp_path_factory.mktemp("relay") / "project", files, app_gateway)
    (folder / "src/main.tsx").unlink()
    shutil.copy(CLIENTS / "relayDocuments.ts", folder / "src")
    (folder / "src/__generated__").mkdir()
    run("relay-compiler", cwd=folder)
    return folder


@pytest.fixture(scope="module")
def seen(project: Path) -> Any:
    """Return what each scenario has returned, requested and warned of."""
    return run_node("relay-scenarios.mjs", cwd=project)


def test_its_compiler_types_the_documents(project: Path) -> None:
    """Dates are strings, and what may be null is refused, under `tsc --strict`."""
    (project / "src/mistakes.ts").write_text(MISTAKES)
    run("tsc", "-p", ".", cwd=project)


def test_pages_are_joined_to_the_end(seen: Any) -> None:
    """101 promotions in six pages, each by the customer's id, as usePaginationFragment does."""
    assert len(set(seen["toTheEnd"]["result"])) == 101
    assert len(seen["toTheEnd"]["requests"]) == 1 + 6
    assert seen["toTheEnd"]["warnings"] == []


def test_tabs_are_lists_of_their_own(seen: Any) -> None:
    """A page of another tab leaves the two pages of the first as they were."""
    tabs = seen["tabs"]["result"]
    assert len(tabs["all"]) == 40
    assert len(tabs["redeemable"]) == 20
    assert tabs["redeemable"] != tabs["all"][:20]
    assert tabs["after"] == tabs["all"]


def test_other_selections_of_limits_erase_nothing(seen: Any) -> None:
    """What was selected first is in the store when other fields have been fetched."""
    check_selections(seen["limits"])


def test_customers_in_one_store_do_not_overwrite_each_other(seen: Any) -> None:
    """Two customers who share promotions, and one who is registered at two sources."""
    check_customers(seen["customers"])


def test_every_type_with_an_id_can_be_fetched_again(seen: Any) -> None:
    """A @refetchable fragment of each type gets fields that the list had not."""
    found = seen["nodes"]["result"]
    types = ["Customer", "CustomerPromotion", "Promotion", "Program"]
    assert [one["data"]["__typename"] for one in found] == types
    assert [(one["isMissingData"], one["requests"]) for one in found] == [(False, 1)] * 4
    customer, held, promotion, program = (one["data"] for one in found)
    assert customer["customerId"]
    assert held["restrictions"]
    assert promotion["definition"]["status"]
    assert program["name"]


def test_an_error_is_thrown_with_its_code(seen: Any) -> None:
    """So that a page that failed does not end a list."""
    assert seen["refused"]["result"] == {"code": "BAD_USER_INPUT", "retryable": False}


def test_a_button_shows_what_is_hoped_for_and_then_what_is_true(seen: Any) -> None:
    """By the code of docs/writing.md, which the store rolls back after an error."""
    check_presses(seen["press"], (None, None, None))
