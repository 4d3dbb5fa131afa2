"""`digest`: a cited outline of each document, made once, kept, and sent with later questions."""

from __future__ import annotations

from kimiqa.digest.digests import Digest, digest_of
from kimiqa.digest.kept import found, kept_digest
from kimiqa.digest.offering import is_kept, offer, worth_listing
from kimiqa.digest.planning import planned, planned_making, size
from kimiqa.digest.running import run

__all__ = [
    "Digest",
    "digest_of",
    "found",
    "is_kept",
    "kept_digest",
    "offer",
    "planned",
    "planned_making",
    "run",
    "size",
    "worth_listing",
]
