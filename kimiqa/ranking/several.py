"""One question as several searches: their rankings become one, and each keeps its share of it."""

from __future__ import annotations

from collections.abc import Sequence

from kimiqa.ranking import Ranking
from kimiqa.ranking.fusing import by_reciprocal_rank, by_turns


def together(rankings: Sequence[Ranking]) -> Ranking:
    """The rankings of one index as one. What they agree on comes first, by reciprocal rank; but
    each of them also has its own turn, so that of a question in several parts no part is lost
    to those that agree. A search whose words stand nowhere has no say."""
    first, *_ = rankings
    found = [each for each in rankings if each.matched]
    if len(found) < 2:
        return found[0] if found else first
    orders = [each.order for each in found]
    return Ranking(first.index, by_turns([by_reciprocal_rank(orders), *orders]), matched=True)
