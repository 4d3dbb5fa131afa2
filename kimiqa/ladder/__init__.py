"""`chunks` in several calls: a question rewritten first, and more of the documents where an answer
does not hold."""

from __future__ import annotations

from kimiqa.ladder.planning import is_ladder, planned, size, wanted
from kimiqa.ladder.running import run

__all__ = ["is_ladder", "planned", "run", "size", "wanted"]
