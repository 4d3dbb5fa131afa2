"""Evaluation: what is right, with which intervals, and that nothing is paid for twice."""

from __future__ import annotations

import asyncio
import json
from decimal import Decimal
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import httpx2
import openai
import pytest

from kimiqa import Client, Document
from kimiqa.cli import run
from kimiqa.errors import BadRequestError, QuotaError
from kimiqa.evaluating.charting import chart
from kimiqa.evaluating.dataset import Item, read_dataset
from kimiqa.evaluating.grading import right
from kimiqa.evaluating.locating import located
from kimiqa.evaluating.measures import groups, measured, scored
from kimiqa.evaluating.results import DONE, Book, Result
from kimiqa.evaluating.running import Evaluation, waves
from kimiqa.refusing import refused
from kimiqa.testing import KimiServer

CHOICES = ("they were tired", "the Tenant", "the Tenant and the Landlord")

# Graders ----------------------------------------------------------------------------------------

GRADED = {
    "a share for a percentage": ("number", "4.2%", "It was 0.042.", True),
    "rounded to the gold's digits": ("number", "4.2%", "It was 4.21 % [D1 p. 9].", True),
    "another last digit": ("number", "4.2%", "It was 4.3 %.", False),
    "a year is no near number": ("number", "2015", "In 2014.", False),
    "brackets are below zero": ("number", "-$1,561M", "It was $(1,561) million.", True),
    "the other sign": ("number", "-1561", "It was 1,561.", False),
    "a table's own scale": ("number", "1,361", "$1,361 million", True),
    "a word for a number": ("number", "ten", "It has 10 bytes.", True),
    "a number for a word": ("number", "10", "a ten byte number", True),
    "a page is no answer": ("number", "12", "It ends in May [D1 p. 12].", False),
    "the fifth number is no answer": ("number", "5", "1, 2, 3, 4 and 5.", False),
    "the claim before its quote": ("number", "7", '3 of them: "7 or 8 were there"', False),
    "only a quote": ("number", "7", '"7 or 8 were there" [D1 p. 1]', True),
    "a letter": ("choice", "B", "(B) because of the lease", True),
    "a letter alone": ("choice", "B", "B", True),
    "a letter said": ("choice", "B", "The answer is C.", False),
    "a choice's words": ("choice", "the Tenant", "It is the Tenant [D1 p. 1].", True),
    "the longer choice": ("choice", "B", "The Tenant and the Landlord pay.", False),
    "an article is no letter": ("choice", "A", "A tenant pays.", False),
    "yes": ("yes_no", "yes", "Yes, it may.", True),
    "no for yes": ("yes_no", "yes", "No.", False),
    "no at the end": ("yes_no", "no", "The answer is no.", True),
    "yes in Chinese": ("yes_no", "yes", "是的，可以。", True),
    "neither": ("yes_no", "no", "It depends on the landlord.", False),
    "contained": ("text", "six months", "It ends on six months' notice.", True),
    "other case and width": ("text", "ＭＡＫＥＤＥＶ", "The command makedev.", True),
    "denied": ("text", "the Tenant", "Not the Tenant, but another.", False),
    "shared words alone": ("text", "14 November 2001", "16 November 2001 in London", False),
    "a long answer's words": (
        "text",
        "the roof, the outer walls, the lift and the heating",
        "The Landlord keeps the outer walls, the roof, the heating and the lift in repair.",
        True,
    ),
    "a long answer turned round": (
        "text",
        "the tenant may sublet one room without asking the landlord first",
        "The tenant may not sublet one room without asking the landlord first.",
        False,
    ),
    "another day": ("number", "1 May 2026", "It ends on 1 June 2026.", False),
    "the same day, written otherwise": ("number", "1 May 2026", "On May 1, 2026.", True),
    "the same day in Chinese": ("number", "2026-05-01", "于2026年5月1日终止。", True),
    "a day without its year": ("number", "1 May 2026", "On 1 May.", True),
    "the same day of another year": ("number", "1 May 2026", "On 1 May 2025.", False),
    "years for months": ("number", "six months", "6 years", False),
    "months for years": ("number", "one year", "12 months", True),
    "another currency": ("number", "5 USD", "5 EUR", False),
    "the currency before it": ("number", "5 USD", "$5.00", True),
    "no unit said": ("number", "5 USD", "5", True),
    "a loss is below zero": ("number", "-3.2", "a loss of 3.2", True),
    "a profit is not": ("number", "-3.2", "a profit of 3.2", False),
    "points that group": ("number", "3,850 euros", "3.850 €", True),
    "points that group, with cents": ("number", "3,850.50", "3.850,50 €", True),
    "a choice denied": ("choice", "B", "It is not (A) but (B).", True),
    "no information is no no": ("yes_no", "no", "No information is given.", False),
    "no, and why": ("yes_no", "no", "No, the lease does not mention pets.", True),
    "a refusal in Chinese is no no": ("yes_no", "no", "没有提到宠物。", False),
    "refused, though it names it": ("text", "Bob", "The document does not mention Bob.", False),
    "rightly refused": ("refusal", "", "The documents do not say who wrote it.", True),
    "invented": ("refusal", "", "It was written by Bob [D1 p. 1].", False),
    "an empty answer": ("refusal", "", "", False),
}


def _item(kind: Any, gold: str, **more: Any) -> Item:
    choices = CHOICES if kind == "choice" else ()
    return Item("1", (Path("a"),), "Which?", kind, (gold,) if gold else (), choices=choices, **more)


@pytest.mark.parametrize(("kind", "gold", "text", "is_right"), GRADED.values(), ids=GRADED)
def test_an_answer_is_graded(kind: str, gold: str, text: str, is_right: bool) -> None:
    assert right(_item(kind, gold), text) is is_right


def test_a_tolerance_allows_what_rounding_does_not() -> None:
    assert right(_item("number", "200", tolerance=0.05), "About 206.")
    assert not right(_item("number", "200", tolerance=0.05), "About 211.")


REFUSALS = {
    "English": "The excerpts provide no information about that.",
    "English, short": "Not found.",
    "English, of things": "There are no parking spaces mentioned in the lease.",
    "German": "Das Dokument enthält keine Angaben dazu.",
    "French": "Le document ne mentionne pas ce montant.",
    "Spanish": "El documento no menciona ese importe.",
    "Chinese": "文件没有提到租金。",
    "Japanese": "その記載はありません。",
}


@pytest.mark.parametrize("text", REFUSALS.values(), ids=REFUSALS)
def test_a_refusal_is_known_in_its_language(text: str) -> None:
    assert refused(text)


def test_a_documents_own_words_are_no_refusal() -> None:
    assert not refused('It is free: "no information may be withheld" [D1 p. 3].')


# The data set -----------------------------------------------------------------------------------


def test_the_samples_evidence_stands_verbatim_on_its_gold_pages(samples: Path) -> None:
    items = read_dataset(samples / "eval.jsonl")
    texts = {
        path: [" ".join(page.text.split()) for page in Document.open(path, home=None).pages]
        for path in {item.documents[0] for item in items}
    }

    for item in items:
        pages = texts[item.documents[0]]
        assert bool(item.evidence) is bool(item.pages) is item.answerable
        assert all(words in pages[n - 1] for words in item.evidence for _, n in item.pages)
    assert len(items) >= 20
    assert sum(not item.answerable for item in items) >= 3


WRONG = {
    "no JSON": ("{", "Line 2 of set.jsonl is no JSON"),
    "no document": ('{"question": "Why?", "answer": "x"}', "names no document"),
    "no answer": ('{"document": "a", "question": "Why?"}', "has no answer"),
    "an unknown kind": ('{"document": "a", "question": "?", "kind": "x"}', "has kind 'x'"),
    "a misspelt field": ('{"document": "a", "qestion": "?"}', "unknown field 'qestion'"),
    "page 0": ('{"document": "a", "question": "?", "answer": 1, "pages": [0]}', "a page that"),
    "a nested answer": ('{"document": "a", "question": "?", "answer": {}}', "neither text"),
}


@pytest.mark.parametrize(("line", "why"), WRONG.values(), ids=WRONG)
def test_a_line_that_is_no_question_is_named(tmp_path: Path, line: str, why: str) -> None:
    file = tmp_path / "set.jsonl"
    file.write_text(f"\n{line}\n")

    with pytest.raises(BadRequestError, match=why):
        read_dataset(file)


def _set(folder: Path, **row: Any) -> Path:
    """A data set of one question about a document of two pages."""
    (folder / "lease.md").write_text("Of the house.\f\nThe rent is 3,850 crowns a month.")
    file = folder / "set.jsonl"
    plain = {"document": "lease.md", "question": "What is the rent?", "answer": "3,850"}
    file.write_text(json.dumps(plain | row))
    return file


def _open(path: Path) -> Document:
    return Document.from_pages(path.read_text().split("\f"), name=path.name)


def test_evidence_tells_its_page_where_none_is_named(tmp_path: Path) -> None:
    items = read_dataset(_set(tmp_path, evidence="The rent is\n3,850 crowns"))

    (item,) = located(items, _open)

    assert item.pages == (("D1", 2),)


LOST = {
    "a page behind the last": ({"pages": [3]}, "gold page 3; lease.md has 2"),
    "a document too many": ({"pages": {"D2": [1]}}, "gold pages of D2; it has 1 document"),
    "other words": ({"evidence": "The rent is 3,580 crowns"}, "stands on no page"),
}


@pytest.mark.parametrize(("row", "why"), LOST.values(), ids=LOST)
def test_evidence_that_is_nowhere_is_refused_before_anything_is_asked(
    tmp_path: Path, row: dict[str, Any], why: str
) -> None:
    with pytest.raises(BadRequestError, match=why):
        located(read_dataset(_set(tmp_path, **row)), _open)


# Measures ---------------------------------------------------------------------------------------


def _result(item: Item, text: str, **more: Any) -> Result:
    return Result(item.id, item.id, "full", "m", DONE, text=text, **more)


def _cited(page: int, status: str = "verified") -> dict[str, Any]:
    return {"document": "D1", "page": page, "found_page": page, "status": status}


def _many(count: int) -> tuple[list[Item], list[Result]]:
    """Every other answer is right; each document has two questions."""
    items = [
        Item(str(n), (Path(f"d{n // 2}"),), "Who?", "text", ("Bob",), pages=(("D1", 3),))
        for n in range(count)
    ]
    results = [
        _result(
            item,
            "Bob." if n % 2 else "Eve.",
            citations=(_cited(3 if n % 4 == 1 else 4),),
            cost=Decimal("0.01"),
            expected=Decimal("0.008"),
            currency="USD",
        )
        for n, item in enumerate(items)
    ]
    return items, results


def test_strictly_right_is_what_cites_a_page_with_the_evidence() -> None:
    items, results = _many(40)

    found = measured(scored(items, results))

    assert found["accuracy"].value == 0.5
    assert found["strict_accuracy"].value == 0.25
    assert found["citation_precision"].value == 1.0
    assert found["cost_per_right"].value == pytest.approx(0.02)
    assert found["quote_error"].value == pytest.approx(0.25)


def test_a_citation_that_does_not_hold_lends_no_strictness() -> None:
    item = Item("1", (Path("d"),), "Who?", "text", ("Bob",), pages=(("D1", 3),))

    (row,) = scored([item], [_result(item, "Bob", citations=(_cited(3, "unverified"),))])

    assert (row.right, row.strict) == (True, False)


def test_intervals_are_drawn_by_document_and_the_same_each_time() -> None:
    items, results = _many(40)
    rows = scored(items, results)

    one, other = measured(rows), measured(rows)

    # Every document has one right and one wrong answer: drawing documents changes nothing.
    assert (one["accuracy"].low, one["accuracy"].high) == (0.5, 0.5)
    strict = one["strict_accuracy"]
    assert 0.1 < (strict.low or 0) < 0.25 < (strict.high or 1) < 0.4
    assert one == other


def test_one_document_has_no_interval() -> None:
    items, results = _many(2)

    found = measured(scored(items, results))["accuracy"]

    assert (found.value, found.low, found.high) == (0.5, None, None)


def test_what_never_came_is_wrong_and_costs_what_it_cost() -> None:
    item = Item("1", (Path("d"),), "Who?", "text", ("Bob",))
    lost = Result("1", "1", "full", "m", "lost", cost=Decimal("0.5"))

    found = measured(scored([item], [lost]))

    assert found["accuracy"].value == 0
    assert found["cost_per_right"].value is None


def test_the_chart_is_one_svg_that_no_name_can_break() -> None:
    items, results = _many(8)
    found = {key: measured(rows) for key, rows in groups(scored(items, results)).items()}

    drawn = chart('</svg><script>alert("x")</script>\x00', found)

    tree = ElementTree.fromstring(drawn)
    assert not [each for each in tree.iter() if "script" in each.tag]
    assert "http" not in drawn.replace("http://www.w3.org/2000/svg", "")


# A run ------------------------------------------------------------------------------------------


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    """Six questions over two documents, one of them without an answer."""
    (tmp_path / "one.md").write_text("The rent of Marrow is 3,850 crowns.\n\nIt is due in May.\n")
    (tmp_path / "two.md").write_text("The deposit of Quill is 11,550 crowns in all.\n")
    rows = [
        {"document": "one.md", "question": f"What is the rent of Marrow ({n})?", "answer": "3,850",
         "kind": "number", "pages": [1]} for n in range(3)
    ] + [
        {"document": "two.md", "question": f"What is the deposit of Quill ({n})?",
         "answer": "11,550", "kind": "number", "pages": [1]} for n in range(2)
    ] + [{"document": "two.md", "question": "Who xyzzied?", "kind": "refusal"}]  # fmt: skip
    file = tmp_path / "set.jsonl"
    file.write_text("\n".join(map(json.dumps, rows)))
    return file


def _evaluation(server: KimiServer, dataset: Path, **options: Any) -> Evaluation:
    if "openai_client" not in options:
        options |= {"base_url": server.base_url, "api_key": server.key or ""}
    client = Client("kimi-k3", **options)
    return Evaluation(
        read_dataset(dataset),
        ["full"],
        [client],
        Book.open(dataset.with_suffix(".results")),
        lambda path: Document.open(path, home=None),
    )


def _command(server: KimiServer, dataset: Path, *more: str) -> list[str]:
    return [
        "eval", str(dataset), "--model", "kimi-k3", "--base-url", server.base_url,
        "--api-key", server.key or "", "--strategy", "full", "--json", *more,
    ]  # fmt: skip


def _json(capsys: pytest.CaptureFixture[str]) -> Any:
    return json.loads(capsys.readouterr().out)


def test_a_run_that_was_stopped_goes_on_and_pays_for_nothing_twice(
    server: KimiServer, dataset: Path
) -> None:
    work = _evaluation(server, dataset)
    begun = work.run(work.missing())
    kept = [next(begun), next(begun)]
    begun.close()

    again = _evaluation(server, dataset)
    rest = list(again.run(again.missing()))

    assert (len(kept), len(rest), again.missing()) == (2, 4, [])
    assert len(server.bill) == 6
    calls = again.clients[0].ledger.calls()
    booked = sum((call.cost.amount or Decimal(0) for call in calls if call.cost), Decimal(0))
    assert booked == sum((row.amount for row in server.bill), Decimal(0))
    found = sum((each.cost or Decimal(0) for each in again.book.results.values()), Decimal(0))
    assert found == booked


def test_a_call_that_was_paid_when_the_run_was_killed_is_lost_and_not_asked_again(
    server: KimiServer, dataset: Path
) -> None:
    work = _evaluation(server, dataset)
    job = work.missing()[0]
    answer = job.client.ask(job.item.asked, work.documents(job.item), strategy="full")
    work.book.begin(job.key, answer.id)

    again = _evaluation(server, dataset)

    assert job.key not in {each.key for each in again.missing()}
    assert again.book.results[job.key].state == "lost"
    assert again.book.results[job.key].cost == answer.cost.amount
    assert job.key in {each.key for each in again.missing(retry=True)}


def test_a_half_written_line_loses_no_other(server: KimiServer, dataset: Path) -> None:
    work = _evaluation(server, dataset)
    list(work.run(work.missing()[:1]))
    with open(work.book.path, "a", encoding="utf-8") as file:
        file.write('{"key": "ab')

    again = _evaluation(server, dataset)
    list(again.run(again.missing()[:1]))

    assert len(_evaluation(server, dataset).missing()) == 4


def test_the_whole_run_is_priced_first_and_a_script_must_agree(
    server: KimiServer, dataset: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = run(_command(server, dataset))

    said = _json(capsys)
    assert (code, said["error"]["code"]) == (3, "over_cap")
    assert "nobody agreed" in said["error"]["message"]
    assert server.bill == []


def test_a_run_with_yes_is_graded_and_a_second_one_is_free(
    server: KimiServer, dataset: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(_command(server, dataset, "--yes")) == 0
    first = _json(capsys)
    assert run(_command(server, dataset, "--yes")) == 0
    second = _json(capsys)

    (found,) = first["measures"]
    assert first["quote"]["questions"] == 6
    assert found["accuracy"]["value"] == 1.0
    assert found["strict_accuracy"]["value"] == 1.0
    assert found["unanswerable_refused"]["value"] == 1.0
    assert second["quote"]["questions"] == 0
    assert second["measures"] == first["measures"]
    assert len(server.bill) == 6


def test_the_cap_holds_for_the_run_however_often_it_goes_on(
    server: KimiServer, dataset: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # One call's ceiling fits, and what six are expected to cost; not what they may cost at most.
    cap = Decimal("0.27")
    limits = ("--yes", "--max-cost", str(cap), "--max-completion-tokens", "16000")
    server.answer = "The rent is 3,850 crowns. " * 400

    codes = [run(_command(server, dataset, *limits)) for _ in range(3)]

    spent = sum((row.amount for row in server.bill), Decimal(0))
    said = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert codes[-1] == 1
    assert said["error"]["code"] == "over_cap"
    assert 0 < len(server.bill) < 6
    assert spent <= cap


def test_what_is_expected_to_end_above_the_cap_is_not_begun(
    server: KimiServer, dataset: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = run(_command(server, dataset, "--yes", "--max-cost", "0.0001"))

    assert code == 3
    assert "its cap is" in _json(capsys)["error"]["message"]
    assert server.bill == []


def test_a_cap_that_cannot_hold_is_refused_before_anything_is_sent(
    server: KimiServer, dataset: Path, capsys: pytest.CaptureFixture[str], home: Path
) -> None:
    home.mkdir(exist_ok=True)
    (home / "settings.toml").write_text('currency = "CNY"\n')

    code = run(_command(server, dataset, "--yes", "--max-cost", "5"))

    assert code == 3
    assert "A cap in CNY cannot hold a run paid in USD" in _json(capsys)["error"]["message"]
    assert server.bill == []


def test_a_refused_key_ends_the_run_and_leaves_its_questions_to_be_asked(
    server: KimiServer, dataset: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command = _command(server, dataset, "--yes")
    command[command.index("--api-key") + 1] = "wrong"

    code = run(command)

    assert (code, _json(capsys)["error"]["code"]) == (1, "auth")
    assert len(_evaluation(server, dataset).jobs) == 6
    assert server.bill == []


def test_a_swarms_readers_and_its_answer_are_scored_apart(
    server: KimiServer, tmp_path: Path
) -> None:
    pages = [f"Page {n} tells of the weather of month {n}.\n" * 300 for n in range(1, 9)]
    pages[4] += "The rent of Marrow is 3,850 crowns a month."
    (tmp_path / "long.md").write_text("x")
    row = {"document": "long.md", "question": "What is the rent of Marrow in crowns?",
           "answer": "3,850", "kind": "number", "pages": [5]}  # fmt: skip
    (tmp_path / "set.jsonl").write_text(json.dumps(row))
    work = _evaluation(server, tmp_path / "set.jsonl", home=None)
    work.strategies, work.options = ["swarm"], {"max_prompt_tokens": 12_000}
    work.open = lambda path: Document.from_pages(pages, name="long.md")

    (result,) = work.run(work.missing())

    found = measured(scored(work.items, [result]))
    assert len(result.readers) > 1
    assert found["readers_on_gold"].value == 1.0
    assert found["completeness"].value is not None
    assert found["accuracy"].value in (0.0, 1.0)


def test_digests_are_made_once_and_priced_once(server: KimiServer, dataset: Path) -> None:
    work = _evaluation(server, dataset)
    work.strategies = ["digest"]
    jobs = work.missing()
    makings = [job.client.plan_digest(work.documents(job.item)).estimate.cost for job in jobs]

    quote, apart = work.quote(jobs), [work.quote([job]) for job in jobs]
    results = list(work.run(jobs))

    again = [1, 2, 4, 5]  # all but the first question over each document
    assert {result.state for result in results} == {"done"}
    assert len(server.bill) == 2 + 6
    assert quote.expected == sum(each.expected or 0 for each in apart) - sum(
        makings[n].expected or 0 for n in again
    )
    assert quote.ceiling == sum(each.ceiling or 0 for each in apart) - sum(
        makings[n].ceiling or 0 for n in again
    )


# Side by side -----------------------------------------------------------------------------------


class Meeting(httpx2.AsyncBaseTransport):
    """The network; but the second request waits there for the third."""

    def __init__(self) -> None:
        self.network = httpx2.AsyncHTTPTransport()
        self.sent = 0
        self.met = asyncio.Event()

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        self.sent += 1
        if self.sent == 2:
            await asyncio.wait_for(self.met.wait(), 60)
        if self.sent == 3:
            self.met.set()
        return await self.network.handle_async_request(request)


def test_side_by_side_results_come_in_order_and_one_goes_first(
    server: KimiServer, dataset: Path
) -> None:
    http = httpx2.AsyncClient(transport=Meeting())
    own = openai.AsyncOpenAI(api_key=server.key, base_url=server.base_url, http_client=http)
    work = _evaluation(server, dataset, openai_client=own)
    jobs = work.missing()

    together = [len(wave) for wave in waves(jobs, 2)]
    results = list(work.run(jobs, at_once=2))

    assert together == [1, 2, 1, 2]
    assert [result.key for result in results] == [job.key for job in jobs]
    assert {result.state for result in results} == {"done"}
    assert sum((result.cost or 0) for result in results) == server.billed


@pytest.mark.parametrize("at_once", ["1", "5"])
def test_a_cap_that_holds_one_ceiling_at_a_time_ends_no_run_early(
    server: KimiServer, dataset: Path, capsys: pytest.CaptureFixture[str], at_once: str
) -> None:
    limits = ("--yes", "--max-cost", "0.30", "--max-completion-tokens", "16000")
    server.reasoning = 0

    code = run(_command(server, dataset, *limits, "--at-once", at_once))

    assert code == 0
    assert len(server.bill) == 6
    assert server.billed < Decimal("0.30")
    assert {row["state"] for row in _json(capsys)["results"]} == {"done"}


def test_side_by_side_the_cap_is_a_hard_stop(
    server: KimiServer, dataset: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cap = Decimal("0.27")
    limits = ("--yes", "--max-cost", str(cap), "--max-completion-tokens", "16000")
    server.answer = "The rent is 3,850 crowns. " * 400

    code = run(_command(server, dataset, *limits, "--at-once", "5"))

    assert (code, _json(capsys)["error"]["code"]) == (1, "over_cap")
    assert 0 < len(server.bill) < 6
    assert server.billed <= cap


def test_what_ends_a_run_keeps_what_was_under_way(server: KimiServer, dataset: Path) -> None:
    work = _evaluation(server, dataset)
    jobs = work.missing()
    told = work.run(jobs, at_once=2)
    kept = [next(told)]
    server.fault("quota", times=1)

    with pytest.raises(QuotaError):
        kept += list(told)

    again = _evaluation(server, dataset)
    assert len(again.book.results) == len(server.bill) == 2
    assert len(again.missing()) == 4
    assert [each.key for each in again.run(again.missing(), at_once=4)]
    assert len(server.bill) == 6


def test_the_samples_are_evaluated_without_a_key(
    samples: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    drawn = tmp_path / "chart.svg"

    code = run(["eval", str(samples / "eval.jsonl"), "--json", "--chart", str(drawn)])

    said = _json(capsys)
    (found,) = said["measures"]
    assert (code, found["model"], found["accuracy"]["count"]) == (0, "local", 22)
    # It quotes and never refuses: what it cannot do is not counted in its favour.
    assert found["unanswerable_refused"]["value"] == 0
    assert found["citation_precision"]["value"] == 1
    assert ElementTree.parse(drawn)
