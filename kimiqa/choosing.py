"""The table of ways to answer, and the automatic choice between them.

Whole documents answer best when they fit; chunks cost a fraction when they are long. A warm
cache turns the price round: a hit costs about a tenth of a miss on Kimi's list.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from kimiqa import digest, payoff, staging
from kimiqa.errors import ContextWindowError, OverLimitError, RefusedError
from kimiqa.following import asking, next_cost
from kimiqa.plan import Estimate, Strategy, Way
from kimiqa.planner import STRATEGIES, Planner, Question, Sized, in_words, with_fitting
from kimiqa.plurals import counted
from kimiqa.reasons import WORTH_IT, all_pages, money, not_whole, of_several
from kimiqa.refusals import is_partial
from kimiqa.saying import Said, joined, say, say_of
from kimiqa.strategies.chunks import material
from kimiqa.strategies.evidence import short_tokens
from kimiqa.tasks import for_an_outline, needs_everything

__all__ = [
    "Choice",
    "choose",
    "fitting",
    "needs_everything",
    "refusal_with_ways",
    "ways",
]

_EVERYTHING = ("full", "swarm")
"""The ways that read every page."""

TOO_DEAR = 4
"""From how many times the price of a digest that is kept the whole does not pay for a summary."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The strategy that `auto` took, and why, in one line."""

    sized: Sized
    reason: str


def choose(planner: Planner, question: Question) -> Choice:
    """The way `auto` goes: by size, window, price, warm cache and the kind of question.

    Raises
    ------
    NoTextError, ContextWindowError, OverCapError, PriceUnknownError
        No way can run; the one that comes nearest says why.
    """
    return _best(_within_reach(planner, _sizes(planner, question)), question)


def _sizes(planner: Planner, question: Question) -> dict[str, Sized]:
    names = [name for name in staging.names() if name in STRATEGIES or planner.model.id != "local"]
    single = [name for name in names if name != "digest"]
    sized = {name: staging.size(planner, question, _strategy(name)) for name in single}
    whole, made_of = sized["full"].estimate.prompt_tokens, material(sized["chunks"].draft)
    if digest.worth_listing(planner, question, whole, made_of):
        sized["digest"] = staging.size(planner, question, "digest")
    return sized


def _within_reach(planner: Planner, sized: dict[str, Sized]) -> dict[str, Sized]:
    """The ways as `auto` sees them: a prompt larger than a probe saw the model read does not
    count as fitting, as long as another way does. Who names the way still goes it."""
    full, reads = sized["full"], planner.reads
    others = [each for name, each in sized.items() if name != "full" and each.refusal is None]
    if reads is None or full.refusal or not others or full.estimate.prompt_tokens <= reads:
        return sized
    message = say(
        "{model} was seen to read {reads:,} tokens at every depth, and the whole has {prompt:,}",
        model=planner.model.id,
        reads=reads,
        prompt=full.estimate.prompt_tokens,
    )
    refusal = ContextWindowError(message, "Name the way to ask it all the same.")
    return {**sized, "full": replace(full, refusal=refusal)}


def _best(sized: Mapping[str, Sized], question: Question) -> Choice:
    # Several calls are for what is larger than a prompt. Where only a cap stands in the way of
    # the whole, they would spend the same money on shorter answers.
    if outlined := _outlined(sized, question):
        return outlined
    too_large = isinstance(sized["full"].refusal, ContextWindowError | OverLimitError)
    seen = {name: each for name, each in sized.items() if too_large or name in STRATEGIES}
    running = {name: each for name, each in seen.items() if each.refusal is None}
    if "full" in running and "chunks" in running:
        return _between(sized["full"], sized["chunks"], question)
    whole = needs_everything(question.text)
    if whole:
        running = {name: each for name, each in running.items() if name in _EVERYTHING}
        if not running:
            raise not_whole(seen)
    if not running:
        nearest = min(seen.values(), key=lambda each: each.estimate.prompt_tokens)
        assert nearest.refusal is not None
        raise nearest.refusal
    if "swarm" in running and too_large and (whole or "chunks" in running):
        return _beyond(sized, question)
    one = running.get("full") or next(iter(running.values()))
    return _only(one, [each for each in sized.values() if each.refusal])


def _outlined(sized: Mapping[str, Sized], question: Question) -> Choice | None:
    """A digest that is kept, for a task that an outline of everything serves, where the whole
    does not fit or pay; for any other task over everything only where nothing else reads it."""
    way, full = sized.get("digest"), sized["full"]
    if way is None or way.refusal or not digest.is_kept(way) or not needs_everything(question.text):
        return None
    pages, about = way.layout.coverage.sent, money(way.estimate)
    if full.refusal is not None:
        swarm = sized.get("swarm")
        if not for_an_outline(question.text) and swarm is not None and swarm.refusal is None:
            return None
        reason = say(
            "digest: the question needs all {pages:,} pages; a digest of them is kept, about "
            "{amount} ({why})",
            pages=pages,
            amount=about,
            why=full.refusal.message,
        )
        return Choice(way, reason)
    whole, part = full.estimate.cost.expected, way.estimate.cost.expected
    if not for_an_outline(question.text) or whole is None or part is None:
        return None
    if whole <= part * TOO_DEAR:
        return None
    reason = say(
        "digest: the question needs all {pages:,} pages, of which a digest is kept: about {part}, "
        "the whole {whole}",
        pages=pages,
        part=about,
        whole=money(full.estimate),
    )
    return Choice(way, reason)


def _beyond(sized: Mapping[str, Sized], question: Question) -> Choice:
    """Where the whole fits into no prompt: everything by a swarm, or what matches by chunks."""
    chunks, swarm, full = sized["chunks"], sized["swarm"], sized["full"]
    why = full.refusal.message if full.refusal else ""
    if needs_everything(question.text):
        reason = say(
            "swarm: the question needs {pages}, and they fit no prompt ({why})",
            pages=all_pages(swarm),
            why=why,
        )
        return Choice(swarm, reason)
    reason = say(
        "chunks: about {part}, a swarm over everything {whole} ({why})",
        part=money(chunks.estimate),
        whole=money(swarm.estimate),
        why=why,
    )
    return Choice(chunks, reason)


def _strategy(name: str) -> Strategy:
    return name  # type: ignore[return-value]


def _only(way: Sized, refused: Sequence[Sized]) -> Choice:
    whys = [
        say("{strategy}: {why}", strategy=each.strategy, why=each.refusal.message)
        for each in refused
        if each.refusal
    ]
    reason = say(
        "{strategy} is the only way that fits ({why})",
        strategy=way.strategy,
        why=joined(whys, "; "),
    )
    return Choice(way, reason)


def _between(full: Sized, chunks: Sized, question: Question) -> Choice:
    whole, part = full.estimate, chunks.estimate
    pages, sent = all_pages(full), full.layout.coverage.sent
    going = question.turns[-1].strategy if question.turns else ""
    if full.draft.model.id == "local":
        return Choice(
            full, say("full: the embedded endpoint reads {pages} at no cost", pages=pages)
        )
    if going == "chunks" and not needs_everything(question.text):
        return Choice(chunks, say("chunks: the conversation goes by chunks, and its prefix stays"))
    if going == "full":
        return Choice(
            full, say("full: the conversation holds {pages}, and its prefix stays", pages=pages)
        )
    made_of = material(chunks.draft)
    if whole.prompt_tokens <= short_tokens(made_of):
        tokens = counted(whole.prompt_tokens, "token")
        short = (
            say_of(
                sent,
                "full: the only page of a contract, which is asked whole, has {tokens}",
                "full: all {number:,} pages of a contract, which is asked whole, have {tokens}",
                tokens=tokens,
            )
            if made_of.contract
            else say_of(
                sent,
                "full: the only page has only {tokens}",
                "full: all {number:,} pages are only {tokens}",
                tokens=tokens,
            )
        )
        return Choice(full, short)
    if needs_everything(question.text):
        return Choice(full, say("full: the question needs {pages}", pages=pages))
    if whole.cost.expected is None or part.cost.expected is None:
        fits = say_of(
            sent,
            "full: the only page fits, and no price speaks against it",
            "full: all {number:,} pages fit, and no price speaks against it",
        )
        return Choice(full, fits)
    if several := of_several(full, chunks, question):
        return Choice(full, several)
    if whole.cost.expected <= part.cost.expected * WORTH_IT:
        # The rules alone are warm after any question: that is not what makes the whole cheap.
        return Choice(full, _worth_it(whole, part, sent))
    reason = say(
        "chunks: {sent:,} of {pages}, about {part} instead of {whole}",
        sent=chunks.layout.coverage.sent,
        pages=pages,
        part=money(part),
        whole=money(whole),
    )
    return Choice(chunks, reason)


def _worth_it(whole: Estimate, part: Estimate, pages: int) -> Said:
    costs = {"whole": money(whole), "part": money(part)}
    if whole.cached_tokens * 2 > whole.prompt_tokens:
        return say_of(
            pages,
            "full: the only page costs about {whole} while the cache is warm, chunks {part}",
            "full: all {number:,} pages cost about {whole} while the cache is warm, chunks {part}",
            **costs,
        )
    return say_of(
        pages,
        "full: the only page costs about {whole}, chunks {part}",
        "full: all {number:,} pages cost about {whole}, chunks {part}",
        **costs,
    )


def ways(planner: Planner, question: Question) -> list[Way]:
    """Every strategy, priced: what can run first, the automatic choice at the head, the rest
    by expected cost; what cannot run last, with its reason."""
    planner = replace(planner, ledger=planner.ledger.still())
    sized = _sizes(planner, question)
    rows = [_way(planner, each) for each in sized.values()]
    sized = _within_reach(planner, sized)
    try:
        best = _best(sized, question)
    except RefusedError:
        return sorted(rows, key=_order)
    rows = [_with_reason(way, best, sized) for way in rows]
    rows = [_with_offer(way, planner, question, sized) for way in rows]
    return sorted(rows, key=lambda way: (way.strategy != best.sized.strategy, *_order(way)))


def _order(way: Way) -> tuple[bool, bool, Decimal]:
    """What can run first, by expected cost; research behind what is known to the page."""
    expected = way.estimate.cost.expected
    cost = Decimal("Infinity") if expected is None else expected
    return not way.fits, way.strategy == "research", cost


def _with_reason(way: Way, best: Choice, sized: Mapping[str, Sized]) -> Way:
    if way.strategy == best.sized.strategy:
        return replace(way, reason=joined([best.reason, way.climbs], "; "))
    if way.climbs and way.fits:
        return replace(way, reason=way.climbs)
    if way.strategy == "swarm" and way.fits and sized["full"].refusal is None:
        return replace(way, reason=say("not needed: the documents fit into one prompt"))
    if way.strategy == "research" and way.fits:
        return replace(way, reason=say("searches and reads what it needs, step by step"))
    return way


def _with_offer(way: Way, planner: Planner, question: Question, sized: Mapping[str, Sized]) -> Way:
    """A digest with what it costs once and then, and from which question on it pays."""
    price = planner.model.price
    if way.strategy != "digest" or not way.fits or price is None:
        return way
    once, full = digest.offer(planner, question, sized["digest"]), sized["full"]
    too_large = isinstance(full.refusal, ContextWindowError | OverLimitError)
    whole = None if too_large else asking(planner.model, full)
    if once is None:
        return way
    told = payoff.sentence(price, once, whole)
    return replace(way, reason=joined([way.reason, told], ". ") if way.reason else told)


def _way(planner: Planner, sized: Sized) -> Way:
    reason = sized.refusal.message if sized.refusal else None
    return Way(
        sized.strategy,
        planner.model.id,
        sized.refusal is None,
        reason,
        sized.estimate,
        sized.layout.coverage,
        cache_note=sized.cache_note,
        warnings=sized.warnings,
        warm_until=sized.warm_until,
        next_cost=next_cost(planner.model, sized),
        hint=sized.refusal.hint if sized.refusal else "",
        code=sized.refusal.code if sized.refusal else "",
        climbs=sized.climbs,
        partial=any(map(is_partial, sized.warnings)),
    )


def fitting(planner: Planner, question: Question) -> list[str]:
    """The ways that can run, in words, for the hint of a refusal; what answers from a part is
    none where everything is needed."""
    sized = _sizes(planner, question).values()
    whole = needs_everything(question.text)
    return [
        in_words(each)
        for each in sized
        if each.refusal is None and (each.strategy in _EVERYTHING or not whole)
    ]


def refusal_with_ways(planner: Planner, question: Question, refusal: RefusedError) -> RefusedError:
    """The refusal with what does fit in its hint."""
    return with_fitting(refusal, fitting(planner, question))
