"""What was worked out for a page, for as long as what it rests on stays the same."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True, slots=True, eq=False)
class Very:
    """One object and no other, however equal, as part of a key; it lives as long as the key does,
    so that none takes its place.

    >>> document = ["a page"]
    >>> Very(document) == Very(document), Very(document) == Very(["a page"])
    (True, False)
    """

    held: object = field(repr=False)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Very) and other.held is self.held

    def __hash__(self) -> int:
        return id(self.held)


@dataclass(slots=True)
class Latest(Generic[T]):
    """The things that were made last, and what each was made for.

    >>> shout = Latest[str]()
    >>> shout.made_for("hello", lambda: "HELLO")
    'HELLO'
    >>> shout.made_for("hello", lambda: "made once more")
    'HELLO'
    """

    most: int = 1
    """How many are kept: more than one where a reader goes back and forth between choices."""
    holds: float = math.inf
    """Seconds after which one is made anew."""
    _made: list[tuple[object, float, T]] = field(default_factory=list, init=False, repr=False)

    def made_for(self, key: object, make: Callable[[], T]) -> T:
        """What is known for `key`; made now where it is not."""
        now = time.monotonic()
        held = [each for each in self._made if now - each[1] <= self.holds]
        found = next((each for each in held if each[0] == key), None) or (key, now, make())
        others = [each for each in held if each is not found]
        self._made = [found, *others[: self.most - 1]]
        return found[2]

    def is_known(self) -> bool:
        """Whether there is one, for whatever it was made."""
        return bool(self._made)

    def forget(self) -> None:
        """Have all made anew."""
        self._made.clear()
