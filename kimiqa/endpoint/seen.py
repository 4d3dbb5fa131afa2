"""What a reply looked like on its way in: how it came, and where its usage stood."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kimiqa.usage import cached_fields

ON_TOP, IN_CHOICE = "usage", "choices[0].usage"


class Seen:
    """Watches a reply; endpoints differ in what they leave out."""

    def __init__(self) -> None:
        self.pieces = 0
        self.streamed = False
        self.usage: set[str] = set()
        """Where usage stood."""
        self.cached: set[str] = set()
        """Under which names it told what was read from the cache."""

    def __call__(self, piece: Mapping[str, Any], streamed: bool) -> None:
        self.pieces += 1
        self.streamed = self.streamed or streamed
        choices = piece.get("choices")
        choice = choices[0] if isinstance(choices, list) and choices else None
        self._look(ON_TOP, piece.get("usage"))
        self._look(IN_CHOICE, choice.get("usage") if isinstance(choice, Mapping) else None)

    def _look(self, place: str, found: Any) -> None:
        if isinstance(found, Mapping):
            self.usage.add(place)
            try:
                self.cached.update(cached_fields(found))
            except ValueError:
                return  # what it says there is no count
