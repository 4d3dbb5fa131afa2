"""What a run of several calls does, step by step: live while it runs, folded away afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import streamlit as st

from kimiqa.plan import Finished, Started, Step
from kimiqa.ui import desk
from kimiqa.ui.engine import Job, engine
from kimiqa.ui.state import State
from kimiqa.ui.text import escape, money, price_range, shortened
from kimiqa.ui.words import _, told

MARKS = {
    "waiting": ("○", "gray", "waiting"),
    "running": ("◐", "blue", "under way"),
    "done": ("✓", "green", ""),
    "nothing": ("∅", "gray", "nothing here"),
    "failed": ("✗", "red", "failed"),
    "kept": ("◆", "green", "paid before"),
}
"""A shape, a colour and words: no state is told by its colour alone."""
PAID = ("done", "nothing", "kept")
_SHOWN = 200
_MESSAGE = 160

Key = tuple[str, int]


def steps_of(events: Sequence[Step]) -> list[Step]:
    """Each step once, as it stands now, in the order in which they began."""
    now: dict[Key, Step] = {}
    for step in events:
        now[(step.kind, step.number)] = step
    return list(now.values())


def behind(state: State, call: str) -> list[Step]:
    """The steps behind an answer, as long as this process remembers them."""
    job = engine().latest(state.conversation)
    finished = job.last(Finished) if job else None
    if job is None or finished is None or finished.answer.id != call:
        return []
    return steps_of(job.of(Step))


def show(events: Sequence[Step], *, expanded: bool = False) -> None:
    """The steps, in a fold whose head says how many there are and what they cost."""
    steps = steps_of(events)
    if not steps:
        return
    with st.expander(_head(steps), expanded=expanded, icon=":material/account_tree:"):
        if len(steps) > _SHOWN:
            last = _("The last {shown:,} of {total:,}")
            st.caption(last.format(shown=_SHOWN, total=len(steps)))
        _progress(steps)
        st.markdown("  \n".join(_line(step) for step in steps[-_SHOWN:]))


def ended_early(state: State, job: Job) -> None:
    """What the readers of a swarm that was stopped or failed have paid for, and what the rest
    would cost."""
    readers = [step for step in steps_of(job.of(Step)) if step.kind == "read"]
    started = job.last(Started)
    if not readers or started is None:
        return
    paid = sum(step.state in PAID for step in readers)
    total = readers[0].total or len(readers)
    way = next((w for w in desk.ways(state, started.plan.question) if w.strategy == "swarm"), None)
    cost = way.estimate.cost if way else None
    if cost is None or cost.low is None:
        words = _("{paid:,} of {total:,} readers are paid; asking again goes on from there.")
        st.info(escape(words.format(paid=paid, total=total)))
        return
    words = _("{paid:,} of {total:,} readers are paid; asking again goes on from there: {range}.")
    st.info(escape(words.format(paid=paid, total=total, range=price_range(cost))))


def _progress(steps: Sequence[Step]) -> None:
    """A bar, where it is known how many steps there will be."""
    totals = {step.kind: step.total for step in steps}
    total = sum(filter(None, totals.values()))
    if None not in totals.values() and total:
        ended = sum(step.state not in ("waiting", "running") for step in steps)
        st.progress(min(1.0, ended / total))


def _head(steps: Sequence[Step]) -> str:
    done = sum(step.state not in ("waiting", "running") for step in steps)
    costs = [step.cost for step in steps if step.cost is not None]
    spent = sum((cost.amount or Decimal(0) for cost in costs), Decimal(0))
    paid = f" · {money(spent, costs[-1].currency)}" if costs else ""
    head = _("Steps · {done:,} of {total:,}").format(done=done, total=len(steps))
    return escape(f"{head}{paid}")


def _line(step: Step) -> str:
    about = f": {shortened(' '.join(told(step.message).split()), _MESSAGE)}" if step.message else ""
    paid = ""
    if step.cost is not None and step.cost.amount is not None:
        paid = f" · {money(step.cost.amount, step.cost.currency)}"
    shape, colour, words = MARKS[step.state]
    state = f" · {_(words)}" if words else ""
    return f":{colour}[{shape}] " + escape(f"{_(step.kind)} {step.number:,}{about}{state}{paid}")
