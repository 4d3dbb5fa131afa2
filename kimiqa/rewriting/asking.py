"""The call that rewrites a question: its request, what it costs, and when it is left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from kimiqa import estimating
from kimiqa.document import Document
from kimiqa.models import Model
from kimiqa.plan import Estimate, Request
from kimiqa.planner import Planner, Question, Sized
from kimiqa.rewriting import showing, wording
from kimiqa.saying import Said, say
from kimiqa.strategies.chunks import sends_all

REWRITE = "rewrite"

MOST_COMPLETION = 512
MOST_THINKING = 2_048
"""The most completion tokens, where the model cannot be kept from thinking first."""

LONG_QUESTION_TOKENS = 400
"""A longer question has words enough, and is searched for as it stands."""


@dataclass(frozen=True, slots=True)
class Rewriting:
    """The call, as it will be sent and as it is priced."""

    request: Request
    effort: str | None
    estimate: Estimate


def rewriting_of(planner: Planner, question: Question, plain: Sized) -> Rewriting | Said:
    """The call for a question that was sized as it stands; or why there is none to be made."""
    draft = plain.draft
    if planner.model.id == "local":
        return say("the embedded endpoint has no model that could")
    if draft.counter.count(draft.question) > LONG_QUESTION_TOKENS:
        return say("it has more than {most} tokens", most=LONG_QUESTION_TOKENS)
    if sends_all(draft, plain.layout):
        return say("all that the documents hold is sent")
    effort = _least(planner.model)
    request = _request(planner, plain, question.documents, effort)
    # Assumed until receipts know better: a few lines at the lowest effort take as much as the
    # answer of a model that does not think. The ceiling holds for one that does.
    quiet = replace(planner.model, reasons=False)
    own = planner.experience(f"chunks:{REWRITE}", effort).own
    guess = estimating.estimate(
        quiet,
        effort,
        prompt_tokens=request.prompt_tokens,
        cached_tokens=0,
        messages=request.message_count,
        limit=request.max_completion_tokens,
        margin=planner.margin,
        # Other calls' answers say nothing of a few lines.
        known=estimating.Experience(own),
    )
    return Rewriting(request, effort, guess)


def _least(model: Model) -> str | None:
    """The lowest effort the model knows."""
    return model.efforts[0] if model.efforts else None


def _can_be_quiet(planner: Planner) -> bool:
    return planner.model.thinking_switch


def _request(
    planner: Planner, plain: Sized, originals: Sequence[Document], effort: str | None
) -> Request:
    draft, count = plain.draft, plain.draft.counter.count
    text = wording.asking(
        draft.question,
        showing.headings(draft, originals),
        showing.passages(draft),
        showing.before(draft),
    )
    messages = [
        {"role": "system", "content": wording.SYSTEM},
        {"role": "user", "content": text},
    ]
    thinks = planner.model.reasons and not _can_be_quiet(planner)
    limit = MOST_THINKING if thinks else MOST_COMPLETION
    limit = min(limit, planner.model.max_output_tokens or limit)
    body = planner.body(messages, limit, effort)
    if planner.model.reasons and not thinks:
        body["thinking"] = {"type": "disabled"}
    own = sum(count(each["content"]) for each in messages)
    return Request.of(
        body,
        prompt_tokens=own + draft.template.tokens(len(messages)),
        max_completion_tokens=limit,
        own_tokens=own,
    )
