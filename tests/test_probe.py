"""Probing: facts at every depth, how deep a model finds them, and what `auto` makes of it."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from asking import client_at

from kimiqa import Document
from kimiqa.cli import run
from kimiqa.errors import KimiqaError, NoTextError
from kimiqa.models import get_model
from kimiqa.probing.planting import DEPTHS, plant
from kimiqa.probing.running import Probe
from kimiqa.testing import KimiServer
from kimiqa.windows import FILE, LEAST_TOKENS, effective_window, keep_window

FACT = re.compile(r"(?m)^.*\b([A-Z][a-z]+ [A-Z][a-z]+)\b.*?\b([A-Z]{3}-\d{4})\b|"
                  r"^\b([A-Z]{3}-\d{4})\b is the code that ([A-Z][a-z]+ [A-Z][a-z]+)")  # fmt: skip


def _pages(count: int, words: int = 120) -> list[str]:
    return [
        " ".join(f"Line {n} of page {page} tells of the weather." for n in range(words // 8))
        for page in range(1, count + 1)
    ]


def _document(pages: int = 40) -> Document:
    return Document.from_pages(_pages(pages), name="weather.txt")


# Planting ---------------------------------------------------------------------------------------


def test_each_fact_stands_once_and_as_deep_as_it_says() -> None:
    document = _document()

    planted = plant(document, [page.text for page in document.pages], "seed")

    whole = "".join(page.text for page in planted.document.pages)
    for fact in planted.facts:
        assert whole.count(fact.code) == 1
        assert abs(100 * whole.index(fact.code) / len(whole) - fact.depth) < 3
    assert [fact.depth for fact in planted.facts] == list(DEPTHS)


def test_without_its_facts_the_copy_is_the_document() -> None:
    document = _document()

    planted = plant(document, [page.text for page in document.pages], "seed")

    left = [
        "".join(
            line
            for line in page.text.split("\n")
            if not any(fact.code in line for fact in planted.facts)
        )
        for page in planted.document.pages
    ]
    assert left == [page.text for page in document.pages]


def test_a_seed_plants_the_same_and_another_one_others() -> None:
    texts = [page.text for page in _document().pages]

    one, again, other = (plant(_document(), texts, seed) for seed in ("a", "a", "b"))

    assert one.facts == again.facts
    assert not {fact.code for fact in one.facts} & {fact.code for fact in other.facts}


def test_the_facts_are_told_in_several_wordings_and_in_the_documents_language() -> None:
    english = plant(_document(), [page.text for page in _document().pages], "a")
    chinese = plant(_document(), ["今天天气很好，适合读书。" * 60] * 12, "a")

    told = "".join(page.text for page in english.document.pages)
    assert sum(word in told for word in ("opens with", "was given", "written", "stands in")) == 4
    assert "储物柜" in chinese.question


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("Cor Mir: ABC-1234", True),
        ("cor mir: abc-1234\nOther: XYZ-1", True),
        ("Cor Mir: -\nOther: ABC-1234", False),
        ("ABC-1234", False),
    ],
    ids=["a line", "another case", "another's code", "a code alone"],
)
def test_a_fact_is_told_where_its_code_stands_by_its_name(text: str, told: bool) -> None:
    from kimiqa.probing.planting import Fact

    assert Fact("Cor Mir", "ABC-1234", 0).told_in(text) is told


def test_a_document_without_text_is_refused() -> None:
    with pytest.raises(NoTextError):
        plant(_document(), ["", " "], "seed")


def test_the_copy_may_go_only_where_the_document_may() -> None:
    from kimiqa import rules

    document = Document.from_pages(_pages(30), name="secret.txt")
    rules.restrict(document, ["moonshot"])

    planted = plant(document, [page.text for page in document.pages], "seed")

    assert rules.places_of(planted.document) == ("moonshot",)


# Lengths ----------------------------------------------------------------------------------------


def test_a_length_is_cut_from_the_beginning_and_within_its_tokens() -> None:
    probe = Probe(_document(), get_model("kimi-k3"), shares=(25, 100))

    short, whole = probe.planted(25, 0).document, probe.planted(100, 0).document

    assert len(whole.pages) == 40
    assert len(short.pages) in (10, 11)
    assert probe.length(25) * 4 <= probe.length(100)


def test_a_document_larger_than_the_window_is_probed_as_far_as_the_window_goes() -> None:
    from dataclasses import replace

    small = replace(get_model("kimi-k3"), context_window=3_000)

    probe = Probe(_document(), small)

    assert probe.longest == 1_500


# A probe at the terminal ------------------------------------------------------------------------


def _attentive(upto: int | None) -> Any:
    """A model that finds the facts of prompts up to so many characters, and of longer ones
    those in the first half."""

    def answer(body: dict[str, Any]) -> str:
        text = body["messages"][-1]["content"]
        seen = text if upto is None or len(text) <= upto else text[: len(text) // 2]
        found = [(a or d, b or c) for a, b, c, d in FACT.findall(seen)]
        return "\n".join(f"{name}: {code}" for name, code in found)

    return answer


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "weather.txt"
    path.write_text("\n\n".join(_pages(120)))
    return path


def _command(server: KimiServer, file: Path, *more: str) -> list[str]:
    return [
        "probe", str(file), "--model", "kimi-k3", "--base-url", server.base_url,
        "--api-key", server.key or "", "--json", *more,
    ]  # fmt: skip


def _json(capsys: pytest.CaptureFixture[str]) -> Any:
    return json.loads(capsys.readouterr().out)


def test_a_script_that_did_not_agree_sends_nothing(
    server: KimiServer, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = run(_command(server, file))

    assert (code, _json(capsys)["error"]["code"], server.bill) == (3, "over_cap", [])


def test_a_model_that_finds_all_has_no_end_that_is_known(
    server: KimiServer, file: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server.answer = _attentive(None)

    code = run(_command(server, file, "--yes"))

    said = _json(capsys)
    assert code == 0
    assert {(cell["found"], cell["asked"]) for cell in said["cells"]} == {(1, 1)}
    assert len(said["cells"]) == 3 * len(DEPTHS)
    assert said["fails_at"] is None
    assert effective_window("kimi-k3", server.base_url, home) is None


def test_a_model_that_loses_the_end_has_its_effective_window_kept(
    server: KimiServer, file: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server.answer = _attentive(42_000)

    code = run(_command(server, file, "--yes", "--lengths", "25,50,100"))

    said = _json(capsys)
    missed = [cell for cell in said["cells"] if not cell["found"]]
    assert code == 0
    assert {cell["depth"] for cell in missed} >= {70, 80, 90, 100}
    assert min(cell["depth"] for cell in missed) >= 50
    assert LEAST_TOKENS < said["effective_window"] < said["fails_at"]
    assert effective_window("kimi-k3", server.base_url, home) == said["effective_window"]
    assert effective_window("kimi-k2.6", server.base_url, home) is None


def test_an_end_that_is_too_small_to_be_believed_is_shown_and_not_kept(
    server: KimiServer, file: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server.answer = _attentive(0)

    code = run(_command(server, file, "--yes", "--lengths", "25,50"))

    told = capsys.readouterr()
    assert (code, json.loads(told.out)["effective_window"]) == (0, 0)
    assert "an end is believed from 8,000 tokens on" in told.err
    assert not (home / FILE).exists()
    assert client_at(server).plan("Why?", _document()).strategy == "full"


def test_an_end_of_nothing_that_was_kept_before_is_not_believed(
    server: KimiServer, home: Path
) -> None:
    home.mkdir(exist_ok=True)
    rows = {"some document": {"reads": 0, "fails": 7, "day": "2026-11-22"}}
    (home / FILE).write_text(json.dumps({f"kimi-k3 at {server.base_url}": rows}))

    assert effective_window("kimi-k3", server.base_url, home) is None


def test_a_text_that_is_little_but_facts_is_not_probed(
    server: KimiServer, file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    short = tmp_path / "lease.txt"
    short.write_text("The rent is 900 euros.")

    codes = [run(_command(server, short, "--yes")), run(_command(server, file, "--lengths", "1"))]

    first, second = map(json.loads, capsys.readouterr().out.splitlines())
    assert codes == [2, 2]
    assert "a probe needs 2,000 at the least. Choose a longer" in _error(first)
    assert "a probe needs 2,000 at the least. Choose larger lengths" in _error(second)
    assert server.chats == []


def _error(said: Any) -> str:
    return f"{said['error']['message']} {said['error']['hint']}"


def test_the_embedded_endpoint_is_not_probed(
    file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["probe", str(file), "--lengths", "50", "--yes"]) == 2
    assert "The embedded endpoint has no model" in capsys.readouterr().err


def test_a_probe_goes_on_where_it_stopped_and_pays_for_nothing_twice(
    server: KimiServer, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server.answer = _attentive(None)

    run(_command(server, file, "--yes", "--lengths", "25"))
    run(_command(server, file, "--yes", "--lengths", "25,100"))
    again = run(_command(server, file, "--lengths", "25,100"))

    said = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert again == 0
    assert len(server.bill) == 2
    assert said["quote"]["questions"] == 0


def test_the_ceiling_was_told_before_and_holds(
    server: KimiServer, file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    server.answer = _attentive(None)

    run(_command(server, file, "--yes"))

    said = _json(capsys)
    spent = sum((row.amount for row in server.bill), Decimal(0))
    assert said["quote"]["questions"] == len(server.bill) == 3
    assert spent <= Decimal(said["quote"]["ceiling"])


@pytest.mark.parametrize("lengths", ["0", "a", "25,101"])
def test_a_length_that_is_no_percentage_is_wrong_usage(
    file: Path, lengths: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["probe", str(file), "--lengths", lengths]) == 2


# What auto makes of it --------------------------------------------------------------------------


def _keep(home: Path, server: KimiServer, **row: Any) -> None:
    keep_window(home, "kimi-k3", server.base_url, "some document", row)


def test_auto_sends_no_more_than_the_model_was_seen_to_read(server: KimiServer, home: Path) -> None:
    document, question = _document(100), "Summarise the weather of every page"
    before = client_at(server).plan(question, document)

    _keep(home, server, reads=9_000, fails=12_000)
    after = client_at(server).plan(question, document)

    assert (before.strategy, after.strategy) == ("full", "swarm")
    assert max(request.prompt_tokens for request in after.requests) <= 9_000
    assert "was seen to read 9,000 tokens" in after.reason
    assert "\n" not in after.reason


def test_who_names_the_way_goes_it_all_the_same(server: KimiServer, home: Path) -> None:
    _keep(home, server, reads=8_000, fails=12_000)

    plan = client_at(server).plan("Why?", _document(100), strategy="full")
    ways = client_at(server).ways("Why?", _document(100))

    assert plan.strategy == "full"
    assert all(way.fits for way in ways if way.strategy == "full")
    assert ways[0].strategy != "full"


@pytest.mark.parametrize("kept", ["", "{", "[]", '{"kimi-k3": 7}'], ids=repr)
def test_a_broken_file_of_probes_says_nothing(server: KimiServer, home: Path, kept: str) -> None:
    home.mkdir(exist_ok=True)
    (home / FILE).write_text(kept)

    assert effective_window("kimi-k3", server.base_url, home) is None
    _keep(home, server, reads=9_000, fails=12_000)
    assert effective_window("kimi-k3", server.base_url, home) == 9_000


def test_an_unreadable_document_is_one_clear_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = run(["probe", str(tmp_path / "missing.pdf")])

    assert code == 1
    assert "missing.pdf" in capsys.readouterr().err
    assert issubclass(NoTextError, KimiqaError)
