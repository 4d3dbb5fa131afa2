"""`swarm`: parallel readers over everything, each over its part, then a merge of their findings."""

from __future__ import annotations

from kimiqa.swarm.planning import planned, size
from kimiqa.swarm.running import run

__all__ = ["planned", "run", "size"]
