"""What stands behind the letters of a slide, as far as its file says so."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from xml.etree.ElementTree import Element

from kimiqa.reading.office.colours import WHITE, Colour, alike, scheme
from kimiqa.reading.office.drawing import A
from kimiqa.reading.office.figures import real, whole
from kimiqa.reading.office.fills import colour_of
from kimiqa.reading.office.package import Package

P = "{http://schemas.openxmlformats.org/presentationml/2006/main}"

TINY = "too small"
TRANSPARENT = "transparent"

_TINY = 200
"""In hundredths of a point."""
_CLEAR = 5_000
"""In thousandths of a per cent."""
_SLIDE = (9_144_000, 6_858_000)
_NONE = -1e30
_FILLS = ("gradFill", "blipFill", "pattFill", "grpFill")

Xml = Callable[[str], Element]
Box = tuple[float, float, float, float]
"""Left, top, right, bottom."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where the shapes of a group stand on the slide."""

    scale: tuple[float, float] = (1.0, 1.0)
    shift: tuple[float, float] = (0.0, 0.0)

    def inside(self, group: Element) -> Place:
        """The same for the shapes of a group in it."""
        frame = group.find(f"{P}grpSpPr/{A}xfrm")
        outer, inner = _frame(frame, "off", "ext"), _frame(frame, "chOff", "chExt")
        if outer is None or inner is None or not inner[2] or not inner[3]:
            return self
        (x, y, width, height), (left, top, wide, high) = outer, inner
        across, down = width / wide, height / high
        return Place(
            (self.scale[0] * across, self.scale[1] * down),
            (
                self.shift[0] + self.scale[0] * (x - left * across),
                self.shift[1] + self.scale[1] * (y - top * down),
            ),
        )

    def box(self, shape: Element) -> Box | None:
        """Where a shape stands at most, however it is turned; None where its layout says it."""
        frame = next((each for each in shape.iter() if each.tag in (f"{A}xfrm", f"{P}xfrm")), None)
        found = _frame(frame, "off", "ext")
        if found is None:
            return None
        x, y, width, height = found
        left, top = x * self.scale[0] + self.shift[0], y * self.scale[1] + self.shift[1]
        wide, high = abs(width * self.scale[0]), abs(height * self.scale[1])
        turned = frame is not None and frame.get("rot", "0") != "0"
        reach = (wide + high) / 2 if turned else 0.0
        return left - reach, top - reach, left + wide + reach, top + high + reach


def _frame(frame: Element | None, at: str, size: str) -> tuple[float, float, float, float] | None:
    place = frame.find(f"{A}{at}") if frame is not None else None
    extent = frame.find(f"{A}{size}") if frame is not None else None
    if place is None or extent is None:
        return None
    x, y = (real(place.get(each), _NONE) for each in ("x", "y"))
    wide, high = (real(extent.get(each), _NONE) for each in ("cx", "cy"))
    return None if _NONE in (x, y, wide, high) else (x, y, wide, high)


@dataclass(frozen=True, slots=True)
class Ground:
    """A slide's own ground, and what covers some of it."""

    colour: Colour | None
    named: dict[str, Colour]
    size: tuple[float, float]
    covered: tuple[Box | None, ...]
    """Where pictures and filled shapes stand; None: somewhere."""

    @classmethod
    def of(
        cls, package: Package, slide: str, root: Element, size: tuple[float, float], xml: Xml
    ) -> Ground:
        """The ground of a slide with what its layout and its master put there; `xml` gives the
        parts, which many slides share."""
        paths = [slide]
        for kind in ("slideLayout", "slideMaster"):
            paths += list(package.related(paths[-1], kind))[:1]
        roots = [root, *map(xml, paths[1:])]
        theme = next(package.related(paths[-1], "theme"), None)
        named = _mapped(scheme(xml(theme) if theme else None), roots[-1])
        backs = (root.find(f"{P}cSld/{P}bg") for root in roots)
        back = next((each for each in backs if each is not None), None)
        colour = WHITE if back is None else _back(back, named)
        boxes = (box for root in roots for box in _covering(root.find(f"{P}cSld/{P}spTree")))
        return cls(colour, named, size, tuple(boxes))

    def is_off(self, box: Box | None) -> bool:
        """Whether a shape stands beside the slide."""
        if box is None:
            return False
        return box[2] <= 0 or box[3] <= 0 or box[0] >= self.size[0] or box[1] >= self.size[1]

    def behind(self, box: Box | None) -> Colour | None:
        """The colour behind a shape that has none; one of those that cover something is itself."""
        over = sum(_touch(box, each) for each in self.covered)
        return self.colour if over <= 1 and box is not None else None

    def under(self, shape: Element, box: Box | None) -> Colour | None:
        """The colour behind a shape's letters; None where it is not known."""
        own = shape.find(f"{P}spPr")
        fill = own.find(f"{A}solidFill") if own is not None else None
        if fill is not None:
            clear = fill.find(f".//{A}alpha") is not None
            return None if clear else colour_of(fill, self.named)
        if _is_filled(shape) or any(_touch(box, each) for each in self.covered):
            return None
        return self.colour

    def why(
        self, style: Element | None, under: Colour | None, otherwise: Colour | None = None
    ) -> str | None:
        """Why a run that says so of its looks is not seen on this colour; `otherwise` is its
        colour where it names none."""
        if style is None:
            return alike(otherwise, under)
        if whole(style.get("sz"), _TINY + 1) <= _TINY:
            return TINY
        if style.find(f"{A}noFill") is not None and style.find(f"{A}ln/{A}solidFill") is None:
            return TRANSPARENT
        fill = style.find(f"{A}solidFill")
        if fill is None:
            return alike(None if _is_filled_text(style) else otherwise, under)
        opaque = fill.find(f".//{A}alpha")
        if opaque is not None and whole(opaque.get("val"), _CLEAR + 1) <= _CLEAR:
            return TRANSPARENT
        return alike(colour_of(fill, self.named), under)


def _is_filled_text(style: Element) -> bool:
    return any(style.find(f"{A}{each}") is not None for each in (*_FILLS, "noFill"))


def size_of(main: Element) -> tuple[float, float]:
    """Width and height of the slides."""
    size = main.find(f"{P}sldSz")
    wide, high = (real(size.get(each)) if size is not None else 0.0 for each in ("cx", "cy"))
    return (wide, high) if wide > 0 and high > 0 else _SLIDE


def _mapped(named: dict[str, Colour], master: Element) -> dict[str, Colour]:
    """The theme's colours under the names that a master gives them too."""
    names = master.find(f"{P}clrMap")
    pairs = names.attrib.items() if names is not None else ()
    return named | {alias: named[name] for alias, name in pairs if name in named}


def _back(back: Element, named: dict[str, Colour]) -> Colour | None:
    fill = back.find(f"{P}bgPr/{A}solidFill")
    if fill is not None:
        return colour_of(fill, named)
    reference = back.find(f"{P}bgRef")
    plain = reference is not None and reference.get("idx") in ("1001", "0", "1000")
    return colour_of(reference, named) if plain and reference is not None else None


def _covering(tree: Element | None, place: Place | None = None) -> Iterator[Box | None]:
    """Where something that has a colour of its own stands."""
    place = place or Place()
    for shape in tree if tree is not None else ():
        if shape.tag == f"{P}grpSp":
            yield from _covering(shape, place.inside(shape))
        elif shape.tag in (f"{P}pic", f"{P}graphicFrame") or _is_filled(shape):
            yield place.box(shape)
        elif not shape.tag.startswith(P):
            yield None


def _is_filled(shape: Element) -> bool:
    own = shape.find(f"{P}spPr")
    if own is not None:
        if own.find(f"{A}noFill") is not None:
            return False
        if any(own.find(f"{A}{each}") is not None for each in ("solidFill", *_FILLS)):
            return True
    style = shape.find(f"{P}style/{A}fillRef")
    return style is not None and style.get("idx", "0") != "0"


def _touch(one: Box | None, other: Box | None) -> bool:
    if one is None or other is None:
        return True
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
