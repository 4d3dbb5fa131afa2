"""One thing that was worked out for a page, for as long as what it rests on stays the same."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(slots=True)
class Latest(Generic[T]):
    """The thing that was made last, and what it was made for.

    >>> shout = Latest[str]()
    >>> shout.made_for("hello", lambda: "HELLO")
    'HELLO'
    >>> shout.made_for("hello", lambda: "made once more")
    'HELLO'
    """

    _made: tuple[object, T] | None = field(default=None, init=False, repr=False)

    def made_for(self, key: object, make: Callable[[], T], *, anew: bool = False) -> T:
        """What is known for `key`; made now where it was made for another one or never, or is to
        be made `anew`."""
        if anew or self._made is None or self._made[0] != key:
            self._made = (key, make())
        return self._made[1]

    def is_known(self) -> bool:
        """Whether there is one, for whatever it was made."""
        return self._made is not None

    def forget(self) -> None:
        """Have it made anew."""
        self._made = None
