"""What lies behind the words of a Word document: its paper, and the shapes of its text boxes."""

from __future__ import annotations

from collections.abc import Iterator
from xml.etree.ElementTree import Element

from kimiqa.reading.office.colours import WHITE, Colour, of_hex
from kimiqa.reading.office.drawing import A
from kimiqa.reading.office.dress import W, on
from kimiqa.reading.office.package import Package

_MC = "{http://schemas.openxmlformats.org/markup-compatibility/2006}"
_SHAPE = "{http://schemas.microsoft.com/office/word/2010/wordprocessingShape}"
_PICTURED = {f"{A}blip", f"{A}gradFill", f"{A}solidFill", f"{A}pattFill", f"{W}pict",
             f"{W}object"}  # fmt: skip


def paper(package: Package, main: str, root: Element) -> Colour | None:
    """The colour of the pages: white unless the document says so and has it shown."""
    back = root.find(f"{W}background")
    settings = package.xml_if(next(package.related(main, "settings"), None))
    if back is None or settings is None or not on(settings.find(f"{W}displayBackgroundShape")):
        return WHITE
    return of_hex(back.get(f"{W}color"))


def is_pictured(root: Element) -> bool:
    """Whether something that has a colour is drawn in it."""
    return any(each.tag in _PICTURED for each in root.iter())


def boxes(element: Element, ground: Colour | None) -> Iterator[tuple[Element, Colour | None]]:
    """The text boxes of a paragraph with what lies behind their words: their own colour, else
    this ground. Each box stands twice, for programs of two ages."""
    for child in element:
        if child.tag == f"{W}txbxContent":
            yield child, ground
        elif child.tag == f"{_SHAPE}wsp":
            yield from boxes(child, _behind(child, ground))
        elif child.tag == f"{W}pict":  # an older shape, whose colours are not read
            yield from boxes(child, None)
        elif child.tag != f"{_MC}Fallback":
            yield from boxes(child, ground)


def _behind(shape: Element, ground: Colour | None) -> Colour | None:
    """The colour of a shape, where its file tells; one of its theme does not."""
    if shape.find(f"{_SHAPE}style") is not None and shape.find(f"{_SHAPE}spPr/{A}noFill") is None:
        ground = None
    fill = shape.find(f"{_SHAPE}spPr/{A}solidFill")
    if fill is None:
        return ground
    plain = fill.find(f"{A}srgbClr")
    return of_hex(plain.get("val")) if plain is not None and not len(plain) else None
