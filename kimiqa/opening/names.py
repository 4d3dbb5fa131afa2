"""The name of a document as it may be shown."""

from __future__ import annotations

import re

_LONGEST_NAME = 200
_UNSHOWN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]"
)


def label(name: str) -> str:
    """A name as it may be shown: no folders, nothing that cannot be seen, not endless.

    >>> label("../../etc/lease\\u202efdp.pdf")
    'leasefdp.pdf'
    """
    last = re.split(r"[/\\]", name.rstrip("/\\"))[-1]
    return _UNSHOWN.sub("", last).strip()[:_LONGEST_NAME] or "document"
