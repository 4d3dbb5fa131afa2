"""What one reader reports, or a list made of what several do."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kimiqa.plan import Answer
from kimiqa.swarm import wording

NOT_FOUND = " (not found on that page)"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found, and the pages that were read for it."""

    pages: str
    text: str

    @classmethod
    def of(cls, pages: str, answer: Answer) -> Finding | None:
        """What a reader's reply says, each quote held against its page already; None where it
        says nothing at all: the reader was cut off while it thought."""
        return cls(pages, _marked(answer)) if answer.text.strip() else None

    @property
    def place(self) -> tuple[int, int]:
        """Where its pages begin, for the order of findings."""
        document, page = (int(each) for each in re.findall(r"\d+", self.pages)[:2])
        return document, page

    @property
    def is_nothing(self) -> bool:
        """Whether its pages hold nothing that helps."""
        return wording.is_nothing(self.text)

    def to_json(self) -> dict[str, str]:
        return {"pages": self.pages, "text": self.text}

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Finding:
        return cls(str(content["pages"]), str(content["text"]))


def _marked(answer: Answer) -> str:
    """The reply, with what does not stand on its page marked for whoever merges it."""
    text = answer.text
    wrong = [each for each in answer.citations if each.status in ("unverified", "invalid")]
    for citation in sorted(wrong, key=lambda each: each.end, reverse=True):
        text = text[: citation.end] + NOT_FOUND + text[citation.end :]
    return text
