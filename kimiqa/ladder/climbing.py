"""How far a question may climb: the rungs that fit under the caps, how likely each is, in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import reduce

from kimiqa.figures import at_most
from kimiqa.ladder.rungs import FIRST, FULL, MORE, Rung, Rungs
from kimiqa.planner import Planner, Question
from kimiqa.saying import NOTHING, Said, say
from kimiqa.strategies import chunks

CLIMBS, CLIMBS_AGAIN = Decimal("0.25"), Decimal("0.5")
"""How often a first answer does not hold, and one from more chunks neither, before receipts say
so: assumed, and counted as so many receipts."""
PRIOR_RECEIPTS = 10

CALLED = {MORE: say("more chunks"), FULL: say("everything")}


@dataclass(frozen=True, slots=True)
class Climb:
    """The rungs behind the first, and what is to be said of them."""

    rungs: tuple[Rung, ...] = ()
    told: Said = NOTHING


def climb(rungs: Rungs, planner: Planner, question: Question) -> Climb:
    """The rungs behind the first one, each only where its ceiling fits beside those before."""
    if planner.model.id == "local" or chunks.sends_all(rungs.plain.draft, rungs.plain.layout):
        return Climb()
    taken: list[Rung] = []
    missing: list[Said] = []
    for name, made in ((MORE, rungs.more), (FULL, rungs.full)):
        rung = made()
        if rung is None and name == FULL:
            missing.append(say("{rung} (it fits no prompt)", rung=CALLED[FULL]))
        elif rung is not None and rung.refusal:
            rungs.take_back(rung)
            missing.append(_too_dear(CALLED[name], rung))
        elif rung is not None:
            taken.append(rung)
    return Climb(_likely(taken, planner, question), _told(taken, missing))


def _too_dear(called: Said, rung: Rung) -> Said:
    cost = rung.estimate.cost
    return say(
        "{rung} (up to {ceiling} more, which the caps do not leave)",
        rung=called,
        ceiling=at_most(cost.ceiling or Decimal(0), cost.currency),
    )


def _told(taken: Sequence[Rung], missing: Sequence[Said]) -> Said:
    others = reduce(_or, missing) if missing else NOTHING
    if not taken:
        return say("it cannot climb to {others}", others=others) if missing else NOTHING
    rungs = reduce(_then, [CALLED[rung.name] for rung in taken])
    if not missing:
        return say("climbs to {rungs} where the answer does not hold", rungs=rungs)
    return say(
        "climbs to {rungs} where the answer does not hold, but not to {others}",
        rungs=rungs,
        others=others,
    )


def _or(one: Said, other: Said) -> Said:
    return say("{one} or to {other}", one=one, other=other)


def _then(one: Said, other: Said) -> Said:
    return say("{one}, then to {other}", one=one, other=other)


def _likely(taken: Sequence[Rung], planner: Planner, question: Question) -> tuple[Rung, ...]:
    """The rungs with how likely each is to be asked: as receipts say, blended with what is
    assumed while they are few."""
    steps = [f"chunks:{name}" for name in (FIRST, MORE, FULL)]
    first, more, full = planner.ledger.counts(planner.model.id, planner.effort_for(question), steps)
    once = _blended(CLIMBS, max(more, full), first)
    again = _blended(CLIMBS_AGAIN, min(more, full), more)
    shares = (once, once * again)
    return tuple(replace(rung, share=share) for rung, share in zip(taken, shares, strict=False))


def _blended(prior: Decimal, climbed: int, of: int) -> Decimal:
    share = (prior * PRIOR_RECEIPTS + min(climbed, of)) / (PRIOR_RECEIPTS + of)
    return round(share, 6)
