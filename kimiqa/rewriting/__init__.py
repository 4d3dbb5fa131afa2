"""One cheap call first that puts a question into the documents' words and takes it apart."""

from __future__ import annotations

from kimiqa.rewriting.asking import REWRITE, Rewriting, rewriting_of
from kimiqa.rewriting.running import Rewritten, rewritten

__all__ = ["REWRITE", "Rewriting", "Rewritten", "rewriting_of", "rewritten"]
