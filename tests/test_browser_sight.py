"""What a person looks for is in sight: the button under the question, the page beside its mark."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("streamlit")
pytest.importorskip("playwright.sync_api")

from browsing import SIZES, App, Tab


def box(place: Any) -> tuple[float, float]:
    """From where to where something stands in the window, from top to bottom."""
    found = place.bounding_box()
    assert found is not None, "it is not shown"
    return found["y"], found["y"] + found["height"]


def sized(tab: Tab, width: int) -> int:
    """Make the window so wide; its height."""
    tab._sized(width)
    return SIZES[width]


@pytest.mark.parametrize("width", [1440, 360])
def test_the_button_and_what_came_of_it_stand_under_the_question(
    paid: App, tab: Tab, samples: Path, width: int
) -> None:
    tab.open(paid.url).upload(samples / "lease.md")
    tab.page.get_by_label("Cap for a question").fill("0.001")
    tab.page.get_by_label("Cap for a question").press("Enter")
    tab.text("Over the cap").wait_for()
    height = sized(tab, width)
    typed = tab.page.get_by_label("Your question")
    typed.fill("Who may terminate the lease?")
    typed.press("Control+Enter")
    agree = tab.button("Ask all the same, at most $")
    agree.wait_for()
    tab.settled()

    assert 0 <= box(tab.button("Ask ·"))[0] - box(typed)[1] < 40
    assert 0 < box(agree)[0] < box(agree)[1] < height
    assert tab.text("prompt tokens").is_visible()  # a cap takes nothing off the cards


def test_the_ways_that_were_not_chosen_are_folded_on_a_telephone_and_after_the_first_answer(
    paid: App, tab: Tab, samples: Path
) -> None:
    tab.open(paid.url).upload(samples / "fhs-3.0.pdf")
    buttons = tab.page.get_by_role("button", name="Choose")
    assert buttons.count() > 1
    assert not tab.button("Other ways, $").is_visible()

    sized(tab, 360)
    assert buttons.count() == 0
    tab.button("Other ways, $").click()
    buttons.nth(1).wait_for()
    tab.button("Only the chosen way").click()
    buttons.first.wait_for(state="detached")
    sized(tab, 1440)
    tab.ask("What is this standard called?").citations.first.wait_for()
    tab.settled()

    assert buttons.count() == 0
    tab.button("Other ways, $").click()
    buttons.nth(1).wait_for()


WIDER_THAN_ITS_PLACE = """each => {
    const words = each.querySelector('p');
    const ruler = document.createElement('canvas').getContext('2d');
    ruler.font = getComputedStyle(words).font;
    return ruler.measureText(words.innerText).width - each.clientWidth;
}"""


@pytest.mark.parametrize("width", SIZES)
def test_no_price_is_cut_off(paid: App, tab: Tab, samples: Path, width: int) -> None:
    tab.open(paid.url).upload(samples / "fhs-3.0.pdf")
    sized(tab, width)

    prices = tab.page.locator("[data-testid=stMetricValue]:visible").all()

    assert prices
    for price in prices:
        assert price.evaluate(WIDER_THAN_ITS_PLACE) <= 0, price.inner_text()


def test_the_views_stand_under_each_other_and_a_telephone_is_told_of_no_keys(
    paid: App, tab: Tab, samples: Path
) -> None:
    tab.open(paid.url).upload(samples / "lease.md")
    icons = tab.page.locator(".st-key-views [data-testid=stIconMaterial]").all()
    assert len({round(icon.bounding_box()["x"]) for icon in icons}) == 1
    assert tab.button("Ask ·").locator("kbd").first.is_visible()

    sized(tab, 360)

    assert not tab.button("Ask ·").locator("kbd").first.is_visible()


# The page beside its mark -----------------------------------------------------------------------

LONG_ANSWER = "\n\n".join(
    f"{'There is more to read before the next one. ' * 12}It says so [D1 p. {n}]."
    for n in range(2, 12)
)


@pytest.fixture(scope="module")
def long_answer(_paid: App, browser: Any, samples: Path) -> str:
    """The URL of a conversation whose answer is several screens long."""
    _paid.kimi.answer = LONG_ANSWER
    tab = Tab(browser).open(_paid.url).upload(samples / "fhs-3.0.pdf")
    tab.ask("What does it say?").citations.nth(9).wait_for()
    url: str = tab.page.url
    tab.close()
    return url


def press(tab: Tab, number: int) -> Any:
    """Press a citation's mark; the picture of its page."""
    mark = tab.page.locator(f"a[href='#cite-0-{number}']")
    mark.scroll_into_view_if_needed()
    mark.click()
    picture = tab.page.get_by_role("img", name=f"fhs-3.0.pdf, page {number + 2}", exact=True)
    picture.wait_for()
    tab.page.wait_for_function("each => each.complete", arg=picture.element_handle())
    return picture


@pytest.mark.parametrize("width", [1440, 768, 360])
def test_a_pressed_mark_brings_its_page_into_sight(
    paid: App, tab: Tab, long_answer: str, width: int
) -> None:
    tab.open(long_answer).citations.nth(9).wait_for()
    height = sized(tab, width)

    for number in (7, 2):
        picture = press(tab, number)
        tab.settled()
        tab.page.wait_for_timeout(300)

        assert 0 < box(picture)[0] < box(picture)[1] < height, number
        assert tab.page.locator("a[aria-current=true]").inner_text() == f"? D1 p. {number + 2}"


def test_on_a_telephone_the_page_leads_back_to_its_mark(
    paid: App, tab: Tab, long_answer: str
) -> None:
    tab.open(long_answer).citations.nth(9).wait_for()
    height = sized(tab, 360)
    press(tab, 1)
    mark = tab.page.locator("a[href='#cite-0-1']")
    tab.settled()
    assert box(mark)[1] < 0

    tab.page.get_by_role("link", name="Back to the text").click()
    tab.page.wait_for_timeout(300)

    assert 0 < box(mark)[0] < box(mark)[1] < height
    assert tab.page.evaluate("document.activeElement.getAttribute('href')") == "#cite-0-1"


def test_the_keys_bring_mark_and_page_into_sight(paid: App, tab: Tab, long_answer: str) -> None:
    tab.open(long_answer).citations.nth(9).wait_for()
    height = SIZES[1440]
    tab.settled()
    press(tab, 3)

    for number in (4, 5, 6, 7, 8):
        tab.page.keyboard.press("Alt+ArrowDown")
        tab.text(f"citation {number + 1} of 10").wait_for()
    tab.settled()
    tab.page.wait_for_timeout(300)

    mark = tab.page.locator("a[href='#cite-0-8']")
    assert 0 < box(mark)[0] < box(mark)[1] < height


def test_no_row_of_buttons_repeats_the_marks(paid: App, tab: Tab, long_answer: str) -> None:
    tab.open(long_answer).citations.nth(9).wait_for()
    tab.settled()

    assert tab.page.get_by_role("link", name="D1 p.").count() == 10
    assert tab.page.get_by_role("button", name="D1 p.").count() == 0


def test_the_marks_of_two_answers_side_by_side_open_their_pages(
    paid: App, tab: Tab, long_answer: str, pictures: Path
) -> None:
    tab.open(long_answer).citations.nth(9).wait_for()
    tab.settled().button("Ask again").click()
    tab.button("Ask again · about").click()
    tab.button("Go on with the second answer").wait_for()
    assert tab.settled().page.get_by_role("img", name="fhs-3.0.pdf, page").count() == 0

    for side, page in (("1", 4), ("2", 1)):
        answer = tab.page.locator(f".st-key-answer-{side}")
        answer.get_by_role("link", name=f"D1 p. {page}").first.click()
        picture = answer.get_by_role("img", name=f"fhs-3.0.pdf, page {page}")
        picture.wait_for()
        tab.settled()
        tab.page.wait_for_timeout(500)

        top, _bottom = box(picture)
        assert 0 < top < SIZES[1440]
        assert answer.get_by_role("link", name="Back to the text").is_visible()
    tab.settled().shown(pictures, "compare-proof")


def test_a_mark_in_the_address_opens_its_page(paid: App, tab: Tab, long_answer: str) -> None:
    tab.open(f"{long_answer}#cite-0-4").citations.nth(9).wait_for()

    tab.page.get_by_role("img", name="fhs-3.0.pdf, page 6", exact=True).wait_for()
    tab.text("citation 5 of 10").wait_for()
    assert "#cite" not in tab.page.url


LINES = "mark => getComputedStyle(mark).textDecorationColor"
SHADOW = "badge => getComputedStyle(badge).boxShadow"


def test_only_a_page_that_is_open_has_its_mark_underlined(
    paid: App, tab: Tab, samples: Path
) -> None:
    tab.open(paid.url).upload(samples / "lease.md")
    tab.ask("Who may terminate?").citations.nth(1).wait_for()
    tab.settled()
    current = tab.page.locator("a[aria-current=true]")
    assert current.get_attribute("href") == "#cite-0-0"

    tab.ask("And the rent?").citations.nth(3).wait_for()
    tab.settled().page.wait_for_timeout(500)

    assert current.count() == 1
    assert current.get_attribute("href") == "#cite-1-0"
    assert {each.evaluate(LINES) for each in tab.citations.all()} == {"rgba(0, 0, 0, 0)"}
    assert "0px 2px" in current.locator(".stMarkdownBadge").evaluate(SHADOW)


# The answer's own room ---------------------------------------------------------------------------


def test_an_answer_has_the_width_until_a_page_is_open_beside_it(
    paid: App, tab: Tab, samples: Path
) -> None:
    tab.open(paid.url).upload(samples / "lease.md")
    for n in range(2):
        tab.ask("Who may terminate?").citations.nth(2 * n + 1).wait_for()
        tab.settled()
    room = tab.page.get_by_label("Your next question").bounding_box()["width"]
    answer, newest = (tab.page.locator(f".st-key-under-{n}") for n in range(2))
    assert answer.bounding_box()["width"] >= room
    assert newest.bounding_box()["width"] < 0.7 * room

    tab.citations.first.click()
    page = tab.page.locator(".st-key-page-0")
    page.wait_for()
    tab.settled().page.wait_for_timeout(300)

    beside = answer.bounding_box()
    assert page.bounding_box()["x"] >= beside["x"] + beside["width"]
    assert 0 < box(tab.citations.first)[0] < SIZES[1440]


PARTED = """marks => marks.filter(mark => {
    const after = document.createRange();
    after.setStart(mark.nextSibling, 0);
    after.setEnd(mark.nextSibling, 1);
    return after.getBoundingClientRect().top > mark.getBoundingClientRect().bottom;
}).length"""


def test_no_line_begins_with_the_comma_after_a_mark(paid: App, tab: Tab, samples: Path) -> None:
    paid.kimi.answer = " ".join(f"{'so ' * (n % 9)}[D1 p. 1]," for n in range(60))
    tab.open(paid.url).upload(samples / "lease.md")
    tab.ask("What does it say?").citations.nth(59).wait_for()

    for width in SIZES:
        sized(tab, width)

        assert tab.citations.evaluate_all(PARTED) == 0, width
