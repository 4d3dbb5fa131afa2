"""What the tests of digests share: a server that outlines, and reports that are nobody else's."""

from __future__ import annotations

import itertools
import re
from typing import Any

from asking import report

from kimiqa import Document
from kimiqa.testing import KimiServer

_READ = re.compile(r'<page n="(\d+)">\n([^\n]{30,}?) was settled')
_editions = itertools.count()


def outlining(body: dict[str, Any]) -> str:
    """A digest with a true quote of each page; an answer that cites the digest's first page."""
    asked = str(body["messages"][-1]["content"])
    if "Make a digest" in asked:
        lines = (f'- "{text} was settled" [D1 p. {page}].' for page, text in _READ.findall(asked))
        return "## Claims\n" + "\n".join(lines)
    return 'It says "was settled in" [D1 p. 3].'


def prompts(server: KimiServer) -> list[str]:
    """All that was asked, each with its rules."""
    return ["\n".join(str(m["content"]) for m in body["messages"]) for body in server.chats]


def fresh(pages: int = 150) -> Document:
    """A report of its own: what is kept of others in memory is not kept of it."""
    edition = next(_editions)
    texts = [f"{page.text}\nThis is edition {edition}." for page in report(pages).pages]
    return Document.from_pages(texts, name="report.txt")
