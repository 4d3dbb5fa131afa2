"""A question put into the documents' words first: bounded, priced, and never in the way."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from asking import client_at, sent

import kimiqa
from kimiqa import cli
from kimiqa.errors import EndpointError
from kimiqa.plan import Answer, Step, Text
from kimiqa.ranking import Index
from kimiqa.ranking.several import together
from kimiqa.rewriting.wording import queries_in
from kimiqa.testing import MODELS, KimiServer, Scripted
from kimiqa.tokens import counter_for

QUESTION = "What does it cost if they are late, and who pays the gardener?"
DAMAGES = "Liquidated damages of 1,250 euros accrue for each day of delay."
GARDEN = "The upkeep of the grounds is borne by the lessor alone."
QUERIES = "- liquidated damages for each day of delay\n- upkeep of the grounds borne by"
FILLER = "Matter {} of the cost they are late with, as paid by who pays for a thing of that sort. "
COUNTER = counter_for("kimi_k3")


def contract(pages: int = 80, *, damages: int = 61, garden: int = 33) -> kimiqa.Document:
    """Long, and full of the words of the question where its answers do not stand."""
    texts = [FILLER.format(n) * 20 for n in range(1, pages + 1)]
    texts[damages - 1] += DAMAGES
    texts[garden - 1] += GARDEN
    return kimiqa.Document.from_pages(texts, name="contract")


def rewrites(reply: str | Scripted = QUERIES) -> Any:
    """A model that rewrites as told and quotes what it is sent."""

    def answer(body: dict[str, Any]) -> str | Scripted:
        if body["messages"][0]["content"].startswith("You turn a question"):
            return Scripted(reply, reasoning=0) if isinstance(reply, str) else reply
        text = body["messages"][-1]["content"]
        held = [
            f'"{fact}" [D1 p. {at}]' for fact, at in ((DAMAGES, 61), (GARDEN, 33)) if fact in text
        ]
        return " and ".join(held) or "The pages do not say."

    return answer


def ask(server: KimiServer, question: str = QUESTION, **options: Any) -> Answer:
    options = {"strategy": "chunks", "rewrite": True, **options}
    return client_at(server, home=None).ask(question, [contract()], **options)


# What is searched for ----------------------------------------------------------------------------


def test_both_halves_of_a_question_are_found_in_the_documents_words(server: KimiServer) -> None:
    server.answer = rewrites()

    plain, rewritten = ask(server, rewrite=False), ask(server)

    assert plain.text == "The pages do not say."
    assert [(each.page, each.status) for each in rewritten.citations] == [
        (61, "verified"),
        (33, "verified"),
    ]


def test_each_search_has_its_share_of_a_small_budget() -> None:
    index = Index.build([(1, contract())], COUNTER)
    questions = (QUESTION, "liquidated damages day delay", "upkeep of the grounds")

    order = together([index.rank(each) for each in questions])

    first = [chunk.text for chunk, _ in zip(order, range(8), strict=False)]
    assert any(DAMAGES in text for text in first)
    assert any(GARDEN in text for text in first)
    assert len(order) == len(index)


def test_a_search_whose_words_stand_nowhere_has_no_say() -> None:
    index = Index.build([(1, contract())], COUNTER)
    one, none = index.rank("liquidated damages"), index.rank("xylophone quartz")

    assert together([none, one]).order.tolist() == one.order.tolist()
    assert not together([none]).matched


@pytest.mark.parametrize(
    ("reply", "queries"),
    [
        ("- one thing\n- another", ("one thing", "another")),
        ("Searches:\n\n1. one thing\n2) another\n", ("one thing", "another")),
        ("• 违约金 每日\n• 维护费用", ("违约金 每日", "维护费用")),
        ("- a b\n- a b\n- Why?\n", ("a b",)),
        ("- 1\n- 2\n- 3\n- 4\n- 5", ("1", "2", "3", "4")),
        ("It costs 1,250 euros [D1 p. 61].", ()),
        ('{"queries": ["one"]}', ()),
        ("- " + "very " * 80 + "long", ()),
        ("", ()),
    ],
    ids=["list", "numbered", "chinese", "twice", "five", "answer", "json", "long", "empty"],
)
def test_a_reply_is_read_as_a_list_or_not_at_all(reply: str, queries: tuple[str, ...]) -> None:
    assert queries_in(reply, "Why?") == queries


# What the model is shown -------------------------------------------------------------------------


def test_the_call_is_small_and_shows_the_documents_words(server: KimiServer) -> None:
    server.answer = rewrites()

    ask(server)

    body = server.chats[0]
    shown = body["messages"][1]["content"]
    assert server.bill[0].prompt_tokens < 1_500
    assert body["reasoning_effort"] == "low"
    assert "<headings>\nD1 contract:" in shown
    assert "<passages>\nMatter " in shown
    assert shown.endswith(f"Question: {QUESTION}")


def test_the_lowest_effort_rewrites_and_the_chosen_one_answers(server: KimiServer) -> None:
    server.answer = rewrites()

    ask(server, effort="high")

    assert [body["reasoning_effort"] for body in server.chats] == ["low", "high"]


def test_a_model_that_can_leave_its_thinking_does(server: KimiServer) -> None:
    server.answer = rewrites()
    model = next(each for each in MODELS if each.id.startswith("kimi-k2.6"))
    client = client_at(server, model.id, home=None)

    client.ask(QUESTION, [contract()], strategy="chunks", rewrite=True)

    first, second = server.chats
    assert first["thinking"] == {"type": "disabled"}
    assert first["max_completion_tokens"] == 512
    assert "thinking" not in second


def test_it_is_told_what_was_asked_before(server: KimiServer) -> None:
    server.answer = rewrites()
    talk = client_at(server, home=None).conversation([contract()])
    talk.ask("Who is the gardener of Eastwick?", strategy="chunks")

    talk.ask("And who pays?", strategy="chunks", rewrite=True)

    shown = server.chats[1]["messages"][1]["content"]
    assert "<before>\nWho is the gardener of Eastwick?\n</before>" in shown


def test_placeholders_go_out_and_searches_are_covered_again(server: KimiServer) -> None:
    texts = [FILLER.format(n) * 20 for n in range(1, 81)]
    texts[60] += "Notices go to eva.lind@example.com in writing, at once."
    document = kimiqa.Document.from_pages(texts, name="contract")

    def told(body: dict[str, Any]) -> Scripted:
        """Numbers of placeholders go on from other documents of this process."""
        place = re.search(r"\[EMAIL-\d+\]", json.dumps(body["messages"]))
        return Scripted(f"- notices in writing to {place[0] if place else '?'}", reasoning=0)

    server.answer = told

    answer = client_at(server, home=None).ask(
        "Where do letters to eva.lind@example.com go?",
        [document],
        strategy="chunks",
        rewrite=True,
        private=True,
    )

    assert "eva.lind" not in "".join(sent(server, n) for n in range(len(server.chats)))
    assert answer.plan is not None
    assert 61 in [chunk.page for chunk in answer.plan.chunks]
    assert answer.text == "- notices in writing to eva.lind@example.com"


# What it costs -----------------------------------------------------------------------------------


def test_the_plan_holds_the_call_and_bounds_the_answer() -> None:
    client = kimiqa.Client("kimi-k3")
    plain = client.plan(QUESTION, [contract()], strategy="chunks")

    plan = client.plan(QUESTION, [contract()], strategy="chunks", rewrite=True)

    rewrite, answer = plan.stages
    assert (rewrite.name, answer.name) == ("rewrite", "answer")
    assert len(rewrite.requests) == 1
    assert answer.bounds is not None
    assert answer.bounds.max_calls == 1
    assert answer.bounds.max_prompt_tokens >= plain.estimate.prompt_tokens
    assert answer.bounds.max_prompt_tokens < plain.estimate.prompt_tokens * 1.15
    assert plan.chunks == ()
    assert plan.estimate.cost.ceiling is not None
    assert plain.estimate.cost.ceiling is not None
    assert plan.estimate.cost.ceiling > plain.estimate.cost.ceiling


def test_what_is_booked_is_the_servers_bill_and_under_the_ceiling(server: KimiServer) -> None:
    server.answer = rewrites()
    client = client_at(server, home=None)
    plan = client.plan(QUESTION, [contract()], strategy="chunks", rewrite=True)

    answer = client.run(plan)

    bounds, ceiling = plan.stages[1].bounds, plan.estimate.cost.ceiling
    assert [call.strategy for call in client.ledger.calls()] == ["chunks:answer", "chunks:rewrite"]
    assert answer.cost.amount == server.billed
    assert answer.usage is not None
    assert answer.usage.prompt_tokens == sum(row.prompt_tokens for row in server.bill)
    assert bounds is not None
    assert server.bill[1].prompt_tokens <= bounds.max_prompt_tokens
    assert ceiling is not None
    assert server.billed < ceiling


def test_its_receipts_are_summed_under_chunks(server: KimiServer) -> None:
    server.answer = rewrites()
    client = client_at(server, home=None)

    client.ask(QUESTION, [contract()], strategy="chunks", rewrite=True)

    (group,) = client.ledger.groups(by="strategy")
    assert (group.key, group.calls) == ("chunks", 2)
    assert sorted(part.name for part in group.parts) == ["answer", "rewrite"]


def test_a_cap_that_has_no_room_for_it_leaves_it_out() -> None:
    client = kimiqa.Client("kimi-k3")
    document = contract()
    least = client.plan(
        QUESTION, [document], strategy="chunks", max_completion_tokens=4_096
    ).estimate.cost.ceiling
    assert least is not None

    plan = client.plan(
        QUESTION, [document], strategy="chunks", rewrite=True, max_cost=least + Decimal("0.001")
    )

    assert [stage.name for stage in plan.stages] == ["answer"]
    assert "The question is not rewritten: the caps leave no room for that." in plan.warnings


@pytest.mark.parametrize(
    ("model", "question", "why"),
    [
        ("local", QUESTION, "the embedded endpoint has no model that could"),
        ("kimi-k3", "late " * 500, "it has more than 400 tokens"),
    ],
)
def test_it_says_why_a_question_is_not_rewritten(model: str, question: str, why: str) -> None:
    plan = kimiqa.Client(model).plan(question, [contract()], strategy="chunks", rewrite=True)

    assert [stage.name for stage in plan.stages] == ["answer"]
    assert f"The question is not rewritten: {why}." in plan.warnings


def test_nothing_is_paid_for_rewriting_where_everything_is_sent_anyway() -> None:
    document = kimiqa.Document.from_pages([DAMAGES, GARDEN], name="short")

    plan = kimiqa.Client("kimi-k3").plan(QUESTION, [document], strategy="chunks", rewrite=True)

    assert [stage.name for stage in plan.stages] == ["answer"]
    assert plan.chunks


# What comes in its way ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reply", "why"),
    [
        (Scripted("- half of", reasoning=0, finish_reason="length"), "cut off"),
        (Scripted("It costs nothing.", reasoning=0), "no list of searches"),
        (Scripted(QUERIES, reasoning=5_000), "cut off"),
    ],
    ids=["cut", "answer", "thought"],
)
def test_a_reply_of_no_use_leaves_the_question_as_it_stands(
    server: KimiServer, reply: Scripted, why: str
) -> None:
    server.answer = rewrites(reply)
    client = client_at(server, home=None)
    plain = client.plan(QUESTION, [contract()], strategy="chunks")

    answer = client.ask(QUESTION, [contract()], strategy="chunks", rewrite=True)

    assert answer.plan is not None
    assert answer.plan.chunks == plain.chunks
    assert any(each.endswith(f"the reply that should was {why}.") for each in answer.warnings)
    assert answer.cost.amount == server.billed


def test_a_call_that_is_refused_for_nothing_is_gone_without(server: KimiServer) -> None:
    server.answer = rewrites()
    server.fault("context_too_long", times=1)
    client = client_at(server, home=None)

    events = list(client.stream(QUESTION, [contract()], strategy="chunks", rewrite=True))

    steps = [each.state for each in events if isinstance(each, Step)]
    assert steps == ["running", "failed"]
    assert "".join(each.text for each in events if isinstance(each, Text))
    assert len(server.bill) == 1


def test_a_key_that_is_refused_is_not_tried_twice(server: KimiServer) -> None:
    client = kimiqa.Client("kimi-k3", base_url=server.base_url, api_key="sk-wrong", home=None)

    with pytest.raises(EndpointError):
        client.ask(QUESTION, [contract()], strategy="chunks", rewrite=True)

    assert len(server.requests) == 1


def test_its_step_tells_the_searches_and_the_answer_streams(server: KimiServer) -> None:
    server.answer = rewrites()
    client = client_at(server, home=None)

    events = list(client.stream(QUESTION, [contract()], strategy="chunks", rewrite=True))

    done = next(each for each in events if isinstance(each, Step) and each.state == "done")
    assert done.kind == "rewrite"
    assert (
        done.message == "liquidated damages for each day of delay; upkeep of the grounds borne by"
    )
    assert done.cost is not None
    assert sum(isinstance(each, Text) for each in events) > 1


# A conversation ----------------------------------------------------------------------------------


def test_the_next_turn_goes_on_from_the_evidence_that_was_sent(server: KimiServer) -> None:
    server.answer = rewrites()
    talk = client_at(server, home=None).conversation([contract()])
    first = talk.ask(QUESTION, strategy="chunks", rewrite=True)

    second = talk.plan("And then?", strategy="chunks")

    messages = second.requests[0].messages
    assert messages[:2] == server.chats[1]["messages"][:2]
    assert messages[2]["content"] == first.text
    assert first.plan is not None
    assert not set(second.chunks) & set(first.plan.chunks)


def test_the_settings_and_the_client_decide_where_a_question_does_not(home: Path) -> None:
    (home / "settings.toml").write_text("rewrite = true\n", encoding="utf-8")
    document = contract()

    def stages(client: kimiqa.Client, **options: Any) -> int:
        return len(client.plan(QUESTION, [document], strategy="chunks", **options).stages)

    assert stages(kimiqa.Client("kimi-k3")) == 2
    assert stages(kimiqa.Client("kimi-k3", rewrite=False)) == 1
    assert stages(kimiqa.Client("kimi-k3", rewrite=False), rewrite=True) == 2


def test_a_cap_holds_for_both_calls_together() -> None:
    client = kimiqa.Client("kimi-k3")

    plan = client.plan(QUESTION, [contract()], strategy="chunks", rewrite=True, max_cost="0.14")

    bounds, ceiling = plan.stages[1].bounds, plan.estimate.cost.ceiling
    assert bounds is not None
    assert 4_096 < bounds.max_completion_tokens < 16_384
    assert ceiling is not None
    assert Decimal("0.1399") < ceiling <= Decimal("0.14")


# Where it is asked for ---------------------------------------------------------------------------


def _at(server: KimiServer) -> list[str]:
    return ["--model", "kimi-k3", "--base-url", server.base_url, "--api-key", server.key or ""]


def _file(folder: Path) -> Path:
    path = folder / "contract.txt"
    path.write_text("\f".join(page.text for page in contract().pages), encoding="utf-8")
    return path


def test_the_terminal_shows_the_searches_and_one_receipt(
    server: KimiServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server.answer = rewrites()
    how = ["--strategy", "chunks", "--rewrite"]

    code = cli.run(["ask", str(_file(tmp_path)), "-q", QUESTION, *how, *_at(server)])

    said = capsys.readouterr()
    assert code == 0
    assert DAMAGES in said.out
    assert "rewrite 1 of 1: liquidated damages for each day of delay; upkeep" in said.err
    assert said.err.count("Cost $") == 1


def test_eval_rewrites_where_it_is_told_to(
    server: KimiServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server.answer = rewrites()
    (tmp_path / "set.jsonl").write_text(
        json.dumps({
            "document": _file(tmp_path).name, "question": QUESTION, "kind": "number",
            "answer": "1,250 euros", "pages": [61],
        })
    )  # fmt: skip
    run = ["eval", str(tmp_path / "set.jsonl"), "--strategy", "chunks", "--yes", "--json"]

    right = []
    for how in ([], ["--rewrite"]):
        assert cli.run([*run, *how, *_at(server)]) == 0
        (row,) = json.loads(capsys.readouterr().out)["results"]
        right.append(row["right"])

    assert right == [False, True]
    assert len(server.chats) == 3
