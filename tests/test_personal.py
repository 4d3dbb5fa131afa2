"""Personal data is found by its form and its checksum, and where it may go is said and held."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from asking import client_at

from kimiqa import Client, Document
from kimiqa.cli import run
from kimiqa.errors import BadRequestError, NotAllowedError
from kimiqa.personal.finding import find

VALID = {
    "an address": ("Write to ann.lee+x@mail.example.co.uk.", "ann.lee+x@mail.example.co.uk"),
    "an address of a foreign name": ("an 王芳@例子.中国 gesendet", "王芳@例子.中国"),
    "a phone with its country": ("Ring +49 30 901820 today", "+49 30 901820"),
    "a phone in the American way": ("offices\n(763) 764-7600\n", "(763) 764-7600"),
    "a phone after its word": ("Tel.: 030 901820, Berlin", "030 901820"),
    "a Chinese mobile phone": ("手机：13800138000", "13800138000"),
    "a card": ("card 4111 1111 1111 1111 exp", "4111 1111 1111 1111"),
    "a card of fifteen digits": ("378282246310005", "378282246310005"),
    "an IBAN in groups": ("IBAN DE89 3704 0044 0532 0130 00 BIC", "DE89 3704 0044 0532 0130 00"),
    "an IBAN before a word": ("GB82WEST12345698765432 OK", "GB82WEST12345698765432"),
    "a routing number": ("Routing no. 021000021", "021000021"),
    "an SSN": ("SSN 536-90-4399", "536-90-4399"),
    "a NINO": ("NI: AB 12 34 56 C.", "AB 12 34 56 C"),
    "a Steuer-ID": ("Steuer-ID 36574261809", "36574261809"),
    "a NIR": ("no 2 95 10 99 126 111 93", "2 95 10 99 126 111 93"),
    "a Chinese identity card": ("身份证号360426199101010071。", "360426199101010071"),
    "an Aadhaar": ("Aadhaar: 2341 2341 2346", "2341 2341 2346"),
    "a CPF": ("CPF 390.533.447-05", "390.533.447-05"),
    "a codice fiscale": ("CF RCCMNL83S18D969H", "RCCMNL83S18D969H"),
    "an address of a newer domain": ("hans@mueller.one schrieb", "hans@mueller.one"),
    "an address with an umlaut": ("an jörg@müller.de geschrieben", "jörg@müller.de"),
    "an address of a mixed name": ("邮箱：王芳@例子.com。", "王芳@例子.com"),
    "a spaced Chinese identity card": ("公民 110105 19491231 002X", "110105 19491231 002X"),
    "an IBAN in small letters": ("to gb33bukb20201555555555", "gb33bukb20201555555555"),
    "a London phone without a word": ("London\n020 7946 0958", "020 7946 0958"),
    "a phone in full-width digits": (
        "请拨＋８６ １３８００１３８０００。",
        "＋８６ １３８００１３８０００",
    ),
    "a card in brackets": ("(4111 1111 1111 1111)", "4111 1111 1111 1111"),
    "a phone with marks of direction": ("call \u200e+49 30 90\u200e1820", "+49 30 90\u200e1820"),
}
BROKEN = {
    "an IBAN": "DE89 3704 0044 0532\n0130 00",
    "an IBAN after its country": "DE89\n3704 0044 0532 0130 00",
    "a card after a hyphen": "4111-1111-\n1111-1111",
    "a card after a space": "4111 1111 \n1111 1111",
    "a card without gaps, named": "card no. 41111111\n11111111",
    "a phone": "415-555-\n2671",
    "a phone after its word": "Tel. 020 7946\n0958",
    "an SSN": "536-90-\n4399",
    "an address after a hyphen": "ann@exam-\nple.org",
    "an address without one": "ann.lee@exam\nple.org",
    "an address before its ending": "ann@example\n.org",
    "an address after its point": "ann@firma.\nexample.de",
    "an address before its sign": "ann.lee\n@example.org",
    "an address after its sign": "ann.lee@\n  example.org",
    "an address by a soft hyphen": "ann@exam\xad\nple.org",
}
NOTHING = {
    "a card with a wrong digit": "4111 1111 1111 1112",
    "an IBAN with a wrong digit": "DE88 3704 0044 0532 0130 00",
    "a Steuer-ID with a wrong digit": "Steuer-ID 36574261808",
    "a Chinese identity card with a wrong digit": "360426199101010072",
    "a Steuer-ID without its word": "36574261809",
    "years in a table": "2019 2020 2021 2022",
    "two columns of a table": "Miscellaneous 307.4 274.0",
    "money": "$1,234,567,890 and 4,111,111,111,111,111",
    "a decimal": "0.4111111111111111",
    "dates": "tel 2018-04-13 and 13.04.2018",
    "a picture for dense screens": "logo@2x.png",
    "a slot in R": "object@data.frame and x@y",
    "an ISBN": "ISBN 978-3-16-148410-0",
    "a phone number without a sign of one": "20 8366 1177",
    "columns of numbers": "4111 1111 2019\n1111 1111 2020",
    "two numbers, one above the other": "41111111\n11111111",
    "an IBAN over three lines": "DE89 3704\n0044 0532\n0130 00",
    "a decorator after a word": "return kept\n@app.post(path)",
    "a sentence after a handle": "Follow ann@work.\nIt is free.",
    "a hash": "be12ab7d0c53e4f8a9b1c2d3e4f5a6b7c8d9e0f1",
}


@pytest.mark.parametrize("case", VALID)
def test_it_is_found_as_it_is_written(case: str) -> None:
    text, value = VALID[case]

    assert [text[each.start : each.end] for each in find(text)] == [value]


@pytest.mark.parametrize("case", BROKEN)
def test_it_is_found_where_a_line_ends_in_it(case: str) -> None:
    text = f"Their data: {BROKEN[case]}\nand so on."

    (found,) = find(text)

    assert BROKEN[case].endswith(text[found.start : found.end])
    assert "\n" in text[found.start : found.end]


@pytest.mark.parametrize("case", NOTHING)
def test_what_only_looks_like_it_is_left_alone(case: str) -> None:
    assert find(NOTHING[case]) == []


def test_a_document_counts_each_kind_with_its_pages() -> None:
    document = Document.from_pages(["a@b.org, c@d.org", "nothing", "a@b.org 536-90-4399"])

    found = {each.what: (each.count, each.pages) for each in document.personal_data()}

    assert found == {"e-mail address": (3, (1, 3)), "US social security number": (1, (3,))}


def test_a_file_is_looked_through_once(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = Document.open(b"Ring +49 30 901820", name="a.txt").personal_data()
    monkeypatch.setattr("kimiqa.personal.looking.find", None)

    assert Document.open(b"Ring +49 30 901820", name="a.txt").personal_data() == first


# The first time ---------------------------------------------------------------------------------


def test_a_plan_says_once_which_endpoint_gets_what(home: Path) -> None:
    from kimiqa import rules

    document = Document.open(b"Write to ann@example.org.", name="a.txt")
    client = Client("kimi-k3", base_url="https://api.moonshot.cn/v1", allow_unpriced=True)

    (warning,) = [w for w in client.plan("Who?", document).warnings if "first time" in w]
    rules.note_sent([document], "https://api.moonshot.cn/v1")

    assert "a.txt goes to api.moonshot.cn (in China) for the first time." in warning
    assert "1 e-mail address (p. 1)" in warning
    assert "Names and addresses are not found, nor are dates of birth" in warning
    assert not any("first time" in w for w in client.plan("Who?", document).warnings)


def test_nothing_is_said_of_what_stays_on_this_machine(server: Any) -> None:
    document = Document.open(b"Write to ann@example.org.", name="a.txt")

    assert not any("first time" in w for w in client_at(server).plan("Who?", document).warnings)


# May go only to … -------------------------------------------------------------------------------


def test_a_document_goes_only_where_its_rule_says(server: Any) -> None:
    document = Document.open(b"The rent is 900 euros.", name="lease.txt")
    document.restrict("moonshot")
    client = client_at(server)

    with pytest.raises(NotAllowedError, match=r"lease\.txt may go only to moonshot") as refused:
        client.ask("What is the rent?", document)

    assert (refused.value.code, refused.value.exit_code) == ("not_allowed", 3)
    assert server.chats == []


def test_a_rule_holds_for_every_way_and_every_turn(server: Any) -> None:
    document = Document.open(b"The rent is 900 euros.", name="lease.txt")
    document.restrict("eu")
    client = client_at(server)

    ways = client.ways("What is the rent?", document)

    assert not any(way.fits for way in ways)
    assert all("may go only to eu" in (way.reason or "") for way in ways)
    with pytest.raises(NotAllowedError):
        client.conversation(document).ask("What is the rent?")


def test_a_rule_that_is_made_after_planning_holds_before_sending(server: Any) -> None:
    document = Document.open(b"The rent is 900 euros.", name="lease.txt")
    client = client_at(server)
    plan = client.plan("What is the rent?", document)
    document.restrict("api.moonshot.cn")

    with pytest.raises(NotAllowedError, match="Nothing was sent"):
        client.run(plan)

    assert server.chats == []


def test_this_machine_is_a_place_too(server: Any) -> None:
    document = Document.open(b"The rent is 900 euros.", name="lease.txt")
    document.restrict("local")

    assert client_at(server).ask("What is the rent?", document).text


def test_a_comparison_names_the_endpoints_that_may_not_be_asked() -> None:
    document = Document.open(b"The rent is 900 euros.", name="lease.txt")
    document.restrict("cn")

    offers = Client("kimi-k3").compare("What is the rent?", [document])

    allowed = {offer.host for offer in offers if offer.fits is not False}
    assert allowed <= {host for host in allowed if _in_china(host)}
    assert "api.moonshot.cn" in allowed


def _in_china(host: str) -> bool:
    from kimiqa import rules

    return rules.regions().get(host) == "cn"


@pytest.mark.parametrize("host", ["api.mistral.ai", "dashscope-intl.aliyuncs.com"])
def test_an_endpoint_that_computes_anywhere_has_no_region(host: str) -> None:
    from kimiqa import rules

    assert rules.region_of(f"https://{host}/v1") is None
    assert rules.region_of("https://api.eu.mistral.ai/v1") == "eu"


def test_a_rule_outlives_its_process_and_a_new_reading(home: Path) -> None:
    Document.open(b"one", name="a.txt").restrict("EU", "Moonshot")

    assert Document.open(b"one", name="b.txt").only == ("eu", "moonshot")


def test_a_place_that_is_none_is_refused_with_those_there_are() -> None:
    with pytest.raises(BadRequestError, match=r"nowhere.*moonshot"):
        Document.from_pages(["x"]).restrict("nowhere")


@pytest.mark.parametrize(
    "written",
    [
        "evil.com/..",
        "evil.com/v1",
        "https://evil.com/../x",
        "a.com@b.com",
        "a.com?b",
        "a b.com",
        "..",
    ],
)
def test_a_host_with_more_behind_it_is_no_place(written: str) -> None:
    document = Document.from_pages(["x"])

    with pytest.raises(BadRequestError, match="is no place"):
        document.restrict(written)

    assert document.only == ()


@pytest.mark.parametrize(
    ("written", "place"),
    [
        ("https://api.moonshot.cn/v1", "api.moonshot.cn"),
        ("API.example.com:8443", "api.example.com:8443"),
        ("http://[::1]:8000/v1/", "[::1]:8000"),
        ("localhost", "localhost"),
        ("10.0.0.1", "10.0.0.1"),
    ],
)
def test_of_an_endpoint_s_url_its_host_is_the_place(written: str, place: str) -> None:
    from kimiqa import rules

    assert rules.place(written) == place


def test_the_terminal_refuses_with_code_three_and_shows_why(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "lease.txt"
    file.write_text("The rent is 900 euros.")
    Document.open(file).restrict("eu")

    shown = run(["cost", str(file), "--model", "kimi-k3"])
    cost = capsys.readouterr().out
    code = run(["ask", str(file), "-q", "Why?", "--model", "kimi-k3", "--api-key", "sk-1"])

    assert (shown, code) == (0, 3)
    assert "may go only to eu" in cost
    assert "may go only to eu" in capsys.readouterr().err
