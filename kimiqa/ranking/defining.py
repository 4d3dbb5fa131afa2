"""What a piece of text says the meaning of: the words that it introduces."""

from __future__ import annotations

import re
from collections.abc import Iterator

# Each begins with a character or a set of them, which is what the engine finds fast.
_QUOTED = re.compile(r'["“„«「『]([^"“”„«»「」『』\n]{1,60})["”»」』]')
_ABBREVIATED = re.compile(r"\(([A-Z][^\s()]{1,12})\)")
_EXPLAINED = re.compile(r"([A-Z](?<![\w-].)[\w-]+) (?:is|are|was|were) (?:an?|the)\b")
_NAMED = re.compile(r"known as (\S+)")


def introduced(text: str) -> Iterator[str]:
    """The words of `text` that it gives a meaning, or that give a name to what stands before.

    >>> list(introduced('Acme (the "Lessor") lets the World Health Organization (WHO) a hall.'))
    ['Lessor', 'WHO']
    """
    for kind in (_QUOTED, _ABBREVIATED, _EXPLAINED, _NAMED):
        yield from kind.findall(text)
