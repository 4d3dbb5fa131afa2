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
