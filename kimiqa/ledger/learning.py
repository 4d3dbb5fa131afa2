"""What receipts teach: the usage of calls like this one, the chat template, the accuracy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import cache
from statistics import median
from typing import TYPE_CHECKING, Any

from kimiqa.ledger.entries import USAGE, usage_of
from kimiqa.ledger.records import Accuracy, Call
from kimiqa.money import Usage
from kimiqa.template import PRIOR, Observed, Template, learn

if TYPE_CHECKING:
    from sqlalchemy import Select

    from kimiqa.ledger.database import Database


TEST_LABEL = "endpoint test"
"""The label of questions that only try an endpoint: their length says nothing of others'."""

TEMPLATE_RECEIPTS = 40
"""How many receipts are asked about the template: few, for a new one must soon win."""


def history(
    database: Database, model: str, strategy: str | None, effort: str | None, limit: int
) -> list[tuple[Usage, float]]:
    """Usage and seconds of the newest settled calls of this kind, newest first; of every
    strategy where none is named."""
    query = _alike(database.tables, strategy is not None, effort is not None)
    wanted = {"model": model, "strategy": strategy, "effort": effort, "most": limit}
    with database.read() as connection:
        rows = connection.execute(query, wanted).all()
    return [(usage, row.seconds) for row in rows if (usage := usage_of(row))]


@cache
def _alike(tables: Any, same_strategy: bool, with_effort: bool) -> Select[Any]:
    """The statement of `history`, made once: it is asked before every question."""
    import sqlalchemy as sa

    calls = tables.calls
    effort = calls.c.effort == sa.bindparam("effort") if with_effort else calls.c.effort.is_(None)
    alike = [
        calls.c.model == sa.bindparam("model"),
        effort,
        calls.c.state == "settled",
        calls.c.seconds.is_not(None),
        sa.or_(calls.c.label.is_(None), calls.c.label != TEST_LABEL),
    ]
    if same_strategy:
        alike.append(calls.c.strategy == sa.bindparam("strategy"))
    columns = sa.select(*(calls.c[name] for name in USAGE), calls.c.seconds).where(*alike)
    return columns.order_by(calls.c.id.desc()).limit(sa.bindparam("most", type_=sa.Integer))


def runs(
    database: Database, model: str, strategy: str, effort: str | None, limit: int
) -> list[tuple[Usage, float]]:
    """What whole runs of several calls used together, with their seconds, newest first."""
    calls = database.tables.calls
    same = calls.c.effort == effort if effort is not None else calls.c.effort.is_(None)
    query = calls.select().where(
        calls.c.model == model, calls.c.strategy.startswith(f"{strategy}:"), same
    )
    with database.read() as connection:
        rows = connection.execute(query.order_by(calls.c.id.desc()).limit(limit * 40)).all()
    by_run: dict[int, list[Any]] = {}
    for row in rows:
        by_run.setdefault(row.reservation, []).append(row)
    found: list[tuple[Usage, float]] = []
    for each in by_run.values():
        held = [row for row in each if row.state != "released"]
        usages = [usage for row in held if (usage := usage_of(row))]
        if held and len(usages) == len(held) and all(row.state == "settled" for row in held):
            seconds = sum(row.seconds or 0.0 for row in held)
            found.append((sum(usages[1:], usages[0]), seconds))
    return found[:limit]


def counts(
    database: Database, model: str, effort: str | None, strategies: Sequence[str]
) -> list[int]:
    """How many calls of each of these strategies, or steps of one, were settled."""
    import sqlalchemy as sa

    calls = database.tables.calls
    same = calls.c.effort == effort if effort is not None else calls.c.effort.is_(None)
    query = sa.select(calls.c.strategy, sa.func.count()).where(
        calls.c.model == model, same, calls.c.state == "settled", calls.c.strategy.in_(strategies)
    )
    with database.read() as connection:
        rows = connection.execute(query.group_by(calls.c.strategy)).all()
    found = {str(strategy): int(count) for strategy, count in rows}
    return [found.get(each, 0) for each in strategies]


def template(database: Database, endpoint: str, model: str) -> Template:
    """What the model's chat template adds there: as receipts agree; where there is none, as the
    endpoint's count said; else a guess."""
    place = {"endpoint": endpoint, "model": model}
    seen, asked = _overheads(database.tables)
    with database.read() as connection:
        rows = connection.execute(seen, place).all()
        row = connection.execute(asked, place).one_or_none()
    start = PRIOR if row is None else Template(row.per_message, row.per_request)
    return learn((Observed(count, server - own) for count, server, own in rows), start)


@cache
def _overheads(tables: Any) -> tuple[Select[Any], Select[Any]]:
    """The statements of `template`, made once."""
    import sqlalchemy as sa

    calls, told = tables.calls, tables.templates

    def there(table: Any) -> list[Any]:
        return [table.c[name] == sa.bindparam(name) for name in ("endpoint", "model")]

    seen = sa.select(calls.c.messages, calls.c.prompt_tokens, calls.c.own_tokens).where(
        *there(calls),
        calls.c.state == "settled",
        calls.c.messages.is_not(None),
        calls.c.own_tokens > 0,  # what was sent with pictures or tools teaches nothing
        calls.c.prompt_tokens.is_not(None),
    )
    seen = seen.order_by(calls.c.id.desc()).limit(TEMPLATE_RECEIPTS)
    return seen, told.select().where(*there(told))


def keep_template(
    database: Database, endpoint: str, model: str, found: Template, now: float
) -> None:
    """Keep what the endpoint's own count said, in place of what it said before."""
    told = database.tables.templates
    with database.write() as connection:
        connection.execute(told.delete().where(told.c.endpoint == endpoint, told.c.model == model))
        connection.execute(
            told.insert().values(
                endpoint=endpoint,
                model=model,
                per_message=found.per_message,
                per_request=found.per_request,
                created=now,
            )
        )


def accuracy(calls: Sequence[Call]) -> Accuracy:
    """How far the estimates of these calls were from their receipts."""
    judged = [each for call in calls if (each := _judge(call))]
    if not judged:
        return Accuracy(0, None, None, None)
    within, cost_errors, prompt_errors = zip(*judged, strict=True)
    return Accuracy(
        len(judged), sum(within) / len(judged), median(cost_errors), median(prompt_errors)
    )


def _judge(call: Call) -> tuple[bool, float, float] | None:
    """Whether the cost was in its range, the cost's error and the prompt's; None for a call
    that says nothing: not settled, without an estimate, or free."""
    if call.state != "settled" or not (call.cost and call.usage and call.estimate):
        return None
    low, expected, high = (_amount(call.estimate, name) for name in ("low", "expected", "high"))
    actual = call.cost.amount
    if not actual or low is None or expected is None or high is None:
        return None
    prompt = call.usage.prompt_tokens
    prompt_error = abs(call.estimate["prompt_tokens"] - prompt) / prompt if prompt else 0.0
    return low <= actual <= high, float(abs(expected - actual) / actual), prompt_error


def _amount(estimate: Mapping[str, Any], name: str) -> Decimal | None:
    amount = estimate["cost"][name]
    return None if amount is None else Decimal(amount)
