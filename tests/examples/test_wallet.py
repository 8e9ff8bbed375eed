"""The wallet of examples/wallet in a browser: used on the sandbox."""

import re

import pytest
from playwright.sync_api import expect

from tests.support.wallet_app import OF_DEFINITIONS, Wallet

pytestmark = [pytest.mark.verify, pytest.mark.timeout(600)]
PAGE_SIZE = 20


def test_a_customer_signs_in_and_finds_the_wallet(wallet: Wallet) -> None:
    """By the number, or by one of the examples; the back button leaves again."""
    wallet.page.goto(wallet.url)
    assert wallet.violations() == []
    wallet.screenshot("sign-in")
    wallet.page.get_by_label("Customer number").fill("C-TEN")
    wallet.page.get_by_role("button", name="Open").click()
    expect(wallet.cards).to_have_count(10)
    expect(wallet.status).to_have_text("10 promotions")
    wallet.page.go_back()
    wallet.page.get_by_role("button", name="C-EMPTY").click()
    expect(wallet.status).to_have_text("No promotions here")


def test_scrolling_shows_all_promotions_each_once(wallet: Wallet) -> None:
    """A hundred and one, what ends soonest first and what has ended last."""
    wallet.open("C-101")
    expect(wallet.cards).to_have_count(PAGE_SIZE)
    expect(wallet.status).to_have_text("20 of 101 promotions")
    for shown in (40, 60, 80, 100, 101):
        wallet.page.mouse.wheel(0, 100_000)
        expect(wallet.cards).to_have_count(shown)
    expect(wallet.page.get_by_role("button", name="Show more")).to_have_count(0)
    current = wallet.page.locator(".card[data-validity=CURRENT] time")
    ends = current.evaluate_all("all => all.map(one => one.dateTime)")
    assert len(ends) > PAGE_SIZE
    assert ends == sorted(ends)
    names = wallet.cards.locator("h2").all_inner_texts()
    assert len(set(names)) == 101


def test_tabs_have_the_platforms_counts_and_its_lists(wallet: Wallet) -> None:
    """What a tab says is how many it shows, and each of its cards can do that."""
    wallet.sandbox.delete("/__calls")
    wallet.open("C-CURRENT")
    expect(wallet.tab("All")).to_have_text("All20")
    expect(wallet.cards).to_have_count(20)
    # A call for the sorted page, and one for each figure.
    assert wallet.sandbox.get("/__calls").json()["promotionData"] == 6
    for tab in ("Redeem", "Activate", "Join", "Ended"):
        count = int(re.findall(r"\d+", wallet.tab(tab).inner_text())[0])
        wallet.tab(tab).click()
        expect(wallet.tab(tab)).to_have_attribute("aria-pressed", "true")
        expect(wallet.cards).to_have_count(count)
        actions = wallet.cards.get_by_role("listitem").filter(has_text=re.compile(f"^{tab}$"))
        expect(actions).to_have_count(count)


def test_a_search_finds_by_name_whatever_case_and_accents(wallet: Wallet) -> None:
    """In the open tab; what nothing matches is an empty list and no error."""
    wallet.open("C-CURRENT")
    expect(wallet.cards).to_have_count(20)
    search = wallet.page.get_by_role("searchbox", name="Search")
    search.fill("PÀRTLY")
    expect(wallet.cards).to_have_count(3)
    for name in wallet.cards.locator("h2").all_inner_texts():
        assert "partly" in name.casefold()
    search.fill("no promotion is called so")
    expect(wallet.status).to_have_text("No promotions here")
    search.fill("")
    expect(wallet.cards).to_have_count(20)


def test_limits_are_shown_as_what_they_are(wallet: Wallet) -> None:
    """A figure has a bar, an exhausted one is said, no limit is unlimited or not stated."""
    wallet.open("C-CURRENT")
    expect(wallet.cards).to_have_count(20)
    bars = wallet.page.get_by_role("meter")
    for place in range(bars.count()):
        bar = bars.nth(place)
        left, most = (float(bar.get_attribute(f"aria-value{name}") or 0) for name in ("now", "max"))
        assert 0 <= left <= most
        text = bar.get_attribute("aria-valuetext") or ""
        assert text.startswith("All") is (left == 0)
    expect(wallet.page.get_by_text(re.compile("^All .* used$")).first).to_be_visible()
    wallet.open("C-LIMITS")
    expect(wallet.page.get_by_text("Unlimited", exact=True).first).to_be_visible()
    expect(wallet.page.get_by_text("No use stated", exact=True).first).to_be_visible()


def test_details_show_the_definition_when_it_comes(wallet: Wallet) -> None:
    """The dialog is there before the slow endpoint has answered, and closes by Escape."""
    wallet.delay_definitions(1500)
    wallet.open("C-TEN")
    wallet.page.locator(".card h2 button").first.click()
    dialog = wallet.page.get_by_role("dialog")
    expect(dialog.get_by_text("comes in a moment")).to_be_visible()
    expect(dialog.get_by_text("Ends", exact=True)).to_be_visible()
    setup = dialog.get_by_label("How it is set up")
    expect(setup.get_by_text("Status")).to_be_visible()
    assert wallet.violations() == []
    wallet.screenshot("details")
    wallet.page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)


def test_a_definition_that_fails_leaves_the_rest(wallet: Wallet) -> None:
    """With what can be done about it."""
    wallet.fail(*OF_DEFINITIONS)
    wallet.open("C-TEN")
    wallet.page.locator(".card h2 button").first.click()
    dialog = wallet.page.get_by_role("dialog")
    expect(dialog.get_by_text("How it is set up is not known.")).to_be_visible()
    expect(dialog.get_by_text("Ends", exact=True)).to_be_visible()
    expect(dialog.get_by_role("alert")).to_have_attribute("data-code", "UPSTREAM_UNAVAILABLE")


def test_an_unknown_customer_is_no_error(wallet: Wallet) -> None:
    """The page says so, and leads back."""
    wallet.open("C-NOBODY")
    expect(wallet.page.get_by_role("heading", name="No such customer")).to_be_visible()
    assert wallet.violations() == []
    wallet.page.get_by_role("button", name="Try another").click()
    expect(wallet.page.get_by_label("Customer number")).to_be_focused()


def test_a_platform_that_is_down_is_said_and_tried_again(wallet: Wallet) -> None:
    """The button waits as long as the gateway has said, and brings the wallet."""
    wallet.fail("promotionData")
    wallet.open("C-TEN")
    alert = wallet.page.get_by_role("alert")
    expect(alert).to_have_attribute("data-code", "UPSTREAM_UNAVAILABLE")
    assert wallet.violations() == []
    wallet.screenshot("down")
    wallet.recover()
    wallet.try_again_until(10)


def test_a_second_page_that_fails_leaves_the_first(wallet: Wallet) -> None:
    """It is asked for again, and the list goes on where it stopped."""
    wallet.open("C-3000")
    expect(wallet.status).to_have_text("20 of 3,000 promotions, too many to sort")
    expect(wallet.page.get_by_label("Ending soonest first")).not_to_be_checked()
    wallet.fail("promotionData", status=500)
    wallet.page.mouse.wheel(0, 100_000)
    alert = wallet.page.get_by_role("alert")
    expect(alert).to_be_visible()
    expect(wallet.cards).to_have_count(PAGE_SIZE)
    wallet.recover()
    wallet.try_again_until(2 * PAGE_SIZE)


@pytest.mark.parametrize(
    "wallet", [(390, False), (390, True), (1280, False), (1280, True)], indirect=True, ids=str
)
def test_the_wallet_is_accessible_on_a_phone_and_in_the_dark(
    wallet: Wallet, request: pytest.FixtureRequest
) -> None:
    """Axe finds nothing, and nothing is wider than the screen."""
    wallet.open("C-CURRENT")
    expect(wallet.cards).to_have_count(20)
    expect(wallet.tab("All")).to_have_text("All20")
    assert wallet.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert wallet.violations() == []
    width, is_dark = request.node.callspec.params["wallet"]
    wallet.screenshot(f"{width}-{'dark' if is_dark else 'light'}")
