"""What no reader of a web page or a book would see is found, and honest styles are not.

The pages are written by a library that the detectors do not use.
"""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

import pytest
from test_office import book, hidden, opened
from test_office_hidden import SECRET, SEEN, left_out


def web(style: str = "", sheet: str = "", wrap: str = "", head: str = "") -> bytes:
    """A page with a word that is seen, and the secret in an element of this style."""
    page = ElementTree.Element("html")
    top = ElementTree.SubElement(page, "head")
    if sheet:
        ElementTree.SubElement(top, "style").text = sheet
    if head:
        ElementTree.SubElement(top, "link", rel="stylesheet", href=head)
    body = ElementTree.SubElement(page, "body")
    ElementTree.SubElement(body, "p").text = SEEN
    around = ElementTree.SubElement(body, "div", style=wrap)
    ElementTree.SubElement(around, "p", {"style": style, "class": "note"}).text = SECRET
    return ElementTree.tostring(page, method="html")


HIDING_STYLES = {
    "white letters": "color:#fff",
    "letters nearly white": "COLOR: rgb(250, 250, 250) !important",
    "letters named white": "color: white",
    "black on black": "background:#000; color: black",
    "transparent letters": "color: transparent",
    "letters without opacity": "color: rgba(0,0,0,0)",
    "no size": "font-size:0",
    "one pixel": "font-size: 1px",
    "no opacity": "opacity:0.0",
    "far to the left": "position:absolute;left:-9999px",
    "indented away": "text-indent:-9999px",
    "clipped": "position:absolute; clip: rect(0, 0, 0, 0)",
    "no height": "height:0; overflow:hidden",
    "shrunk": "transform: scale(0)",
    "not displayed": "display:none",
    "not visible": "visibility:hidden",
    "filled with white": "-webkit-text-fill-color: white",
    "filled with nothing": "color:#000; -webkit-text-fill-color: transparent",
    "no size in short": "font:0/0 a",
    "one pixel in short": "font: italic 700 1px/1 serif",
    "moved away": "transform: translate(-9999px, 0)",
    "moved by itself": "translate: -9999px",
    "moved by a matrix": "transform: matrix(1, 0, 0, 1, -9999, 0)",
    "shrunk by itself": "scale: 0",
    "edge on": "transform: rotateY(90deg)",
    "white by hue": "color: hsl(0 0% 100%)",
    "white by whiteness": "color: hwb(0 100% 0%)",
    "white by lightness": "color: oklch(1 0 0)",
    "white in eight digits": "color: #ffffffff",
    "nearly clear in eight digits": "color: #00000005",
    "the colour of the canvas": "color: Canvas",
    "white in a chosen scheme": "color: light-dark(white, black)",
    "a name for white": "--ink: #fff; color: var(--ink)",
    "a name that is not there": "color: var(--none, white)",
    "letters of escapes": r"c\6f lor: whit\65",
    "outside on all sides": "position:fixed; inset: 0 auto auto -9999px",
    "counted away": "position:absolute; left: calc(-1 * 9999px)",
    "a tenth of a tenth": "font-size: 0.1em",
    "cut from both sides": "clip-path: inset(0 50%)",
    "a shape without inside": "clip-path: polygon(0 0, 0 0, 0 0)",
    "no opacity by a filter": "filter: opacity(0%)",
    "a shadow of nothing": "color:#fff; text-shadow: 0 0 0 transparent",
    "a white shadow": "color:#fff; text-shadow: 1px 1px white",
    "beyond a line that is cut": "overflow:hidden; white-space:nowrap; text-indent:100%",
    "not rendered": "content-visibility: hidden",
    "white on white letters": "background: white; background-clip: text; color: transparent",
}


@pytest.mark.parametrize("case", HIDING_STYLES)
def test_an_element_that_nobody_sees_is_left_out(case: str, home: Path) -> None:
    assert list(left_out(opened(web(HIDING_STYLES[case]), "a.html", home))) == [SECRET]


@pytest.mark.parametrize("case", HIDING_STYLES)
def test_a_style_sheet_of_the_page_hides_as_well(case: str, home: Path) -> None:
    sheet = f"/* x */ @media screen {{ p.note {{ {HIDING_STYLES[case]} }} }}"

    assert list(left_out(opened(web(sheet=sheet), "a.html", home))) == [SECRET]


HIDING_SHEETS = {
    "where it is supported": "@supports (display: grid) { .note { color: white } }",
    "where it is not unsupported": "@supports not (-moz-thing: a) { .note { color: white } }",
    "in a layer": "@layer base { .note { display: none } }",
    "in a layer with a name of two": "@layer a.b { .note { display: none } }",
    "against an earlier layer": (
        "@layer a, b; @layer b { .note { color: #fff } } @layer a { p.note { color: #000 } }"
    ),
    "important in a layer": (
        "@layer a { .note { color: #fff !important } } p.note { color: #000 !important }"
    ),
    "in a scope": "@scope (body) { p.note { color: white } }",
    "as the root of a scope": "@scope (.note) { :scope { color: white } }",
    "in a container": "div { container-type: inline-size } @container (min-width: 9px) "
    "{ .note { color: white } }",
    "a rule inside of a rule": "div { p& { color: red } .note { color: white } }",
    "a condition inside of a rule": ".note { @media screen { color: white } }",
    "by its number": "div p:nth-child(1) { color: white }",
    "the first": "div > p:first-child { color: white }",
    "the only one": "div p:only-of-type { color: white }",
    "none of others": "div p:not(.other) { color: white }",
    "whenever nobody points at it": "p.note:not(:hover) { opacity: 0 }",
    "on screens": "@media only screen and (min-width: 700px) { .note { color: white } }",
    "in the light": "@media (prefers-color-scheme: light) { .note { color: white } }",
    "within a range": "@media (400px <= width <= 90em) { .note { color: white } }",
    "not on paper": "@media not print { .note { color: white } }",
    "important": ".note { color: white !important } p.note { color: black }",
    "a name in the root": ":root { --ink: #fff } .note { color: var(--ink) }",
    "through several": "div:is(.x, :not(.y)) p.note { color: white }",
    "far below": ":is(html) p.note { color: white }",
    "of a heavier selector": "p.note { color: white } :where(#a, p).note { color: black }",
}


@pytest.mark.parametrize("case", HIDING_SHEETS)
def test_a_sheet_hides_however_it_says_so(case: str, home: Path) -> None:
    assert list(left_out(opened(web(sheet=HIDING_SHEETS[case]), "a.html", home))) == [SECRET]


def plain(body: str, sheet: str = "") -> bytes:
    return f"<html><head><style>{sheet}</style></head><body>{SEEN}{body}</body></html>".encode()


@pytest.mark.parametrize(
    "body",
    [
        f"<p hidden>{SECRET}</p>",
        f"<p><font color=white>{SECRET}</font></p>",
        f"<p><font color=ffffff>{SECRET}</font></p>",
        f"<table bgcolor=black><tr><td><font color='#000'>{SECRET}</font></table>",
        f"<p style='color:white!important' class=a>{SECRET}</p>",
        f"<div style='height:0;overflow:hidden;position:relative'><p style='position:absolute'>"
        f"{SECRET}</p></div>",
    ],
)
def test_what_attributes_hide_is_left_out(body: str, home: Path) -> None:
    sheet = ".a { color: red !important }"

    assert list(left_out(opened(plain(body, sheet), "a.html", home))) == [SECRET]


HONEST_PAGES = {
    "placed on the page out of a box that is cut": plain(
        f"<div style='width:0; overflow:hidden'><p style='position:fixed'>{SECRET}</p></div>"
    ),
    "shown though it says hidden": plain(f"<p hidden>{SECRET}</p>", "p { display: block }"),
    "a sheet before an attribute": plain(
        f"<font color=white>{SECRET}</font>", "font { color: black }"
    ),
    "a style before an attribute": plain(f"<font color=white style='color:#000'>{SECRET}</font>"),
    "no colour for such an element": plain(f"<p color=white>{SECRET}</p>"),
    "a link in its own colour": plain(f"<p style='color:#fff'><a href=a>{SECRET}</a></p>"),
    "a ground before an attribute": plain(
        f"<table bgcolor=white><tr><td style='color:#fff'>{SECRET}</table>",
        "table { background: navy }",
    ),
    "wide enough for its block": plain(
        f"<p class='d-none d-md-block'>{SECRET}</p>",
        ".d-none { display: none !important } "
        "@media (min-width: 768px) { .d-md-block { display: block !important } }",
    ),
    "important before a style": plain(
        f"<p class=a style='color:white'>{SECRET}</p>", ".a { color: black !important }"
    ),
}


@pytest.mark.parametrize("case", HONEST_PAGES)
def test_what_counts_more_is_what_is_seen(case: str, home: Path) -> None:
    document = opened(HONEST_PAGES[case], "a.html", home)

    assert hidden(document) == []
    assert SECRET in document.pages[0].text


HONEST_STYLES = {
    "white on a dark ground": web("color:#fff; background:#123"),
    "white in a dark box": web("color:#fff", wrap="background-color: navy"),
    "white over a picture": web("color:#fff", wrap="background: url(a.png)"),
    "white in a box that a sheet makes dark": web("color:#fff", ".note { background: #333 }"),
    "white where another sheet says the ground": web("color:#fff", head="site.css"),
    "for paper only": web(sheet="@media print { p.note { display: none } }"),
    "while the mouse is there": web(sheet="p.note:hover { opacity: 0 }"),
    "shown again": web("display:block", ".note { display: none }"),
    "shown by a heavier rule": web(sheet=".note { display: block } p { display: block }"),
    "a size given anew": web("font-size:14px", wrap="font-size:0"),
    "visible again": web("visibility:visible", wrap="visibility:hidden"),
    "half transparent": web("opacity:0.5"),
    "a little to the left": web("position:relative;left:-10px"),
    "on small windows only": web(sheet="@media (max-width: 600px) { .note { display: none } }"),
    "on huge windows only": web(sheet="@media (min-width: 120em) { .note { display: none } }"),
    "in the dark only": web(sheet="@media (prefers-color-scheme: dark) { .note { color: white } }"),
    "in a range that is none": web(sheet="@media (width < 600px) { .note { display: none } }"),
    "where it is not supported": web(sheet="@supports not (display: grid) { p { color: #fff } }"),
    "in an older layer": web(sheet="@layer a { p.note { color: white } } .note { color: black }"),
    "without a container": web(sheet="@container (min-width: 9px) { .note { color: white } }"),
    "outside of a scope": web(sheet="@scope (.other) { p { color: white } }"),
    "not the second": web(sheet="div p:nth-child(2) { display: none }"),
    "before it": web(sheet="p.note::before { display: none }"),
    "a slanted edge": web("clip-path: polygon(0 0, 100% 0, 100% 85%, 0 100%)"),
    "moved by its own width": web("transform: translateX(-100%)"),
    "turned a little": web("transform: rotate(90deg)"),
    "a gradient in the letters": web(
        "background: linear-gradient(red, blue); background-clip: text; color: transparent"
    ),
    "an outline": web("color: white; -webkit-text-stroke: 1px black"),
    "filled in black": web("color: white; -webkit-text-fill-color: #000"),
    "on a dark name": web("color: #fff; background: var(--dark)", ":root { --dark: #123 }"),
    "on a name of another sheet": web("color: #fff; background: var(--dark)", head="site.css"),
    "nearly opaque on a dark ground": web("color:#fff", wrap="background: rgba(0, 0, 0, .8)"),
    "a box filled by its edge": web("height:0; overflow:hidden; padding-top:40px"),
    "size in short": web("font: 700 14px/1.5 serif", wrap="font-size: 0"),
    "a letter with a shadow": web("color:#fff; text-shadow: 0 0 2px #000"),
}


@pytest.mark.parametrize("case", HONEST_STYLES)
def test_honest_styles_stay(case: str, home: Path) -> None:
    document = opened(HONEST_STYLES[case], "a.html", home)

    assert hidden(document) == []
    assert SECRET in document.pages[0].text


@pytest.mark.parametrize("piece", ["{", "@a{", "@media screen{", "/*", "@", "a", "}"])
def test_a_hostile_sheet_ends_soon_and_the_words_stay(piece: str, home: Path) -> None:
    page = f"<html><style>{piece * 100_000}</style><p>{SEEN}</p></html>"

    assert SEEN in opened(page.encode(), "a.html", home).pages[0].text


def test_an_endless_value_ends_soon(home: Path) -> None:
    page = f"<html><p style='color:{'rgb(' * 100_000}'>{SEEN}</p></html>"

    assert SEEN in opened(page.encode(), "a.html", home).pages[0].text


@pytest.mark.parametrize(
    "style",
    [
        f"color: rgb({'9' * 5_000}, 0, 0)",
        f"left: {'9' * 5_000}px; position: absolute",
        f"--a: var(--a); color: var(--a); {'(' * 5_000}",
        "--a: x(1) x(1) x(1) x(1); " + "; ".join(f"--b{n}: {'var(--a) ' * 50}" for n in range(9)),
        f"width: {'calc(' * 5_000}1px",
        "--a: var(--b) var(--b); --b: var(--a) var(--a); color: var(--a)",
    ],
    ids=["digits", "a long way", "brackets", "names", "sums", "names in a ring"],
)
def test_a_hostile_style_ends_soon_and_the_words_stay(style: str, home: Path) -> None:
    page = f'<html><p style="{style}">{SEEN}</p><style>p {{ {style} }}</style></html>'

    document = opened(page.encode(), "a.html", home)

    assert SEEN in "".join(document.checked(keep_hidden=True).pages[0].text)


def test_a_sheet_of_deep_rules_ends_soon(home: Path) -> None:
    page = f"<html><style>{'p, a { ' * 2_000}</style><p>{SEEN}</p></html>"

    assert SEEN in opened(page.encode(), "a.html", home).pages[0].text


def test_the_sheets_in_a_book_hide_as_those_of_its_chapters(home: Path) -> None:
    chapter = (
        '<html><head><link rel="stylesheet" href="css/a%20b.css"/></head><body>'
        f'<p>{SEEN}</p><p class="note">{SECRET}</p></body></html>'
    )
    parts = {
        "O/one 1.xhtml": chapter,
        "O/css/a b.css": "@import 'more.css'; .note { color: black }",
        "O/css/more.css": ".note { color: white !important }",
    }

    document = opened(book(**parts), "book.epub", home)

    assert left_out(document) == {SECRET: "white on white"}
