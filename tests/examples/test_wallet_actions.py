"""The buttons of the wallet's cards: what a customer can do, over a gateway that writes."""

import json
import re
from typing import Any

import pytest
from playwright.sync_api import Locator, Route, expect

from tests.support.wallet_app import Wallet

pytestmark = [pytest.mark.verify, pytest.mark.timeout(600)]
GRAPHQL = "**/graphql"
OLD, NEW = "9031", "9030"


def open_card(wallet: Wallet, customer: str, program: str = OLD) -> Locator:
    """Open a customer's wallet; return the card of one of the two programs."""
    wallet.open(customer)
    card = wallet.card(program)
    expect(card).to_be_visible()
    return card


def button(card: Locator, name: str) -> Locator:
    """Return a button of a card by its label."""
    return card.get_by_role("button", name=name, exact=True)


def outcome(card: Locator) -> Locator:
    """Return where a card says what has become of a press."""
    return card.locator(".outcome")


def try_again_until(card: Locator, text: str) -> None:
    """Press the button of the note as often as it appears, until the card says this."""
    said = card.get_by_text(text, exact=True)
    again = card.get_by_role("alert").get_by_role("button", name="Try again")
    while not said.is_visible():
        expect(again.or_(said)).to_be_visible()
        expect(again.or_(said)).to_be_enabled(timeout=60_000)
        if again.is_visible():
            again.click()


def is_mutation(route: Route) -> bool:
    """Return whether a request is one that writes."""
    return "mutation" in json.loads(route.request.post_data or "{}").get("query", "")[:9]


def forget_failed_loads(wallet: Wallet) -> None:
    """Forget what the browser itself logs of a connection that breaks."""
    assert all(one.startswith("Failed to load resource") for one in wallet.problems)
    wallet.problems.clear()


@pytest.mark.parametrize("program", [OLD, NEW])
def test_a_card_is_joined_activated_deactivated_and_left(wallet: Wallet, program: str) -> None:
    """Each step shows in its buttons and on the tabs; one write each, of either interface."""
    card = open_card(wallet, "C-ENROL", program)
    keys = wallet.keys()
    before = len(wallet.writes("700000102"))
    expect(button(card, "Leave")).to_have_count(0)
    steps = [
        ("Join", "You have joined.", "Activate"),
        ("Activate", "It is active.", "Deactivate"),
        ("Deactivate", "It is not active any more.", "Leave"),
        ("Leave", "You have left.", "Join"),
    ]
    for label, said, following in steps:
        button(card, label).click()
        expect(outcome(card)).to_have_text(said)
        expect(button(card, following)).to_be_visible()
    expect(button(card, "Leave")).to_have_count(0)
    expect(button(card, "Activate")).to_have_count(0)
    assert len(set(keys)) == len(keys) == len(steps)
    assert len(wallet.writes("700000102")) == before + len(steps)
    assert wallet.violations() == []


def test_what_is_issued_directly_is_activated_at_once(wallet: Wallet) -> None:
    """Without joining, as often as allowed; then the button is gone and the tab's count is 0."""
    card = open_card(wallet, "C-DIRECT")
    expect(button(card, "Join")).to_have_count(0)
    expect(wallet.tab("Activate")).to_have_text("Activate2")
    for _ in range(2):
        button(card, "Activate").click()
        expect(outcome(card)).to_have_text("It is active.")
    expect(button(card, "Activate")).to_have_count(0)
    expect(wallet.tab("Activate")).to_have_text("Activate1")
    # The list that was open stays; the one that is opened next is fetched, without the card.
    wallet.tab("Activate").click()
    expect(wallet.status).to_have_text("1 promotion")
    wallet.tab("All").click()
    expect(wallet.cards).to_have_count(2)
    expect(button(card, "Deactivate")).to_be_visible()


def test_two_clicks_are_one_action_and_the_button_says_that_it_is_pending(wallet: Wallet) -> None:
    """It keeps the focus while it waits, says so, and takes no other press; so do its details."""
    card = open_card(wallet, "C-WITHDRAW", NEW)
    held: list[Route] = []
    wallet.page.route(
        GRAPHQL, lambda route: held.append(route) if is_mutation(route) else route.continue_()
    )
    join = button(card, "Join")
    join.dblclick()
    pending = button(card, "Joining …")
    expect(pending).to_have_attribute("aria-disabled", "true")
    expect(pending).to_be_focused()
    expect(outcome(card)).to_have_text("Joining …")
    expect(outcome(card)).to_have_attribute("aria-live", "polite")
    pending.press("Enter")
    card.locator(".open").click()
    dialog = wallet.page.get_by_role("dialog")
    expect(button(dialog, "Joining …")).to_have_attribute("aria-disabled", "true")
    assert wallet.violations() == []
    wallet.page.keyboard.press("Escape")
    assert len(held) == 1
    held[0].continue_()
    expect(outcome(card)).to_have_text(re.compile(r"\w"))
    expect(pending).to_have_count(0)
    assert len(held) == 1


def test_a_card_is_used_by_the_keyboard_alone(wallet: Wallet) -> None:
    """Tab reaches each button after the name, Enter presses, and the focus stays in the card."""
    card = open_card(wallet, "C-ENROLLED")
    card.locator(".open").focus()
    wallet.page.keyboard.press("Tab")
    expect(button(card, "Activate")).to_be_focused()
    expect(button(card, "Activate")).to_have_accessible_description(card.locator("h2").inner_text())
    wallet.page.keyboard.press("Tab")
    leave = button(card, "Leave")
    expect(leave).to_be_focused()
    wallet.page.keyboard.press("Enter")
    expect(outcome(card)).to_have_text("You have left.")
    expect(leave).to_have_count(0)
    assert card.evaluate("card => card.contains(document.activeElement)")


REFUSALS = [
    ("C-ENROL", "Join", "ALREADY_ENROLLED_OR_LIMIT_REACHED", "You have this already"),
    ("C-ENROL", "Join", "PROMOTION_NOT_ACTIVE", "This is paused or over."),
    ("C-ENROL", "Join", "WINDOW_NOT_OPEN", "It is too early for this."),
    ("C-ENROL", "Join", "A_CODE_OF_TOMORROW", "This was refused."),
]


def test_a_refusal_is_said_in_words(wallet: Wallet) -> None:
    """By the platform itself: what is paused can be left, and not be activated."""
    card = open_card(wallet, "C-FULL", NEW)
    keys = wallet.keys()
    button(card, "Join").click()
    expect(outcome(card)).to_have_text("You have this already, or it is used up.")
    expect(outcome(card)).to_have_attribute("data-phase", "refused")
    assert wallet.violations() == []
    # The next press is another one, with a key of its own.
    button(card, "Join").click()
    expect(outcome(card)).to_have_text("You have this already, or it is used up.")
    expect(button(card, "Join")).to_be_visible()
    assert len(set(keys)) == len(keys) == 2


@pytest.mark.parametrize(("customer", "label", "code", "text"), REFUSALS)
def test_each_code_has_its_words(
    wallet: Wallet, customer: str, label: str, code: str, text: str
) -> None:
    """Also one that does not exist yet, since codes may be added."""
    card = open_card(wallet, customer)

    def refuse(route: Route) -> None:
        if not is_mutation(route):
            route.continue_()
            return
        error = {"__typename": "PromotionUserError", "code": code}
        done: dict[str, Any] = {"__typename": "PromotionActionPayload", "outcome": "REFUSED"}
        done |= {"userErrors": [error], "customerPromotion": None}
        route.fulfill(json={"data": {"enrolInPromotion": done}})

    wallet.page.route(GRAPHQL, refuse)
    button(card, label).click()
    expect(outcome(card)).to_contain_text(text)


def test_an_outage_changes_nothing_and_is_tried_again_with_the_same_key(wallet: Wallet) -> None:
    """The note says that nothing has changed; the button of the note sends the same again."""
    card = open_card(wallet, "C-MILESTONES", NEW)
    before = len(wallet.writes("700000118"))
    keys = wallet.keys()
    wallet.fail("promotionData")
    button(card, "Join").click()
    note = card.get_by_role("alert")
    expect(note).to_have_attribute("data-code", "UPSTREAM_UNAVAILABLE")
    expect(note).to_contain_text("Nothing has changed.")
    assert wallet.violations() == []
    assert len(wallet.writes("700000118")) == before
    wallet.recover()
    try_again_until(card, "You have joined.")
    assert len(set(keys)) == 1
    assert len(wallet.writes("700000118")) == before + 1


def test_a_lost_connection_is_said_as_such_and_tried_again_once(wallet: Wallet) -> None:
    """The request has arrived and its answer is lost: the same key makes one write of two sends."""
    card = open_card(wallet, "C-LIMIT")
    before = len(wallet.writes("700000104"))
    keys = wallet.keys()

    def lose(route: Route) -> None:
        if is_mutation(route):
            route.fetch()
            route.abort("connectionreset")
        else:
            route.continue_()

    wallet.page.route(GRAPHQL, lose)
    button(card, "Deactivate").click()
    note = card.get_by_role("alert")
    expect(note).to_have_attribute("data-code", "NO_CONNECTION")
    expect(note).to_contain_text("it may or may not have worked")
    wallet.page.unroute(GRAPHQL)
    try_again_until(card, "It is not active any more.")
    assert len(wallet.writes("700000104")) == before + 1
    assert (len(keys), len(set(keys))) == (2, 1)
    forget_failed_loads(wallet)


def test_a_press_keeps_its_key_over_a_reload(wallet: Wallet) -> None:
    """Until there is an answer: whoever presses again after it sends the same."""
    card = open_card(wallet, "C-LIMIT", NEW)
    before = len(wallet.writes("700000104"))
    keys = wallet.keys()
    wallet.page.route(
        GRAPHQL,
        lambda route: route.abort() if is_mutation(route) else route.continue_(),
    )
    button(card, "Deactivate").click()
    expect(card.get_by_role("alert")).to_have_attribute("data-code", "NO_CONNECTION")
    wallet.page.unroute(GRAPHQL)
    wallet.page.reload()
    button(card, "Deactivate").click()
    expect(outcome(card)).to_have_text("It is not active any more.")
    assert (len(keys), len(set(keys))) == (2, 1)
    assert len(wallet.writes("700000104")) == before + 1
    forget_failed_loads(wallet)


def test_what_is_done_and_was_not_read_again_is_read_once_more(wallet: Wallet) -> None:
    """The outcome stands beside the error of its card, and the card shows it all the same."""
    card = open_card(wallet, "C-ISSUED")

    def lose_card(route: Route) -> None:
        if not is_mutation(route):
            route.continue_()
            return
        response = route.fetch()
        body = response.json()
        ((field, done),) = body["data"].items()
        extensions = {"code": "UPSTREAM_TIMEOUT", "retryable": True}
        path = [field, "customerPromotion"]
        error = {"message": "not read", "path": path, "extensions": extensions}
        body = {"data": {field: done | {"customerPromotion": None}}, "errors": [error]}
        route.fulfill(response=response, json=body)

    wallet.page.route(GRAPHQL, lose_card)
    button(card, "Deactivate").click()
    expect(outcome(card)).to_have_text("It is not active any more.")
    expect(button(card, "Deactivate")).to_have_count(0)
    expect(button(card, "Activate")).to_be_visible()


def test_where_writing_is_off_the_button_says_that_it_is_not_possible(wallet: Wallet) -> None:
    """And offers no other try, since that would be refused as well."""
    card = open_card(wallet, "C-ENROL")
    message = "Writing is switched off in this installation."
    extensions = {"code": "FORBIDDEN", "retryable": False}
    refused = {"data": None, "errors": [{"message": message, "extensions": extensions}]}
    wallet.page.route(
        GRAPHQL,
        lambda route: route.fulfill(json=refused) if is_mutation(route) else route.continue_(),
    )
    button(card, "Join").click()
    note = card.get_by_role("alert")
    expect(note).to_contain_text("That is not possible here.")
    expect(note.get_by_role("button")).to_have_count(0)
    expect(button(card, "Join")).to_have_attribute("aria-disabled", "false")
    assert wallet.violations() == []


def test_a_lost_answer_that_shows_is_done(wallet: Wallet) -> None:
    """UNCERTAIN, and the card that was read again says that it has happened."""
    card = open_card(wallet, "C-UNCERTAIN", NEW)
    button(card, "Join").click()
    expect(outcome(card)).to_have_text("You have joined.")
    expect(button(card, "Leave")).to_be_visible()


def test_what_is_uncertain_is_said_and_looked_at_again(wallet: Wallet) -> None:
    """No button can be pressed until a look shows that nothing was done; then with a new key."""
    card = open_card(wallet, "C-SILENT", NEW)
    keys = wallet.keys()
    button(card, "Join").click()
    expect(outcome(card)).to_have_text("We do not know yet whether “Join” has worked.")
    expect(outcome(card)).to_have_attribute("data-phase", "uncertain")
    expect(button(card, "Join")).to_have_attribute("aria-disabled", "true")
    assert wallet.violations() == []
    wallet.screenshot("uncertain")
    wallet.fail("promotionData")
    button(card, "Look again").click()
    expect(card.get_by_role("alert")).to_be_visible()
    wallet.recover()
    try_again_until(card, "“Join” has not worked. You can try again.")
    button(card, "Join").click()
    expect(outcome(card)).to_have_text("We do not know yet whether “Join” has worked.")
    assert len(set(keys)) == len(keys) == 2


def test_a_promotion_of_the_new_interface_has_its_details(wallet: Wallet) -> None:
    """Its program's name and its definition come from the successor."""
    wallet.open("C-UNIFIED")
    wallet.page.get_by_role("button", name="Everything at once").click()
    dialog = wallet.page.get_by_role("dialog")
    setup = dialog.get_by_label("How it is set up")
    expect(setup.get_by_text("Status")).to_be_visible()
    expect(setup.get_by_text("To activate, until")).to_be_visible()
    expect(dialog.get_by_text("Sandbox Successor")).to_be_visible()
    assert wallet.violations() == []
    wallet.screenshot("details-of-the-successor")
    # That program has promotions of the new interface alone.
    open_card(wallet, "C-ENROL", NEW).locator(".open").click()
    expect(dialog.get_by_text("Sandbox Writing", exact=True)).to_be_visible()


@pytest.mark.parametrize(
    "wallet", [(390, False), (390, True), (1280, False), (1280, True)], indirect=True, ids=str
)
def test_buttons_are_accessible_on_a_phone_and_in_the_dark(
    wallet: Wallet, request: pytest.FixtureRequest
) -> None:
    """Axe finds nothing, before and after a press, and nothing is wider than the screen."""
    card = open_card(wallet, "C-WITHDRAW")
    assert wallet.violations() == []
    is_active = button(card, "Deactivate").is_visible()
    button(card, "Deactivate" if is_active else "Activate").click()
    expect(outcome(card)).to_have_attribute("data-phase", "done")
    assert wallet.violations() == []
    assert wallet.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    width, is_dark = request.node.callspec.params["wallet"]
    wallet.screenshot(f"actions-{width}-{'dark' if is_dark else 'light'}")
