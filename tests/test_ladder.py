"""A ladder: chunks, more chunks, everything; each rung only where the last does not hold."""

from __future__ import annotations

import json
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from asking import client_at

import kimiqa
from kimiqa import cli
from kimiqa.errors import EndpointError
from kimiqa.ladder.checking import better, candidate_of, why_not
from kimiqa.plan import Answer, Cited, Finished, Step, Text
from kimiqa.refusing import refused
from kimiqa.testing import KimiServer, Scripted

QUESTION = "Which sum is forfeited by whoever is late with the works?"
FACT = "Liquidated damages of 1,250 euros accrue for each day of delay."
NO = "The documents do not say."
FILLER = "Matter {} tells whoever is late of the works, and of a sum that is forfeited by some. "
WRONG = 'It is "nine thousand crowns a month in advance" [D1 p. 3].'

Body = dict[str, Any]


def contract(pages: int = 150, at: int = 140) -> kimiqa.Document:
    """The answer stands on one page, in words that the question does not use."""
    texts = [FILLER.format(n) * 20 for n in range(1, pages + 1)]
    texts[at - 1] = FACT + " Nothing else is agreed on here."
    return kimiqa.Document.from_pages(texts, name="contract")


def reads(least: int = 1, said: str = NO) -> Callable[[Body], str | Scripted]:
    """A model that answers from so many tokens on, and else says what it is told to."""

    def answer(body: Body) -> str | Scripted:
        text = "".join(each["content"] for each in body["messages"])
        held = len(text) >= least * 4
        return f'It is 1,250 euros: "{FACT}" [D1 p. 140].' if held and FACT in text else said

    return answer


def ask(server: KimiServer, question: str = QUESTION, **options: Any) -> Answer:
    options = {"strategy": "chunks", "climb": True, **options}
    return client_at(server, home=None).ask(question, [contract()], **options)


def rungs(server: KimiServer) -> list[int]:
    """How large each call's prompt was, in thousands of tokens."""
    return [round(row.prompt_tokens / 1_000) for row in server.bill]


def steps(events: list[Any]) -> list[tuple[str, str]]:
    done = [each for each in events if isinstance(each, Step) and each.state != "running"]
    return [(each.state, each.message) for each in done]


# Climbing ----------------------------------------------------------------------------------------


def test_an_answer_that_holds_ends_the_climb(server: KimiServer) -> None:
    server.answer = lambda body: f'It tells "{FILLER.format(1).strip()}" [D1 p. 1].'

    answer = ask(server)

    assert rungs(server) == [8]
    assert answer.strategy == "chunks"
    assert not any("more was asked" in each for each in answer.warnings)


def test_a_refusal_climbs_to_more_chunks_and_then_to_everything(server: KimiServer) -> None:
    server.answer = reads()

    answer = ask(server)

    assert len(server.bill) == 3
    assert rungs(server)[0] == 8
    assert 20 < rungs(server)[1] < 28
    assert rungs(server)[2] > 50
    assert answer.strategy == "full"
    assert [(each.page, each.status) for each in answer.citations] == [(140, "verified")]
    assert answer.coverage.sent == 150


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (NO, "it says that the documents do not say"),
        ("It is 9,000 crowns.", "no citation holds"),
        (WRONG, "no citation holds"),
        (
            f'{WRONG} And "for ever and ever more" [D1 p. 4], as "{FILLER.format(1).strip()}" '
            "[D1 p. 1] says.",
            "most citations do not hold",
        ),
        (Scripted("It is", finish_reason="length"), "the answer was cut off"),
        (Scripted("", reasoning=20_000), "the answer was cut off"),
    ],
    ids=["refused", "uncited", "wrong", "mostly wrong", "cut", "thought"],
)
def test_it_climbs_where_an_answer_does_not_hold(
    server: KimiServer, said: str | Scripted, why: str
) -> None:
    server.answer = reads(said=said)  # type: ignore[arg-type]
    client = client_at(server, home=None)

    events = list(client.stream(QUESTION, [contract()], strategy="chunks", climb=True))

    state, message = steps(events)[0]
    assert state == "done"
    assert message.startswith("chunks, ")
    assert message.endswith(f" of 150 pages: {why}")
    assert steps(events)[-1] == ("done", "everything, 150 of 150 pages: the answer holds")


def test_only_the_accepted_answer_is_shown(server: KimiServer) -> None:
    server.answer = reads()

    events = list(
        client_at(server, home=None).stream(QUESTION, [contract()], strategy="chunks", climb=True)
    )

    text = "".join(each.text for each in events if isinstance(each, Text))
    (finished,) = (each for each in events if isinstance(each, Finished))
    assert text == finished.answer.text
    assert NO not in text
    assert [each.citation for each in events if isinstance(each, Cited)] == list(
        finished.answer.citations
    )


def test_a_rung_that_fails_keeps_the_answer_before_it(server: KimiServer) -> None:
    server.answer = reads()
    server.fault("context_too_long", times=None, after=1)

    answer = ask(server)

    assert answer.text == NO
    assert answer.strategy == "chunks"
    assert any(each.startswith("Asking more chunks failed: ") for each in answer.warnings)
    assert answer.cost.amount == server.billed


def test_what_may_be_billed_and_brought_nothing_is_said(server: KimiServer) -> None:
    server.answer = reads()
    server.fault("reset_after", times=None, after=1)

    answer = ask(server)

    assert answer.state == "estimated"
    assert any(each.endswith("It may be billed.") for each in answer.warnings)


def test_the_first_rung_that_fails_is_an_error(server: KimiServer) -> None:
    server.fault("context_too_long", times=None)

    with pytest.raises(EndpointError):
        ask(server)

    assert len(server.requests) == 1


# Which answer is kept ----------------------------------------------------------------------------


def _said(server: KimiServer, text: str, **more: Any) -> Answer:
    server.answer = Scripted(text, **more)
    return client_at(server, home=None).ask(QUESTION, [contract()], strategy="chunks")


def test_evidence_is_not_given_up_for_a_later_refusal_or_a_cut(server: KimiServer) -> None:
    good = candidate_of(_said(server, f'It tells "{FILLER.format(1).strip()}" [D1 p. 1].'))
    no, cut = (
        candidate_of(_said(server, NO)),
        candidate_of(_said(server, "I", finish_reason="length")),
    )

    assert why_not(good) == ""
    assert better(good, no) is good
    assert better(good, cut) is good
    assert better(no, good) is good
    assert better(no, cut) is no


# What it costs -----------------------------------------------------------------------------------


def test_all_rungs_are_in_the_plan_and_reserved_together() -> None:
    client = kimiqa.Client("kimi-k3")
    alone = {
        name: client.estimate(QUESTION, [contract()], strategy=name) for name in ("chunks", "full")
    }

    plan = client.plan(QUESTION, [contract()], strategy="chunks", climb=True)

    cost = plan.estimate.cost
    assert [stage.name for stage in plan.stages] == ["first", "more", "full"]
    assert plan.requests == plan.stages[0].requests
    assert plan.reason == "climbs to more chunks, then to everything where the answer does not hold"
    assert cost.ceiling is not None
    assert cost.ceiling == sum(
        stage.bounds.ceiling or 0 for stage in plan.stages if stage.bounds
    ) + (alone["chunks"].cost.ceiling or 0)
    assert cost.low == alone["chunks"].cost.low
    assert cost.expected is not None
    assert alone["chunks"].cost.expected < cost.expected < alone["full"].cost.expected  # type: ignore[operator]


def test_what_is_booked_is_the_servers_bill_within_the_ceiling(server: KimiServer) -> None:
    server.answer = reads()
    client = client_at(server, home=None)
    plan = client.plan(QUESTION, [contract()], strategy="chunks", climb=True)

    answer = client.run(plan)

    assert answer.cost.amount == server.billed
    assert server.billed <= (plan.estimate.cost.ceiling or 0)
    assert [each.strategy for each in client.ledger.calls()] == [
        "chunks:full", "chunks:more", "chunks:first",
    ]  # fmt: skip
    for stage, row in zip(plan.stages[1:], server.bill[1:], strict=True):
        assert stage.bounds is not None
        assert row.prompt_tokens <= stage.bounds.max_prompt_tokens + 16


def test_only_rungs_that_fit_the_cap_are_planned_and_the_plan_says_so() -> None:
    client = kimiqa.Client("kimi-k3")

    def plan(cap: str) -> kimiqa.Plan:
        return client.plan(QUESTION, [contract()], strategy="chunks", climb=True, max_cost=cap)

    names = {cap: [stage.name for stage in plan(cap).stages] for cap in ("0.27", "0.45", "1")}

    assert names == {
        "0.27": ["answer"], "0.45": ["first", "more"], "1": ["first", "more", "full"],
    }  # fmt: skip
    for cap in names:
        assert (plan(cap).estimate.cost.ceiling or 0) <= Decimal(cap)
    assert "climbs to more chunks where the answer does not hold, but not to everything (up to" in (
        plan("0.45").reason
    )
    assert plan("0.27").reason.startswith("it cannot climb to more chunks (up to")


def test_everything_is_no_rung_where_no_prompt_holds_it() -> None:
    plan = kimiqa.Client("kimi-k2.6").plan(
        QUESTION, [contract(1_100)], strategy="chunks", climb=True
    )

    assert [stage.name for stage in plan.stages] == ["first", "more"]
    assert plan.reason.endswith("does not hold, but not to everything (it fits no prompt)")


def test_more_chunks_are_no_rung_where_they_would_be_nearly_everything() -> None:
    plan = kimiqa.Client("kimi-k3").plan(
        QUESTION, [contract(60, 30)], strategy="chunks", climb=True
    )

    assert [stage.name for stage in plan.stages] == ["first", "full"]


def test_a_question_whose_chunks_are_everything_does_not_climb() -> None:
    document = kimiqa.Document.from_pages([FACT, "Nothing."], name="short")

    plan = kimiqa.Client("kimi-k3").plan(QUESTION, [document], strategy="chunks", climb=True)

    assert len(plan.stages) == 1


def test_how_often_it_climbs_is_learned_from_receipts(server: KimiServer) -> None:
    server.answer = lambda body: f'It tells "{FILLER.format(1).strip()}" [D1 p. 1].'
    client = client_at(server, home=None)

    def over_chunks() -> Decimal:
        climbing, plain = (
            client.estimate(QUESTION, [contract()], strategy="chunks", climb=climb).prompt_tokens
            for climb in (True, False)
        )
        return Decimal(climbing) / plain

    before = over_chunks()
    for number in range(12):
        client.ask(f"{QUESTION} {number}", [contract()], strategy="chunks", climb=True)

    assert over_chunks() < before * Decimal("0.85")


def test_auto_climbs_only_where_it_is_told_to(server: KimiServer) -> None:
    server.answer = reads()
    client = client_at(server, home=None)
    plain = client.plan(QUESTION, [contract()])

    plan = client.plan(QUESTION, [contract()], climb=True)
    answer = client.run(plan)

    assert (plain.strategy, len(plain.stages)) == ("chunks", 1)
    assert plan.reason.startswith("chunks: ")
    assert plan.reason.endswith("; climbs to more chunks, then to everything where the answer "
                                "does not hold")  # fmt: skip
    assert FACT in answer.text


def test_a_rewritten_question_climbs_with_its_searches(server: KimiServer) -> None:
    def answer(body: Body) -> str | Scripted:
        if body["messages"][0]["content"].startswith("You turn a question"):
            return Scripted("- liquidated damages accrue each day of delay", reasoning=0)
        return reads(least=15_000)(body)

    server.answer = answer
    client = client_at(server, home=None)
    plan = client.plan(QUESTION, [contract()], strategy="chunks", climb=True, rewrite=True)

    done = client.run(plan)

    assert [stage.name for stage in plan.stages] == ["rewrite", "first", "more", "full"]
    assert len(server.bill) == 3
    assert done.strategy == "chunks"
    assert FACT in done.text
    assert done.cost.amount == server.billed


# A conversation ----------------------------------------------------------------------------------


def test_the_next_turn_goes_on_from_everything_where_that_answered(server: KimiServer) -> None:
    server.answer = reads()
    talk = client_at(server, home=None).conversation([contract()])
    first = talk.ask(QUESTION, climb=True)

    then = talk.plan("And by whom is it paid?", climb=True)

    assert first.strategy == "full"
    assert then.strategy == "full"
    assert then.reason == "full: the conversation holds all 150 pages, and its prefix stays"
    sent = server.chats[-1]["messages"]
    assert then.requests[0].messages[: len(sent)] == sent
    assert then.estimate.cached_tokens > 0.9 * then.estimate.prompt_tokens


def test_the_next_turn_goes_on_from_the_chunks_that_answered(server: KimiServer) -> None:
    quoted = f'It tells "{FILLER.format(1).strip()}" [D1 p. 1].'
    server.answer = lambda body: quoted if len(body["messages"][1]["content"]) > 60_000 else NO
    talk = client_at(server, home=None).conversation([contract()])
    first = talk.ask(QUESTION, strategy="chunks", climb=True)

    then = talk.plan("And by whom is it paid?", strategy="chunks", climb=True)

    assert len(server.bill) == 2
    assert first.plan is not None
    assert len({chunk.page for chunk in first.plan.chunks}) == first.coverage.sent
    sent = server.chats[-1]["messages"]
    assert then.requests[0].messages[: len(sent)] == sent
    assert not set(then.chunks) & set(first.plan.chunks)


@pytest.mark.parametrize("private", [False, True], ids=["as it is", "in private"])
@pytest.mark.parametrize(
    "way", [{"strategy": "chunks", "climb": True}, {"strategy": "full"}], ids=["climbed", "full"]
)
def test_chunks_go_on_from_the_pages_that_everything_was_cited_with(
    server: KimiServer, way: dict[str, Any], private: bool
) -> None:
    server.answer = reads()
    client = client_at(server, home=None, private=private)
    talk = client.conversation([contract()])
    first = talk.ask(QUESTION, **way)

    plan = talk.plan("And by whom is it paid?", strategy="chunks")
    then = talk.ask("And by whom is it paid?", strategy="chunks")
    last = talk.plan("And how late may one be?", strategy="chunks")

    asked = server.chats[-1]["messages"]
    assert first.strategy == "full"
    assert f'<page n="140">\n{FACT}' in asked[1]["content"]
    assert FACT not in asked[3]["content"]
    assert 140 not in {page for left in plan.coverage.left_out for page in left.pages}
    assert plan.coverage == then.coverage
    assert plan.coverage.sent == len({chunk.page for chunk in plan.chunks} | {140})
    added = server.template.per_message * len(asked) + server.template.per_request
    assert server.bill[-1].prompt_tokens == plan.requests[0].own_tokens + added
    assert last.requests[0].messages[: len(asked)] == asked


def test_nothing_personal_leaves_on_any_rung(server: KimiServer) -> None:
    texts = [page.text for page in contract().pages]
    texts[139] += " Write to eva.lind@example.com about it."
    server.answer = NO
    document = kimiqa.Document.from_pages(texts, name="contract")

    answer = client_at(server, home=None).ask(
        QUESTION, [document], strategy="chunks", climb=True, private=True
    )

    assert len(server.chats) == 3
    assert answer.coverage.sent
    everything = json.dumps(server.chats)
    assert "eva.lind" not in everything
    assert "[EMAIL-" in everything  # numbers go on from other documents of this process


def test_a_model_without_a_price_climbs_too_where_that_is_allowed(server: KimiServer) -> None:
    server.models = ["nobody"]
    server.answer = reads()
    client = client_at(server, "nobody", home=None, allow_unpriced=True)

    answer = client.ask(QUESTION, [contract()], strategy="chunks", climb=True, rewrite=True)

    assert FACT in answer.text
    assert answer.cost.amount is None
    assert answer.saving is None


# Where it is asked for ---------------------------------------------------------------------------


def test_the_terminal_says_why_it_climbed_and_what_each_rung_cost(
    server: KimiServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server.answer = reads()
    file = tmp_path / "contract.txt"
    file.write_text("\f".join(page.text for page in contract().pages), encoding="utf-8")
    at = ["--model", "kimi-k3", "--base-url", server.base_url, "--api-key", server.key or ""]

    assert cli.run(["ask", str(file), "-q", QUESTION, "--climb", *at]) == 0

    said = capsys.readouterr()
    assert NO not in said.out
    assert FACT in said.out
    assert "rung 1: chunks, " in said.err
    assert "pages: it says that the documents do not say · $0." in said.err
    assert "rung 3: everything, 150 of 150 pages: the answer holds · $" in said.err
    assert "spent so far" in said.err


def test_a_script_is_told_that_more_was_asked(server: KimiServer) -> None:
    server.answer = reads()

    found = ask(server).to_json()

    assert found["strategy"] == "full"
    assert found["warnings"] == [
        "From chunks: it says that the documents do not say; more was asked.",
        "From more chunks: it says that the documents do not say; more was asked.",
    ]


def test_the_settings_let_every_question_climb(home: Path) -> None:
    (home / "settings.toml").write_text("climb = true\n", encoding="utf-8")

    plan = kimiqa.Client("kimi-k3").plan(QUESTION, [contract()], strategy="chunks")
    level = kimiqa.Client("kimi-k3", climb=False).plan(QUESTION, [contract()], strategy="chunks")

    assert (len(plan.stages), len(level.stages)) == (3, 1)


def test_a_refusal_is_told_from_an_answer() -> None:
    assert refused(NO)
    assert not refused(f'It is 1,250 euros: "{FACT}" [D1 p. 140].')
