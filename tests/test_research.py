"""Research: tools, steps, a ceiling that holds, and answers whose quotes were checked."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx2
import openai
import pytest

import kimiqa
from kimiqa import cli
from kimiqa.errors import BadRequestError, OverCapError
from kimiqa.ledger import Budget
from kimiqa.plan import Answer, Finished, Reasoning, Started, Step
from kimiqa.research.calculating import CalculationError, calculate, quantity
from kimiqa.research.protocol import ArgumentError, arguments, written_calls
from kimiqa.research.tools import Toolbox
from kimiqa.research.wording import names, schema
from kimiqa.testing import MODELS, KimiServer, Replies, Researcher, Scripted, tool_call
from kimiqa.tokens import counter_for

QUESTION = "What liquidated damages are due for delay?"
FACT = "The supplier shall pay liquidated damages of 1,250 USD for each day of delay."
FILLER = "Matter {} is set out here in words that help nobody who asks about anything else. "
COUNTER = counter_for("kimi_k3")


def contract(pages: int = 60, at: int = 41) -> kimiqa.Document:
    texts = [FILLER.format(n) * 30 for n in range(1, pages + 1)]
    texts[at - 1] = f"{FACT} {texts[at - 1]}"
    return kimiqa.Document.from_pages(texts, name="contract")


def client(server: KimiServer, **options: Any) -> kimiqa.Client:
    options.setdefault("home", None)
    return kimiqa.Client("kimi-k3", api_key=server.key, base_url=server.base_url, **options)


def ask(server: KimiServer, document: Any = None, **options: Any) -> Answer:
    return client(server).ask(QUESTION, [document or contract()], strategy="research", **options)


def booked(asker: kimiqa.Client) -> Decimal:
    return sum((each.cost.amount for each in asker.ledger.calls() if each.cost), Decimal(0))


def toolbox(*texts: str) -> Toolbox:
    document = kimiqa.Document.from_pages(list(texts), name="report")
    return Toolbox([document], [frozenset(range(1, len(texts) + 1))], COUNTER)


def used(box: Toolbox, name: str, room: int = 4_000, **given: Any) -> tuple[str, str]:
    result = box.use(kimiqa.plan.ToolCall("1", name, json.dumps(given)), room)
    return result.state, result.text


# A run ------------------------------------------------------------------------------------------


def test_it_finds_and_cites_the_page_in_a_document_larger_than_the_window(
    server: KimiServer,
) -> None:
    server.models = [replace(each, context_length=32_768) for each in MODELS]
    server.answer = Researcher()
    document = contract(200, 151)
    asker = client(server)

    answer = asker.ask(QUESTION, [document], strategy="research", max_prompt_tokens=20_000)

    assert sum(document.block_tokens(COUNTER)) > 60_000
    assert [(each.page, each.status) for each in answer.citations] == [(151, "verified")]
    assert FACT in answer.text
    assert answer.complete
    assert max(row.prompt_tokens for row in server.bill) < 20_000


def test_what_is_booked_is_the_servers_bill(server: KimiServer) -> None:
    server.answer = Researcher(looks=3)
    asker = client(server)

    answer = asker.ask(QUESTION, [contract()], strategy="research")

    calls = asker.ledger.calls()
    assert len(calls) == len(server.bill) == 5
    assert {each.state for each in calls} == {"settled"}
    assert booked(asker) == server.billed == answer.cost.amount
    assert answer.usage is not None
    assert answer.usage.prompt_tokens == sum(row.prompt_tokens for row in server.bill)


def test_the_prompt_only_grows_and_reasoning_is_replayed(server: KimiServer) -> None:
    server.answer = Researcher(looks=2)

    ask(server)

    for before, after in zip(server.chats, server.chats[1:], strict=False):
        assert after["messages"][: len(before["messages"])] == before["messages"]
        assert after["tools"] == before["tools"]
        assert after["messages"][len(before["messages"])]["reasoning_content"]
    assert server.bill[-1].cached_tokens > server.bill[-1].prompt_tokens // 2


def test_reasoning_goes_back_under_the_name_it_came_by(server: KimiServer) -> None:
    server.reasoning_field = "reasoning"
    server.models = [replace(each, thinking="optional") for each in MODELS]
    server.answer = Researcher()

    ask(server)

    said = [each for each in server.chats[-1]["messages"] if each["role"] == "assistant"]
    assert all(each["reasoning"] and "reasoning_content" not in each for each in said)


def test_tools_of_one_reply_run_and_come_back_together_in_their_order(server: KimiServer) -> None:
    calls = [
        tool_call("search", {"queries": ["liquidated damages"]}, 1),
        tool_call("read_pages", {"document": "D1", "pages": "41"}, 2),
        tool_call("calculate", {"expression": "2 + 2", "operands": []}, 3),
    ]
    server.answer = Replies([Scripted(tool_calls=calls), f'"{FACT}" [D1 p. 41]'])

    answer = ask(server)

    results = [each for each in server.chats[1]["messages"] if each["role"] == "tool"]
    assert [each["tool_call_id"] for each in results] == [call["id"] for call in calls]
    assert "2 + 2 = 4" in results[2]["content"]
    assert answer.citations[0].status == "verified"


def test_the_trace_tells_every_call_and_tool_with_its_cost(server: KimiServer) -> None:
    server.answer = Researcher()

    events = list(client(server).stream(QUESTION, [contract()], strategy="research"))

    done = [each for each in events if isinstance(each, Step) and each.state == "done"]
    kinds = [each.kind for each in done]
    assert kinds == ["think", "search", "outline", "think", "read", "think"]
    assert QUESTION in done[1].message
    assert "D1 p. " in done[1].message
    assert done[4].message == "D1 p. 41"
    spent = sum((each.cost.amount or 0 for each in done if each.cost), Decimal(0))
    assert spent == server.billed
    assert isinstance(events[0], Started)
    assert isinstance(events[-1], Finished)
    assert any(isinstance(each, Reasoning) for each in events)


def test_coverage_is_what_was_looked_at(server: KimiServer) -> None:
    server.answer = Researcher()

    covered = ask(server).coverage

    (left,) = covered.left_out
    assert left.reason == "not_chosen"
    assert 41 not in left.pages
    assert covered.sent + len(left.pages) == covered.pages == 60


def test_pages_that_were_not_asked_about_cannot_be_read(server: KimiServer) -> None:
    server.answer = Replies(
        [
            Scripted(tool_calls=[tool_call("read_pages", {"document": "D1", "pages": "40-41"})]),
            "So.",
        ]
    )

    answer = ask(server, pages="1-40", max_steps=4)

    result = next(m for m in server.chats[1]["messages"] if m["role"] == "tool")["content"]
    assert FACT not in result
    assert "Without text: p. 41" in result
    assert answer.coverage.sent == 1


def test_the_terminal_prints_the_trace_beside_the_answer(
    server: KimiServer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server.answer = Researcher(looks=9)
    file = tmp_path / "terms.txt"
    file.write_text(FACT, encoding="utf-8")
    at = ["--base-url", server.base_url, "--api-key", str(server.key), "--model", "kimi-k3"]
    how = ["--strategy", "research", "--max-steps", "3"]

    code = cli.run(["ask", str(file), "-q", QUESTION, *at, *how])

    said = capsys.readouterr()
    assert code == 0
    assert FACT in said.out
    assert "search 1: " in said.err
    assert "think 2 of 3 · $" in said.err
    assert "All 3 steps but this one are used." in said.err


# Budgets ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("cap", ["0.20", "0.35", "0.60"])
def test_the_ceiling_holds_and_the_best_answer_so_far_is_given(
    server: KimiServer, cap: str
) -> None:
    server.answer = Researcher(looks=90)

    answer = ask(server, max_cost=cap)

    assert server.billed <= Decimal(cap)
    assert answer.estimate.cost.ceiling == Decimal(cap)
    assert "budget of this question is used up" in " ".join(answer.warnings)
    assert server.chats[-1]["tool_choice"] == "none"
    assert [each.page for each in answer.citations] == [41]


def test_steps_are_a_hard_limit(server: KimiServer) -> None:
    server.answer = Researcher(looks=90)

    answer = ask(server, max_steps=4)

    assert len(server.bill) == 4
    assert "All 4 steps but this one are used." in " ".join(answer.warnings)
    assert answer.complete


def test_many_calls_with_many_tools_stay_counted(server: KimiServer) -> None:
    sums = [
        tool_call("calculate", {"expression": f"{n} * 2", "operands": []}, n) for n in (1, 2, 3)
    ]
    last = '"liquidated damages of 1,250 USD for each day" [D1 p. 41]'
    server.answer = lambda body: (
        last if body.get("tool_choice") == "none" else Scripted(tool_calls=sums)
    )

    answer = ask(server, max_steps=45, max_cost="8")

    assert len(server.bill) == 45
    assert answer.cost.amount == server.billed
    assert answer.warnings == (answer.warnings[-1],), "no count was off"


def test_a_model_that_never_answers_leaves_its_notes(server: KimiServer) -> None:
    note = tool_call("note", {"finding": f'Damages: "{FACT}" [D1 p. 41]'})
    server.answer = lambda body: Scripted(tool_calls=[note], finish_reason="tool_calls")

    answer = ask(server, max_steps=3)

    assert len(server.bill) == 3
    assert FACT in answer.text
    assert not answer.complete
    assert answer.citations[0].status == "verified"


def test_below_one_look_and_an_answer_it_is_refused_with_the_numbers(server: KimiServer) -> None:
    with pytest.raises(OverCapError, match="one look into the documents and an answer"):
        ask(server, max_cost="0.02")

    assert server.chats == []


@pytest.mark.parametrize("steps", [0, 1, 301, "4", True])
def test_a_number_of_steps_that_cannot_be_is_refused(server: KimiServer, steps: Any) -> None:
    with pytest.raises(BadRequestError, match="2 to 300"):
        ask(server, max_steps=steps)


def test_the_estimate_learns_from_runs_and_stays_under_its_ceiling(server: KimiServer) -> None:
    server.answer = Researcher()
    asker, document = client(server), contract()
    before = asker.estimate(QUESTION, [document], strategy="research")

    for _ in range(4):
        asker.ask(QUESTION, [document], strategy="research")
    after = asker.estimate(QUESTION, [document], strategy="research")

    assert before.cost.high is not None
    assert after.cost.high is not None
    assert after.cost.high < before.cost.high <= (before.cost.ceiling or 0)
    assert after.completion_tokens.low <= 1_500


def test_stopped_midway_what_was_spent_is_booked_and_the_rest_given_back(
    server: KimiServer,
) -> None:
    server.answer = Researcher(looks=20)
    asker = client(server, budget=Budget(question=Decimal("2.00"), day=Decimal("5.00")))
    stream = asker.stream(QUESTION, [contract()], strategy="research")

    for event in stream:
        if isinstance(event, Step) and (event.kind, event.number) == ("search", 2):
            break
    stream.close()

    assert booked(asker) == server.billed > 0
    assert asker.ledger.spent("day") == server.billed


# Where a later call fails ------------------------------------------------------------------------


def failing_after_an_answer(meanwhile: Callable[[], object]) -> Replies:
    """A model whose first answer has a wrong quote; while it writes that, something happens."""
    researcher = Researcher(looks=0)

    def wrong(_: object) -> str:
        meanwhile()
        return f'Damages are due: "{FACT}" [D1 p. 41]; "no page has ever said so" [D1 p. 2].'

    return Replies([researcher, wrong, researcher])


def test_the_answer_is_kept_where_the_ledger_takes_no_further_call(
    server: KimiServer, home: Path
) -> None:
    def broken() -> None:
        with closing(sqlite3.connect(home / "ledger.db")) as database:
            database.execute("ALTER TABLE calls RENAME TO gone")

    server.answer = failing_after_an_answer(broken)

    answer = client(server, home=home).ask(QUESTION, [contract()], strategy="research")

    assert len(server.chats) == 2
    assert FACT in answer.text
    assert answer.cost.amount == server.billed
    assert any("A call failed: The ledger" in each for each in answer.warnings)


def test_the_answer_is_kept_where_what_was_reserved_does_not_suffice(
    server: KimiServer, home: Path
) -> None:
    def drained() -> None:
        with closing(sqlite3.connect(home / "ledger.db")) as database, database:
            database.execute("UPDATE reservations SET spare = '0.000001'")

    server.answer = failing_after_an_answer(drained)
    asker = client(server, home=home, budget=Budget(question=Decimal("0.40")))

    answer = asker.ask(QUESTION, [contract()], strategy="research")

    assert len(server.chats) == 2
    assert FACT in answer.text
    assert any("The next call may cost up to" in each for each in answer.warnings)
    assert answer.state == "settled"


class Silent(httpx2.AsyncBaseTransport):
    """The network, until a call: its reply begins, and then nothing more comes."""

    def __init__(self, call: int) -> None:
        self.left = call
        self.network = httpx2.AsyncHTTPTransport()

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        self.left -= 1
        if self.left:
            return await self.network.handle_async_request(request)

        async def nothing() -> AsyncIterator[bytes]:
            raise httpx2.ReadTimeout("nothing came", request=request)
            yield b""

        return httpx2.Response(200, content=nothing(), request=request)


def test_the_answer_is_kept_where_a_later_call_passes_its_deadline(server: KimiServer) -> None:
    server.answer = failing_after_an_answer(lambda: None)
    own = openai.AsyncOpenAI(
        api_key=server.key,
        base_url=server.base_url,
        http_client=httpx2.AsyncClient(transport=Silent(call=3)),
    )
    asker = kimiqa.Client("kimi-k3", openai_client=own, home=None)

    answer = asker.ask(QUESTION, [contract()], strategy="research")

    assert FACT in answer.text
    assert answer.cost.amount == server.billed
    assert any("A call failed: " in each and "sent nothing" in each for each in answer.warnings)
    assert answer.state == "estimated"


def test_notes_are_kept_where_a_later_call_fails(server: KimiServer) -> None:
    note = Scripted(tool_calls=[tool_call("note", {"finding": f'Damages: "{FACT}" [D1 p. 41]'})])

    def failing(_: object) -> Scripted:
        server.fault("server_error_500")
        return note

    server.answer = failing

    answer = ask(server)

    assert FACT in answer.text
    assert not answer.complete
    assert any("A call failed: " in each for each in answer.warnings)


# Quotes are checked -----------------------------------------------------------------------------


def test_a_quote_that_stands_nowhere_is_shown_and_corrected_once(server: KimiServer) -> None:
    server.answer = Researcher(wrong=True)

    answer = ask(server)

    told = server.chats[-1]["messages"][-1]
    assert told["role"] == "user"
    assert "words that no page of it has ever held" in told["content"]
    assert [each.status for each in answer.citations] == ["verified"]


def test_an_answer_that_stays_wrong_is_given_as_such(server: KimiServer) -> None:
    read = Scripted(tool_calls=[tool_call("read_pages", {"document": "D1", "pages": "1"})])
    server.answer = Replies([read, 'It says "what no page has ever said" [D1 p. 1].'])

    answer = ask(server)

    assert len(server.bill) == 3
    assert [each.status for each in answer.citations] == ["unverified"]


def test_the_answer_may_come_by_its_tool(server: KimiServer) -> None:
    read = tool_call("read_pages", {"document": "D1", "pages": "41"})
    given = tool_call("answer", {"text": f'It is "{FACT}" [D1 p. 41].'})
    server.answer = Replies([Scripted(tool_calls=[read]), Scripted(tool_calls=[given])])

    answer = ask(server)

    assert answer.text.startswith("It is")
    assert answer.finish_reason == "stop"
    assert answer.citations[0].status == "verified"


def test_an_answer_from_memory_is_sent_back_to_the_documents(server: KimiServer) -> None:
    first = Scripted(tool_calls=[tool_call("outline", {})])
    server.answer = Replies([first, "It is 5 USD, I believe.", Researcher(looks=0), Researcher()])

    ask(server, max_steps=6)

    assert "not looked at any page yet" in server.chats[2]["messages"][-1]["content"]


# Models without tools, private questions --------------------------------------------------------


def test_a_model_without_tools_calls_them_in_writing(server: KimiServer) -> None:
    server.models = [replace(each, tools=False) for each in MODELS]
    server.answer = Researcher()
    asker = client(server)

    answer = asker.ask(QUESTION, [contract()], strategy="research")

    assert [each.page for each in answer.citations] == [41]
    assert all("tools" not in body for body in server.chats[1:])
    assert '<result tool="search">' in server.chats[2]["messages"][-1]["content"]
    assert booked(asker) == server.billed
    assert [each.state for each in asker.ledger.calls()].count("released") == 1


def test_in_private_no_request_of_the_run_holds_what_is_covered(server: KimiServer) -> None:
    mail = "anna.schmidt@example.org"
    document = kimiqa.Document.from_pages(
        [FILLER.format(1) * 20, f"Notices of delay go to {mail} within two working days at most."],
        name="notices",
    )
    server.answer = Researcher(looks=2)

    answer = client(server).ask(
        f"Do notices of delay go to {mail}?", [document], strategy="research", private=True
    )

    assert mail not in json.dumps(server.chats)
    assert mail in answer.text
    assert [each.status for each in answer.citations] == ["verified"]


# Tools ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "written", "said"),
    [
        ("search", "{", "no JSON object"),
        ("search", "[]", "arguments has to be an object"),
        ("search", "{}", "lacks queries"),
        ("search", '{"queries": "words"}', "queries has to be an array"),
        ("search", '{"queries": []}', "has to hold 1 to 8"),
        ("search", '{"queries": [1]}', "queries[0] has to be a string"),
        ("read_pages", '{"document": "D1", "pages": "1", "all": true}', "has no all"),
        ("read_pages", '{"document": "D1", "pages": "1", "part": 0}', "at least 1"),
        ("read_pages", '{"document": "D9", "pages": "1"}', "There is no document 'D9'"),
        ("read_pages", '{"document": "D1", "pages": "7"}', "page 7 is not one of them"),
        ("fly", "{}", "There is no tool 'fly'; there are outline, search"),
        ("calculate", '{"expression": "a", "operands": []}', "'a' is no operand"),
    ],
)
def test_wrong_arguments_come_back_as_a_sentence(name: str, written: str, said: str) -> None:
    result = toolbox("one", "two").use(kimiqa.plan.ToolCall("1", name, written), 2_000)

    assert result.state == "failed"
    assert said in result.text


@pytest.mark.parametrize("name", names())
def test_every_tool_names_what_it_requires(name: str) -> None:
    shape = schema(name)

    assert set(shape["required"]) <= set(shape["properties"])
    if shape["required"]:
        with pytest.raises(ArgumentError, match="lacks"):
            arguments("{}", shape)


def test_results_stay_within_their_room() -> None:
    box = toolbox(*[FILLER.format(n) * 60 for n in range(40)])

    for name, given in (
        ("search", {"queries": ["matter words", "nobody asks", "helps"]}),
        ("read_pages", {"document": "D1", "pages": "1-40"}),
        ("outline", {}),
    ):
        _, text = used(box, name, room=1_500, **given)
        assert COUNTER.count(text) <= 1_500, name


def test_a_page_longer_than_the_room_is_read_in_parts_that_hold_all_of_it() -> None:
    text = " ".join(f"Clause {n} says that item {n} is due." for n in range(600))
    box = toolbox(text)

    parts = []
    while True:
        state, said = used(box, "read_pages", 1_500, document="D1", pages="1", part=len(parts) + 1)
        if state == "failed":
            break
        assert COUNTER.count(said) <= 1_500
        parts.append(said)

    assert len(parts) > 3
    assert all(f"item {n} is due" in "".join(parts) for n in range(600))


def test_a_notes_quotes_are_checked_at_once() -> None:
    box = toolbox("The lease shall terminate on 1 May of each year.", "Nothing.")

    _, text = used(
        box, "note", finding='"shall terminate on 1 May" [D1 p. 2]; "on 9 May 99" [D1 p. 1]'
    )

    assert "stands on p. 1 instead" in text
    assert "not found there" in text


@pytest.mark.parametrize(
    ("expression", "given", "result"),
    [
        ("0.1 + 0.2", {}, "0.3"),
        ("(a - b) / b * 100", {"a": ("1,320.5", ""), "b": ("1,200", "")}, "10.0416666666667"),
        ("a * 12%", {"a": ("2,000", "USD")}, "240 USD"),
        ("a - b", {"a": ("(3.5)", "USD million"), "b": ("1", "USD million")}, "-4.5 USD million"),
        ("a / b", {"a": ("10", "USD"), "b": ("4", "share")}, "2.5 USD/share"),
        ("round(average(1, 2, 2), 2)", {}, "1.67"),
        ("2 ** 100", {}, "1,267,650,600,228,229,401,496,703,205,376"),
        ("a + 1", {"a": ("7 %", "")}, "1.07"),
    ],
)
def test_arithmetic_is_exact_and_keeps_units(
    expression: str, given: dict[str, tuple[str, str]], result: str
) -> None:
    operands = {name: quantity(*written) for name, written in given.items()}

    assert calculate(expression, operands).text == result


@pytest.mark.parametrize(
    ("expression", "said"),
    [
        ("1 / 0", "divides by zero"),
        ("9 ** 9 ** 9", "power"),
        ("10.0 ** 100 ** 2", "power"),
        ("a + b", "same unit"),
        ("__import__('os')", "Only numbers"),
        ("(1).real", "Only numbers"),
        ("[1][0]", "Only numbers"),
        ("1 +", "no arithmetic"),
        ("(" * 300 + ")" * 300, "no arithmetic|longer"),
        ("c", "no operand"),
        ("sum()", "without numbers"),
    ],
)
def test_what_is_no_arithmetic_is_refused_in_words(expression: str, said: str) -> None:
    names = {"a": quantity("1", "USD"), "b": quantity("1", "EUR")}

    with pytest.raises(CalculationError, match=said):
        calculate(expression, names)


def test_operands_are_cited_and_held_against_their_page() -> None:
    box = toolbox("Revenue was 1,320 USD million.", "Revenue was 1,200 USD million.")
    operands = [
        {"name": "a", "value": "1,320", "unit": "USD million", "source": "[D1 p. 1]"},
        {"name": "b", "value": "1,201", "unit": "USD million", "source": "[D1 p. 2]"},
    ]

    _, text = used(box, "calculate", expression="a - b", operands=operands)

    assert text.startswith("a - b = 119 USD million")
    assert "a = 1,320 USD million [D1 p. 1]\n" in text
    assert "does not stand on that page" in text.splitlines()[-1]
    lost = [{**operands[0], "source": "[D1 p. 9]"}]
    assert used(box, "calculate", expression="a", operands=lost)[0] == "failed"


@pytest.mark.parametrize(
    ("text", "called"),
    [
        ('```json\n{"tool": "search", "arguments": {"queries": ["a"]}}\n```', ["search"]),
        (
            'I look.\n```\n{"tool": "outline"}\n```\n```json\n{"tool": "note"}\n```',
            ["outline", "note"],
        ),
        ('{"tool": "outline", "arguments": {}}\n{"tool": "search"}', ["outline", "search"]),
        ('[{"tool": "outline"}]', ["outline"]),
        ('It ends "on 1 May" [D1 p. 2].', []),
        ('```json\n{"no": "tool"}\n```', []),
        ("```json\n{broken\n```", []),
    ],
)
def test_calls_in_writing_are_found(text: str, called: list[str]) -> None:
    assert [each.name for each in written_calls(text)] == called
