"""Layout: cells told apart, columns and right-to-left lines in order, and boxes where they were."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import carriers
import pdfs
import pytest

import kimiqa
from kimiqa.document import Document

Words = tuple[str, float, float]
"""Words, and where they begin."""

ROWS = [
    ("Revenue", "5,697", "5,222"), ("Cost of sales", "(2,435)", "(2,366)"),
    ("Inventories, net", "1,057", "—".replace("—", "806")), ("Total", "$ 93,042", "$ 92,187"),
]  # fmt: skip
LEFT = [
    "The tenant shall pay the rent on the", "first day of each month in advance",
    "and by transfer to the account that", "the landlord has named in writing",
    "before the first payment is due and", "shall bear all costs of the transfer",
    "which the bank of the tenant may ask", "for as long as the lease goes on here",
]  # fmt: skip
RIGHT = [
    "The landlord shall keep the roof and", "the outer walls in good order at all",
    "times and shall mend what is broken", "within a month after he was told so",
    "unless the weather does not permit it", "in which case he shall do it as soon",
    "as it does and shall let the tenant", "know of the day one week beforehand",
]  # fmt: skip


def _page(words: Sequence[Words]) -> bytes:
    content = "".join(carriers.text(said, x, y) for said, x, y in words)
    return pdfs._assemble([(content.encode("latin-1"), "", "")])


def _table() -> list[Words]:
    return [
        (cell, x, 700 - 18 * row)
        for row, cells in enumerate(ROWS)
        for cell, x in zip(cells, (60, 300, 420), strict=True)
    ]


def _columns(*, line_by_line: bool) -> list[Words]:
    left = [(line, 60, 700 - 15 * row) for row, line in enumerate(LEFT)]
    right = [(line, 320, 700 - 15 * row) for row, line in enumerate(RIGHT)]
    if not line_by_line:
        return [*left, *right]
    return [each for pair in zip(left, right, strict=True) for each in pair]


def _boxes(document: Document, said: str) -> list[float]:
    """The left sides of the boxes round some words."""
    start = document.pages[0].text.index(said)
    return [round(box.left) for box in document.boxes(1, start, start + len(said))]


def _status(document: Document, quote: str) -> str:
    return kimiqa.check_citations(f'"{quote}" [D1 p. 1]', [document])[0].status


def test_the_cells_of_a_row_are_told_apart(home: Path) -> None:
    document = Document.open(_page(_table()), home=home)

    lines = document.pages[0].text.split("\n")

    assert [tuple(line.rstrip().split("\t")) for line in lines] == ROWS


def test_a_row_is_quoted_with_spaces_and_boxed_cell_by_cell(home: Path) -> None:
    document = Document.open(_page(_table()), home=home)

    assert _status(document, "Cost of sales (2,435) (2,366)") == "verified"
    assert _status(document, "Cost of sales (2,435) (2,365)") != "verified"
    assert _boxes(document, "Cost of sales\t(2,435)\t(2,366)") == [60, 300, 420]
    assert _boxes(document, "$ 92,187") == [420]


@pytest.mark.parametrize(
    "cells",
    [("Age 65-69", "54bd", "40bcd"), ("2.625% Notes due 2026", "PEP26", "Nasdaq")],
    ids=["figures with their footnotes' letters", "words behind a figure"],
)
def test_cells_that_are_more_or_less_than_figures_are_told_apart(
    cells: tuple[str, ...], home: Path
) -> None:
    rows = [
        (cell, x, 700 - 18 * row)
        for row in range(3)
        for cell, x in zip(cells, (60, 300, 420), strict=True)
    ]

    document = Document.open(_page(rows), home=home)

    assert document.pages[0].text.split("\n") == ["\t".join(cells)] * 3


def test_a_column_of_words_before_the_figures_is_told_apart_in_every_row(home: Path) -> None:
    """Behind the longest name there is hardly more room than words take themselves."""
    names = ["Mr. R. A. Shah", "Mr. Lalit Kumar Modi", "Mr. C. M. Maniar"]
    rows = [(name, "Non-Executive", "8,072", "8,943") for name in names]
    words = [
        (cell, x, 700 - 18 * row)
        for row, cells in enumerate(rows)
        for cell, x in zip(cells, (60, 190, 300, 420), strict=True)
    ]

    document = Document.open(_page(words), home=home)

    assert [tuple(line.split("\t")) for line in document.pages[0].text.split("\n")] == rows


def test_a_label_that_reaches_to_the_sign_of_its_amount_is_a_cell(home: Path) -> None:
    label, told = "Net income before its allocation to all others", ("$", "2,338", "$", "9,911")
    row = [(label, 60, 700), *zip(told, (325, 380, 440, 500), [700] * 4, strict=True)]

    document = Document.open(_page(row), home=home)

    assert document.pages[0].text.split("\t") == [label, "$ 2,338", "$ 9,911"]


FORMULA = "\u222b \u03b1 \u00b1 \u03b2 \u2264 \u221a \u221e"
"""Integral, alpha, plus-minus, beta, at most, root, infinity."""


def test_the_symbols_of_a_formula_survive_in_order(home: Path) -> None:
    in_symbol = "\\362 a \\261 b \\243 \\326 \\245"
    line = f"BT /S 12 Tf 72 700 Td ({in_symbol}) Tj ET\n"
    raised = carriers.text("E = m c", 72, 650) + carriers.text("2", 118, 655, font="/F 7 Tf")
    font = b"<< /Type /Font /Subtype /Type1 /BaseFont /Symbol >>"
    page = carriers.Carrier(line + raised, resources="/S 7 0 R|", objects=(font,))

    read = Document.open(page.pdf(), home=home).checked()

    first, second = read.pages[0].text.split("\n")
    assert first.split() == FORMULA.split()
    assert second.replace(" ", "") == "E=mc2"


def test_prose_with_figures_is_left_as_it_is(home: Path) -> None:
    line = "In 2021 it was 500 euros, in 2022 it was 520 euros, and 540 in 2023."
    document = Document.open(_page([(line, 60, 700), (line, 60, 685)]), home=home)

    assert document.pages[0].text.split("\n") == [line, line]


@pytest.mark.parametrize("line_by_line", [False, True])
def test_columns_are_read_one_after_the_other(line_by_line: bool, home: Path) -> None:
    words = [("A lease of two columns", 60, 740), *_columns(line_by_line=line_by_line)]

    document = Document.open(_page([*words, ("Signed by both", 60, 500)]), home=home)

    text = document.pages[0].text
    assert [line.strip() for line in text.split("\n")] == [
        "A lease of two columns", *LEFT, *RIGHT, "Signed by both",
    ]  # fmt: skip
    assert _status(document, "in good order at all times and shall mend") == "verified"
    assert _boxes(document, "Signed by both") == [60]
    across = text[text.index("goes on here") : text.index("the outer walls")]
    assert {60 < left < 300 for left in _boxes(document, across)} == {True, False}


def test_columns_whose_last_line_ends_the_page_stay_apart(home: Path) -> None:
    document = Document.open(_page(_columns(line_by_line=True)), home=home)

    assert [line.strip() for line in document.pages[0].text.split("\n")][:16] == [*LEFT, *RIGHT]


SAID = "שלום לכולם היום"


@pytest.mark.parametrize("drawn", ["as seen, from the left", "as read, from the right"])
def test_right_to_left_text_is_in_the_order_in_which_it_is_read(drawn: str, home: Path) -> None:
    letters = sorted(set(SAID) - {" "})
    codes = {letter: chr(65 + at) for at, letter in enumerate(letters)} | {" ": " "}
    glyphs = "".join(codes[each] for each in SAID)
    if drawn.startswith("as seen"):
        content = carriers.text(glyphs[::-1], font="/G 12 Tf")
    else:
        content = "".join(
            carriers.text(each, 400 - 7 * at, font="/G 12 Tf") for at, each in enumerate(glyphs)
        )

    document = Document.open(_mapped(content, codes), home=home)

    assert document.pages[0].text.split() == SAID.split()
    assert _boxes(document, "לכולם")


def _mapped(content: str, codes: dict[str, str]) -> bytes:
    """A page in a font whose map gives each code its letter."""
    font = carriers._mapped_font({ord(code): letter for letter, code in codes.items()})
    return carriers.Carrier(content, resources="/G 7 0 R|", objects=font).pdf()


FORMS = {
    "a ligature": ("the o\x01ce of the lessor", {"\x01": "\ufb03"}, "office"),
    "a soft hyphen": ("the premi\x02ses of the lessor", {"\x02": "\u00ad"}, "premises"),
    "full-width letters": (
        "the \x03\x04\x05 of the lessor", {"\x03": "Ｖ", "\x04": "Ａ", "\x05": "Ｔ"}, "VAT",
    ),
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_forms_of_letters_break_neither_search_nor_citations(form: str, home: Path) -> None:
    drawn, odd, word = FORMS[form]
    plain = {each: each for each in drawn if each not in odd}
    codes = plain | {letter: code for code, letter in odd.items()}
    content = carriers.text(drawn, font="/G 12 Tf")
    other = Document.from_pages(["Nothing is said here of what is asked for."], name="other")

    document = Document.open(_mapped(content, codes), home=home)

    assert _status(document, f"the {word} of the lessor") == "verified"
    assert _status(document, f"the {word} of the lessee") != "verified"
    assert _kept_longest(f"Which {word} is it?", [other, document]) == "D2"


def _kept_longest(question: str, documents: list[Document]) -> str:
    """The document that is still chosen when the room becomes too small for all."""
    for room in range(100, 0, -1):
        chosen = kimiqa.choose_chunks(question, documents, max_tokens=room)
        if len(chosen) == 1:
            return chosen[0].document
    raise AssertionError("all were chosen together, or none")


def test_a_word_divided_at_a_line_s_end_is_found_and_quoted(home: Path) -> None:
    page = _page([("The lessor shall main-", 60, 700), ("tain the roof at all times.", 60, 685)])

    document = Document.open(page, home=home)

    assert _status(document, "The lessor shall maintain the roof") == "verified"
    start = document.pages[0].text.index("main")
    assert len(document.boxes(1, start, start + 8)) == 2
