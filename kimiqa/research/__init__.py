"""`research`: a model that works through tools, step by step, within a budget."""

from __future__ import annotations

from kimiqa.research.planning import planned, size
from kimiqa.research.running import run

__all__ = ["planned", "run", "size"]
