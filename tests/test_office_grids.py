"""White on white is found in tables and through styles, and what a style makes dark is honest.

The files are made by libraries that the detectors do not use.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import docx
import pptx
import pytest
from docx.enum.style import WD_STYLE_TYPE
from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import qn
from docx.shared import Pt, RGBColor
from pptx.dml.color import RGBColor as SlideColour
from pptx.util import Inches
from test_office import W, hidden, opened, saved
from test_office_hidden import SECRET, SEEN, left_out

WHITE, BLACK = RGBColor(255, 255, 255), RGBColor(0, 0, 0)
WHITE_ON_WHITE, SAME = "white on white", "the colour of its ground"
STYLES = [
    style.name
    for style in docx.Document().styles
    if style.type is WD_STYLE_TYPE.TABLE and style.name
]


def written(dress: Callable[[Any, Any], object]) -> bytes:
    """A document with words that are seen, and a run with the secret, as `dress` dresses it."""
    file = docx.Document()
    file.add_paragraph(SEEN)
    run = file.add_paragraph().add_run(SECRET)
    dress(file, run)
    return saved(file)


def shaded(element: Any, fill: str, **more: str) -> None:
    shade = OxmlElement("w:shd")
    for name, value in {"val": "clear", "color": "auto", "fill": fill, **more}.items():
        shade.set(qn(f"w:{name}"), value)
    element.append(shade)


# Word: tables -----------------------------------------------------------------------------------


def grid(style: str, *, white: tuple[int, int], fill: str | None = None) -> bytes:
    """A table of three rows and columns whose one cell holds the secret in white letters."""
    file = docx.Document()
    file.add_paragraph(SEEN)
    table = file.add_table(3, 3, style=style)
    for down in range(3):
        for across in range(3):
            if (down, across) != white:
                table.cell(down, across).text = f"cell {down} {across}"
    cell = table.cell(*white)
    cell.paragraphs[0].add_run(SECRET).font.color.rgb = WHITE
    if fill:
        shaded(cell._tc.get_or_add_tcPr(), fill)
    return saved(file)


@pytest.mark.parametrize("style", STYLES)
def test_no_word_of_a_table_is_called_hidden_for_its_style(style: str, home: Path) -> None:
    file = docx.Document()
    table = file.add_table(4, 4, style=style)
    for cell in table._cells:
        cell.text = "a figure"

    document = opened(saved(file), "a.docx", home)

    assert hidden(document) == []
    assert document.pages[0].text.count("a figure") == 16


@pytest.mark.parametrize(
    ("style", "white", "fill", "why"),
    [
        ("Table Grid", (1, 1), None, WHITE_ON_WHITE),
        ("Medium Shading 1 Accent 1", (2, 1), None, WHITE_ON_WHITE),
        ("Medium Shading 1 Accent 1", (0, 1), "FFFFFF", WHITE_ON_WHITE),
        ("Dark List", (1, 1), "FEFEFE", WHITE_ON_WHITE),
    ],
)
def test_white_on_white_in_a_word_table_is_left_out(
    style: str, white: tuple[int, int], fill: str | None, why: str, home: Path
) -> None:
    document = opened(grid(style, white=white, fill=fill), "a.docx", home)

    assert left_out(document) == {SECRET: why}


@pytest.mark.parametrize(
    ("style", "white", "fill"),
    [
        ("Table Grid", (0, 0), "1F4E78"),
        ("Medium Shading 1 Accent 1", (0, 1), None),
        ("Dark List", (1, 1), None),
        ("Colorful Grid Accent 2", (1, 0), None),
    ],
)
def test_white_letters_on_the_dark_cells_of_a_word_table_stay(
    style: str, white: tuple[int, int], fill: str | None, home: Path
) -> None:
    document = opened(grid(style, white=white, fill=fill), "a.docx", home)

    assert hidden(document) == []
    assert SECRET in document.pages[0].text


# Word: styles, notes, boxes ---------------------------------------------------------------------


def styled(kind: WD_STYLE_TYPE, dress: Callable[[Any], object]) -> Callable[[Any, Any], None]:
    def apply(file: Any, run: Any) -> None:
        base = file.styles.add_style("Base", kind)
        dress(base)
        style = file.styles.add_style("Heir", kind)
        style.base_style = base
        if kind is WD_STYLE_TYPE.CHARACTER:
            run.style = style
        else:
            run._parent.style = style

    return apply


def whitened(style: Any) -> None:
    style.font.color.rgb = WHITE


def unfilled(_file: Any, run: Any) -> None:
    fill = '<w14:textFill xmlns:w14="http://schemas.microsoft.com/office/word/2010/wordml">'
    run._r.get_or_add_rPr().append(parse_xml(f"{fill}<w14:noFill/></w14:textFill>"))


def themed(_file: Any, run: Any) -> None:
    run.font.color.rgb = BLACK
    run._r.rPr.find(qn("w:color")).set(qn("w:themeColor"), "background1")


def white_on_a_white_mark(_file: Any, run: Any) -> None:
    run.font.color.rgb = WHITE
    shaded(run._r.get_or_add_rPr(), "FFFFFF")


def black_on_black(_file: Any, run: Any) -> None:
    run.font.color.rgb = BLACK
    shaded(run._parent._p.get_or_add_pPr(), "000000")


def squeezed(_file: Any, run: Any) -> None:
    width = OxmlElement("w:w")
    width.set(qn("w:val"), "1")
    run._r.get_or_add_rPr().append(width)


HIDING = {
    "a style of letters": (styled(WD_STYLE_TYPE.CHARACTER, whitened), WHITE_ON_WHITE),
    "a style of paragraphs": (styled(WD_STYLE_TYPE.PARAGRAPH, whitened), WHITE_ON_WHITE),
    "a hidden style": (
        styled(WD_STYLE_TYPE.PARAGRAPH, lambda style: setattr(style.font, "hidden", True)),
        "hidden text",
    ),
    "a tiny style": (
        styled(WD_STYLE_TYPE.CHARACTER, lambda style: setattr(style.font, "size", Pt(1))),
        "too small",
    ),
    "no fill": (unfilled, "transparent"),
    "the theme's white beside a black value": (themed, WHITE_ON_WHITE),
    "white on a white mark": (white_on_a_white_mark, WHITE_ON_WHITE),
    "black on black": (black_on_black, SAME),
    "squeezed to a line": (squeezed, "too small"),
}


@pytest.mark.parametrize("case", HIDING)
def test_a_run_that_nobody_sees_is_left_out_of_a_word_document(case: str, home: Path) -> None:
    dress, why = HIDING[case]

    assert left_out(opened(written(dress), "a.docx", home)) == {SECRET: why}


def in_colour_again(file: Any, run: Any) -> None:
    styled(WD_STYLE_TYPE.CHARACTER, whitened)(file, run)
    run.font.color.rgb = BLACK


def on_a_dark_mark(_file: Any, run: Any) -> None:
    run.font.color.rgb = WHITE
    shaded(run._parent._p.get_or_add_pPr(), "1F4E78")


def hidden_on_the_web(_file: Any, run: Any) -> None:
    run.font.web_hidden = True


def shown_again(file: Any, run: Any) -> None:
    def hide(style: Any) -> None:
        style.font.hidden = True

    styled(WD_STYLE_TYPE.PARAGRAPH, hide)(file, run)
    run.font.hidden = False


@pytest.mark.parametrize("dress", [in_colour_again, on_a_dark_mark, hidden_on_the_web, shown_again])
def test_honest_runs_stay_in_a_word_document(dress: Any, home: Path) -> None:
    document = opened(written(dress), "a.docx", home)

    assert hidden(document) == []
    assert SECRET in document.pages[0].text


def test_what_nobody_sees_in_the_head_of_pages_is_left_out(home: Path) -> None:
    def dress(file: Any, run: Any) -> None:
        run.text = "Terms"
        head = file.sections[0].header.paragraphs[0]
        head.add_run("Draft ")
        head.add_run(SECRET).font.color.rgb = WHITE

    document = opened(written(dress), "a.docx", home)

    assert left_out(document) == {SECRET: WHITE_ON_WHITE}
    assert "Draft" in document.pages[0].text


BOX = (
    f'<w:r xmlns:w="{W}" xmlns:wps="http://schemas.microsoft.com/office/word/2010/'
    'wordprocessingShape" xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main">'
    "<w:drawing><wps:wsp><wps:spPr>{fill}</wps:spPr><wps:txbx><w:txbxContent><w:p><w:r><w:rPr>"
    '<w:color w:val="FFFFFF"/></w:rPr><w:t>{text}</w:t></w:r></w:p></w:txbxContent></wps:txbx>'
    "</wps:wsp></w:drawing></w:r>"
)


@pytest.mark.parametrize(
    ("fill", "seen"),
    [
        ('<a:solidFill><a:srgbClr val="203040"/></a:solidFill>', True),
        ("<a:gradFill/>", True),
        ("<a:noFill/>", False),
        ('<a:solidFill><a:srgbClr val="FFFFFF"/></a:solidFill>', False),
    ],
    ids=["dark", "of two colours", "none", "white"],
)
def test_white_letters_in_a_text_box_stand_on_its_own_colour(
    fill: str, seen: bool, home: Path
) -> None:
    def dress(_file: Any, run: Any) -> None:
        run.text = "beside"
        run._parent._p.append(parse_xml(BOX.format(fill=fill, text=SECRET)))

    document = opened(written(dress), "a.docx", home)

    assert hidden(document) == ([] if seen else [(SECRET, WHITE_ON_WHITE)])


# PowerPoint -------------------------------------------------------------------------------------

PLAIN = "{2D5ABB26-0587-4C30-8999-92F81FD0307C}"
OWN = "{11111111-2222-3333-4444-555555555555}"
DESCRIBED = (
    '<a:tblStyleLst xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main" def="">'
    f'<a:tblStyle styleId="{OWN}" styleName="Own"><a:wholeTbl><a:tcTxStyle><a:schemeClr val="dk1"/>'
    '</a:tcTxStyle><a:tcStyle><a:fill><a:solidFill><a:srgbClr val="FFFFFF"/></a:solidFill>'
    '</a:fill></a:tcStyle></a:wholeTbl><a:firstRow><a:tcTxStyle><a:schemeClr val="lt1"/>'
    '</a:tcTxStyle><a:tcStyle><a:fill><a:solidFill><a:schemeClr val="dk2"/></a:solidFill>'
    "</a:fill></a:tcStyle></a:firstRow></a:tblStyle></a:tblStyleLst>"
)


def slide_table(
    style: str | None, dress: Callable[[Any], object], *, place: tuple[int, int] = (1, 1)
) -> bytes:
    """A slide with a table whose one cell holds the secret, as `dress` dresses it."""
    file = pptx.Presentation()
    page = file.slides.add_slide(file.slide_layouts[6])
    box = page.shapes.add_textbox(Inches(1), Inches(0), Inches(3), Inches(1))
    box.text_frame.text = SEEN
    frame = page.shapes.add_table(3, 3, Inches(1), Inches(2), Inches(6), Inches(3))
    for number, cell in enumerate(frame.table.iter_cells()):
        cell.text = f"cell {number}"
    if style is not None:
        frame._element.find(".//{*}tableStyleId").text = style
    cell = frame.table.cell(*place)
    cell.text_frame.text = ""
    run = cell.text_frame.paragraphs[0].add_run()
    run.text = SECRET
    dress((cell, run))
    for part in file.part.package.iter_parts():
        if str(part.partname) == "/ppt/tableStyles.xml":
            part._blob = DESCRIBED.encode()
    return saved(file)


def white(made: Any) -> None:
    made[1].font.color.rgb = SlideColour(255, 255, 255)


def as_it_is(_made: Any) -> None:
    return None


def filled(colour: SlideColour, letters: SlideColour | None) -> Callable[[Any], None]:
    def dress(made: Any) -> None:
        made[0].fill.solid()
        made[0].fill.fore_color.rgb = colour
        if letters is not None:
            made[1].font.color.rgb = letters

    return dress


PAPER, INK = SlideColour(255, 255, 255), SlideColour(20, 30, 60)


@pytest.mark.parametrize(
    ("style", "dress", "place"),
    [
        (None, filled(PAPER, PAPER), (1, 1)),
        (None, filled(PAPER, None), (0, 1)),
        (None, white, (2, 1)),
        (PLAIN, white, (0, 0)),
        (OWN, white, (1, 1)),
        (OWN, filled(PAPER, None), (0, 1)),
    ],
    ids=["a white cell", "a head made white", "a light band", "no style", "a style", "its head"],
)
def test_white_on_white_in_a_table_of_a_slide_is_left_out(
    style: str | None, dress: Any, place: tuple[int, int], home: Path
) -> None:
    document = opened(slide_table(style, dress, place=place), "a.pptx", home)

    assert left_out(document) == {SECRET: WHITE_ON_WHITE}


@pytest.mark.parametrize(
    ("style", "dress", "place"),
    [
        (None, as_it_is, (0, 1)),
        (None, white, (0, 1)),
        (None, filled(INK, PAPER), (1, 1)),
        (OWN, as_it_is, (0, 1)),
        (OWN, white, (0, 1)),
        (OWN, as_it_is, (1, 1)),
        ("{unknown}", white, (1, 1)),
    ],
    ids=["a head", "white in a head", "a dark cell", "its head", "white", "its body", "unknown"],
)
def test_honest_cells_of_a_slide_stay(
    style: str | None, dress: Any, place: tuple[int, int], home: Path
) -> None:
    document = opened(slide_table(style, dress, place=place), "a.pptx", home)

    assert hidden(document) == []
    assert SECRET in document.pages[0].text


@pytest.mark.parametrize(("share", "seen"), [("99000", False), ("50000", True)])
def test_a_colour_made_out_of_another_is_known(share: str, seen: bool, home: Path) -> None:
    def dress(made: Any) -> None:
        made[1].font.color.theme_color = 14
        made[1].font.color.brightness = -1 + int(share) / 100_000

    document = opened(slide_table(PLAIN, dress), "a.pptx", home)

    assert hidden(document) == ([] if seen else [(SECRET, WHITE_ON_WHITE)])
