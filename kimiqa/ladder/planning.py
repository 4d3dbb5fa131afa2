"""A question by `chunks` in several calls, priced: a rewriting before, further rungs behind.

What is known stands as a request; what depends on an answer is bounded by the most it may send.
The ceilings of all calls are reserved together, and a rung whose own no longer fits under the
caps is not planned.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from kimiqa.adding import Part, in_turn
from kimiqa.ladder.climbing import Climb, climb
from kimiqa.ladder.rungs import Rung, Rungs
from kimiqa.plan import Bounds, Plan, Stage
from kimiqa.planner import Planner, Question, Sized
from kimiqa.rewriting import REWRITE, Rewriting, rewriting_of
from kimiqa.saying import say


def wanted(question: Question) -> bool:
    """Whether `chunks` may be more than one call for this question."""
    return question.rewrite or question.climb


def is_ladder(plan: Plan) -> bool:
    """Whether a plan is of this kind."""
    return plan.strategy == "chunks" and any(stage.bounds for stage in plan.stages)


@dataclass(frozen=True, slots=True)
class Ladder:
    """A question by `chunks` with all its calls."""

    plain: Sized
    """The question as it would be asked without any of this."""
    rewriting: Rewriting | None
    rungs: tuple[Rung, ...]
    notes: tuple[str, ...] = ()
    climbs: str = ""

    @property
    def single(self) -> bool:
        """Whether nothing came of it but one call."""
        return self.rewriting is None and len(self.rungs) < 2

    @property
    def parts(self) -> list[Part]:
        """Every call with its estimate, and how likely it is to be made."""
        before = [Part(self.rewriting.estimate)] if self.rewriting else []
        return [*before, *(Part(rung.estimate, rung.share) for rung in self.rungs)]


def size(planner: Planner, question: Question) -> Sized:
    """Count and price a question by `chunks` with its rewriting and its rungs.

    Raises
    ------
    BadRequestError, NoTextError
        As for any strategy.
    """
    ladder = _ladder(planner, question)
    warnings = (*ladder.plain.warnings, *ladder.notes)
    if ladder.single:
        return replace(ladder.plain, warnings=warnings, climbs=ladder.climbs)
    first = ladder.rungs[0]
    return replace(
        ladder.plain,
        limit=first.limit,
        estimate=in_turn(ladder.parts),
        warnings=tuple(dict.fromkeys((*warnings, *first.warnings))),
        climbs=ladder.climbs,
    )


def planned(planner: Planner, question: Question, sized: Sized, reason: str = "") -> Plan:
    """The plan of a question that was sized and may run."""
    ladder = _ladder(planner, question)
    reason = "; ".join(filter(None, (reason, ladder.climbs)))
    if ladder.single:
        return planner.planned(question, sized, reason)
    first = ladder.rungs[0]
    base = planner.planned(question, replace(sized, limit=first.limit), reason)
    known = base.requests[0] if first.known else None
    before = [Stage(REWRITE, (ladder.rewriting.request,))] if ladder.rewriting else []
    begins = Stage(first.name, (known,)) if known else _bounded(first)
    return replace(
        base,
        stages=(*before, begins, *map(_bounded, ladder.rungs[1:])),
        estimate=in_turn(ladder.parts),
        chunks=base.chunks if known else (),
        drafts={rung.name: rung.draft for rung in ladder.rungs},
    )


def _bounded(rung: Rung) -> Stage:
    return Stage(rung.name, bounds=Bounds(1, rung.most, rung.limit, rung.estimate.cost.ceiling))


def _ladder(planner: Planner, question: Question) -> Ladder:
    plain = planner.size(question, "chunks")
    if plain.refusal:
        return Ladder(plain, None, ())
    rungs = Rungs(planner, question, plain)
    notes: list[str] = []
    found = rewriting_of(planner, question, plain) if question.rewrite else None
    rewriting = found if isinstance(found, Rewriting) else None
    if isinstance(found, str):
        notes.append(say("The question is not rewritten: {why}.", why=found))
    first = rungs.first(rewriting)
    if rewriting and first.refusal:
        notes.append(say("The question is not rewritten: the caps leave no room for that."))
        rewriting, first = None, rungs.first(None)
    above = climb(rungs, planner, question) if question.climb else Climb()
    return Ladder(plain, rewriting, (first, *above.rungs), tuple(notes), above.told)
