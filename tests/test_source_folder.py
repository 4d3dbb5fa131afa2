"""A folder of source code: one document, and every quote leads to its file and line."""

from __future__ import annotations

from pathlib import Path

import pytest

from kimiqa import check_citations, errors
from kimiqa.document import Document
from kimiqa.opening.folders import contents

KEY = "-----BEGIN " + "RSA PRIVATE KEY-----\nMII\n"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    files = {
        "src/main.py": "".join(f"value_{n} = compute({n})\n" for n in range(1, 301)),
        "src/util.py": "def helper(x):\n    return x + 1\n",
        "README.md": "# A tool\n\nRun it.\n",
        ".gitignore": "*.log\nbuild/\n!kept.log\n",
        "debug.log": "noise\n",
        "kept.log": "signal\n",
        "build/out.py": "made = 1\n",
        ".env": "TOKEN=abc\n",
        "deploy/server.pem": "secret\n",
        "src/oops.py": f'KEY = """{KEY}"""\n',
        "logo.png": "\x89PNG\x00\x00",
        "package-lock.json": "{}",
        "node_modules/dep/index.js": "module.exports = 1\n",
        ".git/config": "[core]\n",
        "sub/.gitignore": "local.txt\n",
        "sub/local.txt": "mine\n",
        "empty.py": "",
    }
    root = tmp_path / "tool"
    for path, text in files.items():
        place = root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="latin-1", newline="")
    return root


def paths(document: Document) -> set[str]:
    return {(page.label or "").rpartition(", ")[0] for page in document.pages}


def test_a_folder_is_one_document_of_its_text_files(folder: Path, home: Path) -> None:
    document = Document.open(folder, home=home)

    assert document.name == "tool"
    assert paths(document) == {
        ".gitignore", "README.md", "kept.log", "src/main.py", "src/util.py", "sub/.gitignore",
    }  # fmt: skip


def test_every_line_is_on_a_page_that_names_it(folder: Path, home: Path) -> None:
    document = Document.open(folder, home=home)

    for page in document.pages:
        head, _, body = page.text.partition("\n")
        assert head == f"{page.label}:"
        path = folder / (page.label or "").rpartition(", ")[0]
        lines = path.read_text().splitlines()
        assert page.line is not None
        assert body.split("\n") == lines[page.line - 1 : page.line - 1 + len(body.split("\n"))]


def test_a_quote_names_its_file_and_its_very_line(folder: Path, home: Path) -> None:
    document = Document.open(folder, home=home).checked()
    page = next(each for each in document.pages if "value_217 =" in each.text)

    said = f'"value_217 = compute(217)" [D1 p. {page.number}]'
    [cited] = check_citations(said, [document])

    assert (cited.status, cited.place) == ("verified", "src/main.py, line 217")


def test_a_citation_without_a_quote_names_the_lines_of_its_page(folder: Path, home: Path) -> None:
    document = Document.open(folder, home=home)
    page = next(each for each in document.pages if "helper" in each.text)

    [cited] = check_citations(f"There is a helper [D1 p. {page.number}].", [document])

    assert cited.place == "src/util.py, lines 1-2"


def test_secrets_and_binaries_are_left_out_and_named(folder: Path, home: Path) -> None:
    document = Document.open(folder, home=home)

    assert document.notices == [
        "tool: left out: .env (may hold a secret), deploy/server.pem (may hold a secret),"
        " src/oops.py (may hold a secret: see line 1), logo.png (not text),"
        " package-lock.json (made by a tool).",
        "tool: left out by .gitignore: 3 paths.",
    ]
    assert not any("MII" in page.text for page in document.pages)


def test_the_same_folder_is_the_same_document_and_a_changed_one_is_not(
    folder: Path, home: Path
) -> None:
    first = Document.open(folder, home=home)
    again = Document.open(folder, home=home)
    (folder / "src/util.py").write_text("def helper(x):\n    return x + 2\n")

    assert again == first
    assert again.notices == first.notices
    assert again.pages == first.pages
    assert Document.open(folder, home=home) != first


def test_links_are_not_followed_out_of_the_folder(folder: Path, home: Path, tmp_path: Path) -> None:
    (tmp_path / "outside.py").write_text("stolen = 1\n")
    try:
        (folder / "link.py").symlink_to(tmp_path / "outside.py")
        (folder / "loop").symlink_to(folder, target_is_directory=True)
    except OSError:
        pytest.skip("this system makes no links")

    document = Document.open(folder, home=home)

    assert not any("stolen" in page.text for page in document.pages)
    assert "link.py (a link)" in document.notices[0]


def test_lines_are_counted_as_editors_count_them(tmp_path: Path, home: Path) -> None:
    (tmp_path / "old.c").write_bytes(b"int a;\r\n\x0cint b;\r\nint c; /* caf\xe9 */\r\n")

    document = Document.open(tmp_path, home=home)
    [cited] = check_citations('It says "int c; /* café */" [D1 p. 1].', [document])

    assert (cited.status, cited.place) == ("verified", "old.c, line 3")


def test_a_folder_without_text_says_so(tmp_path: Path, home: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"\x89PNG\x00")

    with pytest.raises(errors.EmptyDocumentError, match="without source code"):
        Document.open(tmp_path, home=home)


def test_what_there_is_more_of_decides_what_a_folder_is(folder: Path) -> None:
    assert contents(folder).is_source

    for n in range(20):
        (folder / f"{n}.pdf").touch()

    assert not contents(folder).is_source
