"""What an answer saved against always sending everything: arithmetic only."""

from __future__ import annotations

from dataclasses import replace

from kimiqa.breakeven import Asking
from kimiqa.money import Usage
from kimiqa.plan import Answer, Plan, Saving
from kimiqa.saying import Said, say


def with_saving(answer: Answer) -> Answer:
    """The answer with what it saved; as it is where that is known already, or cannot be."""
    plan = answer.plan
    if plan is None or answer.saving is not None:
        return answer
    # What several calls wrote together is no measure for the one call that everything takes.
    several = any(stage.bounds for stage in plan.stages)
    return replace(answer, saving=saving_of(plan, answer, None if several else answer.usage))


def saving_of(plan: Plan, answer: Answer, written: Usage | None) -> Saving | None:
    """What the answer cost less than everything would have, at the length that was `written`;
    None where everything was no way, or a price or cost is not known."""
    whole, price, paid = plan.whole, plan.price, answer.cost.amount
    if whole is None or price is None or paid is None:
        return None
    completion = written.completion_tokens if written else whole.completion_tokens
    asked = Asking(whole.prompt_tokens, whole.cached_tokens, completion, writes=plan.caches)
    now, cold = asked.cost(price, warm=True), asked.cost(price, warm=False)
    return Saving(now - paid, cold - paid, now, price.currency) if now else None


def in_words(saving: Saving, amount: str, whole: str) -> Said:
    """A saving as a sentence; `amount` (without its sign) and `whole` as they are shown.

    >>> from decimal import Decimal
    >>> in_words(Saving(Decimal("0.15"), Decimal("0.15"), Decimal("0.20"), "USD"), "$0.15", "$0.20")
    'Saved $0.15 of the $0.20 (75 %) that sending everything would have cost'
    """
    if saving.amount < 0:
        return say(
            "Cost {amount} more than the {whole} that sending everything would have cost",
            amount=amount,
            whole=whole,
        )
    share = f"{saving.share:.0%}".replace("%", " %")
    return say(
        "Saved {amount} of the {whole} ({share}) that sending everything would have cost",
        amount=amount,
        whole=whole,
        share=share,
    )
