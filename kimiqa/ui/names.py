"""What the ways to answer are called, on every page alike."""

from __future__ import annotations

from kimiqa.ui.words import _

TITLES = {
    "full": "Whole document",
    "chunks": "Chosen chunks",
    "swarm": "Swarm",
    "research": "Research",
    "digest": "Digest",
    "local": "Quotes by word match",
}


def title(strategy: str) -> str:
    """The name of a way; a strategy that has none keeps its own."""
    return _(TITLES[strategy]) if strategy in TITLES else strategy


def called(model: str, strategy: str) -> str:
    """Who answered, and how; not yet escaped.

    >>> called("kimi-k3", "chunks"), called("local", "full")
    ('Chosen chunks · kimi-k3', 'Quotes by word match')
    """
    return title("local") if model == "local" else f"{title(strategy)} · {model}"
