"""The kinds of task that need every page."""

from __future__ import annotations

from typing import Literal

Kind = Literal["summary", "list", "timeline", "contradictions", "comparison", "review", "text"]
"""`list` is all or a count of something; `review` is reading for faults; `text` is working on the
text itself, as translating it, or asking for something throughout it."""

OUTLINED: tuple[Kind, ...] = ("summary", "timeline")
"""Those that an outline of everything serves."""
