"""One page under examination, and what is known to be hidden on it so far."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from kimiqa.reading import objects
from kimiqa.reading.geometry import Rectangle
from kimiqa.reading.marks import Mark
from kimiqa.reading.objects import Scene, Text
from kimiqa.reading.pictures import Pictures

Found = tuple[int, int, str]
"""Start and end in the clean text, and why it cannot be seen."""


@dataclass(slots=True)
class Check:
    """One page under examination."""

    page: Any
    shown: Rectangle
    """The part of the page's space that is shown."""
    scene: Scene
    pictures: Pictures
    hidden: dict[int, str] = field(default_factory=dict)
    """Handle of a text object that cannot be seen → why."""
    partly: dict[int, tuple[Rectangle, str]] = field(default_factory=dict)
    """Handle of one that is cut off → what is seen of it, and why the rest is not."""
    layer: list[Text] = field(default_factory=list)
    """What is not painted and stands on the print of a scan: an OCR layer."""
    marks: dict[int, Mark] = field(default_factory=dict)
    through: dict[int, bool] = field(default_factory=dict)
    """Whether each text that is mixed with what is below it shows, by its identity."""
    layered: bool = False
    """Whether layers may hide some of it: for another look, if the file has any that are off."""
    _textpage: Any = None

    @property
    def textpage(self) -> Any:
        """The page's text as it was read, loaded where something has to be looked up in it."""
        if self._textpage is None:
            self._textpage = objects.load_text(self.page)
        return self._textpage

    def close(self) -> None:
        if self._textpage is not None:
            self._textpage.close()
