"""The client: its events, its answers, its ways to an endpoint, and what it refuses."""

from __future__ import annotations

import io
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import openai
import pytest
from asking import QUESTION, client_at, guard_network, lease, report, sample, sent
from pdfs import make_image_pdf, make_pdf

import kimiqa
from kimiqa import Client, Document, cost_of
from kimiqa.errors import (
    BadRequestError,
    FileNotFoundError,
    KimiqaError,
    NoKeyError,
    NoTextError,
)
from kimiqa.plan import Cited, Finished, Reasoning, Started, Text
from kimiqa.testing import KimiServer

ANSWER = 'It ends on "30 April 2030" [D1 p. 1], and not on "31 May 2031" [D1 p. 1] [D1 p. 9].'


# Events and answers -----------------------------------------------------------------------------


def test_a_stream_starts_thinks_says_cites_and_finishes(server: KimiServer) -> None:
    server.answer, server.reasoning = ANSWER, 40
    kinds = [type(event) for event in client_at(server).stream(QUESTION, [lease()])]

    in_order = [kind for n, kind in enumerate(kinds) if n == 0 or kinds[n - 1] is not kind]
    assert in_order[:3] == [Started, Reasoning, Text]
    assert set(kinds[2:-1]) == {Reasoning, Text, Cited}
    assert kinds[-1] is Finished
    assert kinds.count(Started) == kinds.count(Finished) == 1


def test_the_pieces_are_the_answer(server: KimiServer) -> None:
    events = list(client_at(server).stream(QUESTION, [lease(), report(9)]))

    (answer,) = (event.answer for event in events if isinstance(event, Finished))
    assert "".join(event.text for event in events if isinstance(event, Text)) == answer.text
    thoughts = "".join(event.text for event in events if isinstance(event, Reasoning))
    assert thoughts == answer.reasoning != ""
    cited = tuple(event.citation for event in events if isinstance(event, Cited))
    assert cited == answer.citations != ()


def test_citations_are_checked_as_they_come(server: KimiServer) -> None:
    server.answer = ANSWER

    answer = client_at(server).ask(QUESTION, [lease()])

    assert [(each.page, each.status) for each in answer.citations] == [
        (1, "verified"),
        (1, "unverified"),
        (9, "invalid"),
    ]
    assert list(answer.citations) == kimiqa.check_citations(answer.text, [lease()])


def test_an_answer_says_what_it_saw_used_cost_and_was_quoted(server: KimiServer) -> None:
    client = client_at(server)
    plan = client.plan(QUESTION, [report()])

    answer = client.run(plan)

    assert answer.coverage == plan.coverage
    assert answer.estimate == plan.estimate
    assert (answer.strategy, answer.model) == ("chunks", "kimi-k3")
    assert answer.cost.amount == server.billed
    assert answer.usage is not None
    assert answer.usage.prompt_tokens == server.bill[0].prompt_tokens
    assert (answer.finish_reason, answer.complete, answer.warnings) == ("stop", True, ())
    assert answer.question == QUESTION
    assert client.ledger.call(answer.id) is not None


def test_a_stream_that_nobody_reads_sends_nothing(server: KimiServer) -> None:
    client = client_at(server)

    with closing(client.stream(QUESTION, [lease()])):  # type: ignore[type-var]
        pass

    assert server.chats == []
    assert client.ledger.calls() == []


def test_documents_are_taken_opened_by_path_and_as_bytes(
    server: KimiServer, tmp_path: Path
) -> None:
    file = tmp_path / "a.txt"
    file.write_text("The lease ends in May.", encoding="utf-8")
    client = client_at(server)

    for documents in (str(file), file, [file], lease(), [lease(), str(file)], make_pdf(["One."])):
        client.ask(QUESTION, documents)

    assert len(server.bill) == 6
    assert 'name=\\"a.txt\\"' in sent(server, 0)


def test_the_order_of_documents_numbers_them(server: KimiServer) -> None:
    client = client_at(server)

    client.ask(QUESTION, [report(3), lease()], strategy="full")

    content = server.chats[0]["messages"][1]["content"]
    assert content.index('id="D1" name="report.txt"') < content.index('id="D2" name="lease.txt"')


def test_a_pdf_is_asked_from_end_to_end(server: KimiServer) -> None:
    answer = client_at(server).ask(
        "Which directory holds configuration files?", [sample("fhs-3.0.pdf")], strategy="full"
    )

    assert answer.complete
    assert {each.status for each in answer.citations} == {"verified"}


def test_a_client_may_be_closed_and_asked_again(server: KimiServer) -> None:
    with client_at(server) as client:
        client.ask(QUESTION, [lease()])
    client.close()

    assert client.ask(QUESTION, [lease()]).complete


# Ways to an endpoint ----------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [openai.OpenAI, openai.AsyncOpenAI])
def test_a_callers_own_openai_client_is_asked_and_booked(kind: type, server: KimiServer) -> None:
    own = kind(api_key=server.key, base_url=server.base_url)
    client = Client("kimi-k3", openai_client=own)

    plan = client.plan(QUESTION, [lease()])
    answer = client.run(plan)

    assert plan.endpoint == server.base_url
    assert answer.cost.amount == server.billed > 0
    assert len(server.chats) == 1


def test_what_is_no_openai_client_is_refused(server: KimiServer) -> None:
    with pytest.raises(KimiqaError, match="openai_client"):
        Client("kimi-k3", openai_client="https://example.com").ask(QUESTION, [lease()])


def test_the_environment_names_an_endpoint(
    server: KimiServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KIMIQA_API_KEY", server.key or "")
    monkeypatch.setenv("KIMIQA_BASE_URL", server.base_url)

    client = Client()

    assert client.model == "kimi-k3"
    assert client.ask(QUESTION, [lease()]).cost.amount == server.billed


def test_a_named_model_without_a_key_is_priced_and_not_asked() -> None:
    client = Client("kimi-k3")
    plan = client.plan(QUESTION, [lease()])
    assert plan.estimate.cost.expected is not None

    with pytest.raises(NoKeyError) as caught:
        client.run(plan)

    assert "MOONSHOT_API_KEY" in caught.value.hint
    assert client.ledger.calls() == []


def test_a_plan_of_another_client_is_not_run(server: KimiServer) -> None:
    plan = Client("kimi-k3").plan(QUESTION, [lease()])

    with pytest.raises(BadRequestError, match=r"was priced for kimi-k3 at https://api\.moonshot"):
        client_at(server).run(plan)

    assert server.chats == []


def test_the_settings_name_model_and_effort(server: KimiServer, home: Path) -> None:
    home.mkdir(exist_ok=True)
    rows = f'model = "kimi-k2.6"\neffort = "high"\nbase_url = "{server.base_url}"\n'
    (home / "settings.toml").write_text(rows, encoding="utf-8")

    default = Client().plan(QUESTION, [lease()])
    other = Client("kimi-k3").plan(QUESTION, [lease()])

    assert (default.model, default.effort) == ("kimi-k2.6", None)
    assert (other.model, other.effort, other.endpoint) == ("kimi-k3", "high", server.base_url)


def test_the_settings_name_the_deadline(server: KimiServer, home: Path) -> None:
    home.mkdir(exist_ok=True)
    (home / "settings.toml").write_text("deadline = 1\n", encoding="utf-8")
    server.fault("stall", seconds=60)

    with pytest.raises(KimiqaError, match="longer than its 1 seconds"):
        client_at(server).ask(QUESTION, [lease()])


# The embedded endpoint --------------------------------------------------------------------------


def test_without_a_key_quotes_come_for_nothing_and_say_so() -> None:
    answer = Client().ask("When does the lease of Eastwick end?", [lease(), report(20)])

    assert "no language model was asked" in answer.text
    assert answer.model == "local"
    assert answer.cost.amount == 0
    assert answer.citations
    assert {each.status for each in answer.citations} == {"verified"}
    assert (answer.finish_reason, answer.state, answer.warnings) == ("stop", "settled", ())


def test_quotes_come_from_a_real_document() -> None:
    answer = Client().ask("哪个软件包用于备份？", [sample("debian-reference.zh-cn.pdf")])

    assert "没有询问任何语言模型" in answer.text
    assert {each.status for each in answer.citations} == {"verified"}


def test_kimis_priced_ways_stand_before_the_free_one() -> None:
    ways = Client().ways(QUESTION, [report()])

    assert [(way.model, way.strategy) for way in ways] == [
        ("kimi-k3", "chunks"),
        ("kimi-k3", "full"),
        ("kimi-k3", "swarm"),
        ("kimi-k3", "digest"),
        ("kimi-k3", "research"),
        ("local", "full"),
    ]
    assert [way.fits for way in ways] == [True] * 6
    kimi, *_, local = (way.estimate.cost for way in ways)
    assert kimi.expected is not None
    assert kimi.expected > 0
    assert (local.expected, local.ceiling, local.price_basis) == (0, 0, "embedded")


@pytest.mark.parametrize("strategy", ["full", "chunks", "auto"])
def test_the_embedded_endpoint_is_asked_every_way_and_reaches_nothing(
    strategy: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = Client("local")
    client.ask("Warm up.", [lease()])  # the engine's own loop is made here
    attempts = guard_network(monkeypatch)

    answer = client.ask(QUESTION, [report()], strategy=strategy)

    assert answer.citations
    assert attempts == []


def test_a_conversation_with_the_embedded_endpoint_goes_on() -> None:
    talk = Client().conversation([lease()])

    talk.ask("When does the lease end?")
    second = talk.ask("What is the rent of Eastwick?")

    assert "3,850 euros" in second.text


# Nothing on disk --------------------------------------------------------------------------------


def test_without_a_home_nothing_is_written(
    server: KimiServer, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "file.pdf"
    file.write_bytes(make_pdf(["The lease ends in May."]))
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    for name in ("HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(elsewhere))
    monkeypatch.setenv("KIMIQA_HOME", str(home))

    client = client_at(server, home=None)
    talk = client.conversation([Document.open(file, home=None)])
    talk.ask("When?")
    client.ask("When?", [file])

    assert list(elsewhere.rglob("*")) == []
    assert list(home.rglob("*")) == []
    assert len(client.ledger.calls()) == 2


def test_a_home_of_ones_own_holds_everything(server: KimiServer, tmp_path: Path) -> None:
    own = tmp_path / "own"

    file = tmp_path / "a.txt"
    file.write_text("The lease ends in May.", encoding="utf-8")

    client_at(server, home=own).ask("When?", [file])

    assert (own / "ledger.db").is_file()
    assert (own / "documents").is_dir()


# Refusals ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"strategy": "guess"}, "no strategy 'guess'"),
        ({"effort": "heroic"}, "no effort 'heroic'"),
        ({"pages": "9"}, "D1 has pages 1 to 3"),
        ({"max_cost": 0.25}, "not 0.25"),
        ({"max_cost": "much"}, "'much' is not an amount"),
        ({"max_prompt_tokens": 0}, "limit of tokens"),
        ({"max_completion_tokens": -1}, "limit of tokens"),
        ({"chunk_tokens": "100"}, "limit of tokens"),
    ],
)
def test_a_question_that_cannot_be_meant_is_refused_and_nothing_is_sent(
    options: dict[str, Any], message: str, server: KimiServer
) -> None:
    client = client_at(server)

    with pytest.raises(BadRequestError, match=message) as caught:
        client.ask(QUESTION, [lease()], **options)

    assert caught.value.hint
    assert server.chats == []
    assert client.ledger.calls() == []


@pytest.mark.parametrize("question", ["", "  \n\t", None, 7])
def test_an_empty_question_is_refused(question: Any, server: KimiServer) -> None:
    with pytest.raises(BadRequestError, match="question is"):
        client_at(server).ask(question, [lease()])

    assert server.chats == []


def test_a_question_of_half_characters_is_asked_without_them(server: KimiServer) -> None:
    client_at(server).ask("Why \ud83d?", [lease()])

    assert server.chats[0]["messages"][1]["content"].endswith("Why ??")


def test_no_document_is_refused(server: KimiServer) -> None:
    with pytest.raises(BadRequestError, match="no document"):
        client_at(server).ask(QUESTION, [])


@pytest.mark.parametrize("documents", [None, 7, 1.5])
def test_what_is_no_document_is_refused(documents: Any, server: KimiServer) -> None:
    with pytest.raises(BadRequestError, match="Documents are a"):
        client_at(server).ask(QUESTION, documents)

    assert server.chats == []


def test_a_page_of_half_characters_is_sent_without_them(server: KimiServer) -> None:
    document = Document.from_pages(["The lease \ud83d ends in May."])

    answer = client_at(server).ask(QUESTION, [document])

    assert "The lease \ufffd ends in May." in server.chats[0]["messages"][1]["content"]
    assert [each.status for each in answer.citations] == ["verified"]


@pytest.mark.parametrize("strategy", ["full", "chunks", "auto"])
def test_pictures_alone_are_never_sent(strategy: Any, server: KimiServer) -> None:
    scan = Document.open(make_image_pdf(3), name="scan.pdf")

    with pytest.raises(NoTextError, match=r"of 3 pages 3 hold only pictures") as caught:
        client_at(server).ask(QUESTION, [scan], strategy=strategy)

    assert caught.value.exit_code == 3
    assert server.chats == []


def test_pages_without_text_are_left_out_with_their_reason(server: KimiServer) -> None:
    document = Document.from_pages(["", "The lease ends in May.", " "])

    answer = client_at(server).ask(QUESTION, [document])

    (left,) = answer.coverage.left_out
    assert (left.document, left.pages, left.reason) == ("D1", (1, 3), "empty")


def test_a_file_that_is_not_there_is_refused(server: KimiServer) -> None:
    with pytest.raises(FileNotFoundError, match=r"nowhere\.pdf does not exist"):
        client_at(server).ask(QUESTION, ["nowhere.pdf"])


# Helpers for one's own OpenAI client ------------------------------------------------------------


def test_the_helpers_go_with_a_callers_own_client(server: KimiServer) -> None:
    own = openai.OpenAI(api_key=server.key, base_url=server.base_url, max_retries=0)
    messages = kimiqa.messages_for(QUESTION, [lease()])

    reply = own.chat.completions.create(model="kimi-k3", messages=messages)  # type: ignore[arg-type]

    text = reply.choices[0].message.content or ""
    assert kimiqa.check_citations(text, [lease()])[0].status == "verified"
    assert reply.usage is not None
    assert cost_of(reply.usage, "kimi-k3").amount == server.billed
    assert messages == Client("kimi-k3").plan(QUESTION, [lease()]).requests[0].messages


def test_chosen_chunks_stay_within_their_tokens() -> None:
    chunks = kimiqa.choose_chunks(QUESTION, [lease(), report()], max_tokens=500)

    assert 0 < sum(chunk.tokens for chunk in chunks) <= 500


def test_a_label_and_a_budget_are_booked(server: KimiServer) -> None:
    client = client_at(server, label="matter 7", budget="1.50")

    client.ask(QUESTION, [lease()])

    (row,) = client.ledger.calls(label="matter 7")
    assert row.ceiling is not None
    assert (row.ceiling.amount or 0) <= Decimal("1.50")


def test_a_binary_file_is_a_document() -> None:
    document = Document.open(io.BytesIO(make_pdf(["One.", "Two."])), name="two.pdf")

    assert [page.text for page in document.pages] == ["One.", "Two."]
