"""The shape of the code: which way imports run, who may touch what, and what is exported."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

import kimiqa

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "kimiqa"
SOURCES = sorted(PACKAGE.rglob("*.py"))
OUTSIDE = [ROOT / "app.py", *sorted((ROOT / "samples").glob("*.py"))]

LAYERS = (
    {
        "errors",
        "money",
        "amounts",
        "figures",
        "words",
        "tasks",
        "plurals",
        "saying",
        "refusing",
        "samples",
        "portal",
        "start",
    },
    {
        "plan",
        "pages",
        "settings",
        "pricebook",
        "bookcheck",
        "offers",
        "models",
        "tokens",
        "usage",
        "breakeven",
        "saving",
        "payoff",
        "template",
        "ranges",
        "windows",
    },
    {
        "prompts",
        "document",
        "opening",
        "reading",
        "store",
        "personal",
        "picturing",
        "rules",
        "chunking",
        "ranking",
        "semantic",
        "citations",
        "estimating",
        "exporting",
    },
    {"endpoint", "local", "ledger", "prices", "repricing", "spreadsheet"},
    {"strategies"},
    {"question", "refusals", "room", "seeing", "chapters"},
    {"desk", "privacy", "reserving", "believing", "paying", "receiving", "settling"},
    {
        "planner",
        "calling",
        "cliffs",
        "caching",
        "parallel",
        "summing",
        "remembering",
        "adding",
        "several",
    },
    {"swarm", "research", "rewriting"},
    {"ladder", "digest"},
    {"staging"},
    {
        "choosing",
        "reasons",
        "scanned",
        "setup",
        "singly",
        "conversation",
        "efforts",
        "comparing",
        "hindsight",
        "following",
        "documents",
        "together",
        "sides",
    },
    {"asking", "advising", "extracting", "trying"},
    {"client", "async_client", "conversations", "faces", "options", "advice", "digesting"},
    {"evaluating", "probing"},
    {"cli", "ui"},
)
DOORS = {
    "openai": {"endpoint"},
    "httpx2": {"endpoint", "local"},
    "pypdfium2": {"reading"},
    "pypdf": {"reading"},
    "rapidocr": {"reading"},
    "openpyxl": {"reading"},
    "selectolax": {"reading"},
    "pathspec": {"reading"},
    "splintr": {"tokens"},
    "tiktoken": {"tokens"},
    "genai_prices": {"models"},
    "sqlalchemy": {"ledger"},
    "numpy": {"ranking", "semantic"},
    "onnxruntime": {"semantic"},
    "tokenizers": {"semantic"},
    "platformdirs": {"settings"},
    "stdnum": {"personal"},
    "phonenumbers": {"personal"},
    "click": {"cli"},
    "streamlit": {"ui"},
}
HEAVY = ("openai", "pypdf", "splintr", "sqlalchemy", "genai_prices", "numpy", "streamlit", "PIL")
CONTRACT = {
    "AsyncClient", "Client", "Document", "check_citations", "choose_chunks", "cost_of",
    "count_tokens", "messages_for",
}  # fmt: skip


def _room(path: Path) -> str:
    """The module or folder of the package that `path` belongs to."""
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def _imports(path: Path) -> Iterator[tuple[str, bool]]:
    """Every module named in an import, and whether it is imported as soon as `path` is."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    at_once = {id(node) for node in tree.body}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, id(node) in at_once) for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module == "kimiqa":
            yield from ((f"kimiqa.{alias.name}", id(node) in at_once) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name}: relative imports hide where a name comes from"
            yield node.module or "", id(node) in at_once


def _inner(path: Path) -> Iterator[tuple[str, bool]]:
    for name, at_once in _imports(path):
        if name.startswith("kimiqa.") and not name.startswith("kimiqa.__"):
            yield name.split(".")[1], at_once


def _run(code: str, *arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *arguments, "-c", code]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=cwd, check=False)


def _id(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


# Imports ----------------------------------------------------------------------------------------


def _layer(room: str) -> int:
    layers = [number for number, rooms in enumerate(LAYERS) if room in rooms]
    assert layers, f"{room} has no layer yet: give it one in LAYERS"
    return layers[0]


@pytest.mark.parametrize(
    "path", [p for p in SOURCES if _room(p) not in {"__init__", "__main__", "testing"}], ids=_id
)
def test_imports_run_one_way(path: Path) -> None:
    own = _layer(_room(path))

    higher = {room for room, _ in _inner(path) if _layer(room) > own}

    assert higher == set()


def test_no_two_modules_need_each_other() -> None:
    needs: dict[str, set[str]] = {}
    for path in SOURCES:
        rooms = {room for room, at_once in _inner(path) if at_once}
        needs.setdefault(_room(path), set()).update(rooms - {_room(path)})

    assert list(TopologicalSorter(needs).static_order())


def test_no_two_parts_of_the_page_need_each_other() -> None:
    needs = {
        f"kimiqa.ui.{path.stem}": {
            f"kimiqa.ui.{alias.name}" if node.module == "kimiqa.ui" else str(node.module)
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("kimiqa.ui")
            for alias in node.names
        }
        for path in SOURCES
        if _room(path) == "ui"
    }

    assert list(TopologicalSorter(needs).static_order())


@pytest.mark.parametrize("path", [p for p in SOURCES if _room(p) == "testing"], ids=_id)
def test_the_loopback_server_uses_nothing_else_of_kimiqa(path: Path) -> None:
    assert {room for room, _ in _inner(path)} <= {"testing"}


@pytest.mark.parametrize("library", DOORS)
def test_each_outside_library_has_one_door(library: str) -> None:
    users = {
        _room(path)
        for path in SOURCES
        for name, _ in _imports(path)
        if name.split(".")[0] == library and _room(path) != "testing"
    }

    assert users <= DOORS[library]


def test_only_the_page_and_the_terminal_are_above_the_client() -> None:
    assert {room for room, _ in _inner(ROOT / "app.py")} == {"ui"}


def test_the_page_and_the_terminal_know_nothing_of_each_other() -> None:
    rooms = {"ui": "cli", "cli": "ui"}

    assert [
        f"{path.relative_to(ROOT)}: {room}"
        for path in SOURCES
        for room, _ in _inner(path)
        if rooms.get(_room(path)) == room
    ] == []


def _defined(tree: ast.Module) -> set[str]:
    """The names that a module gives to its functions and to the fields of its classes."""
    functions = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
    fields = (node.target for node in ast.walk(tree) if isinstance(node, ast.AnnAssign))
    return functions | {ast.unparse(each).removeprefix("self.") for each in fields}


@pytest.mark.parametrize("path", [p for p in SOURCES if _room(p) in ("ui", "cli")], ids=_id)
def test_the_page_and_the_terminal_use_what_is_public(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    private = [
        ast.unparse(node)
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and re.match("_[a-z]", node.attr)
        and ast.unparse(node.value) not in ("self", "cls")
        and node.attr not in _defined(tree)
    ]

    assert private == []


# What a page keeps ------------------------------------------------------------------------------

PARTS = {path.stem: ast.parse(path.read_text(encoding="utf-8")) for path in SOURCES
         if _room(path) == "ui"}  # fmt: skip
SESSION = "st.session_state"
UNTYPED = re.compile(r"\b(Any|object)\b")


def _named(part: ast.Module, name: str) -> Iterator[ast.expr]:
    """What a part calls by a name: `key = f"…"`, or what a function of that name returns."""
    for node in ast.walk(part):
        if isinstance(node, ast.FunctionDef) and node.name == name:
            yield from (
                each.value for each in node.body if isinstance(each, ast.Return) and each.value
            )
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                several = isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple)
                names, values = (
                    (target.elts, node.value.elts) if several else ([target], [node.value])
                )
                yield from (v for n, v in zip(names, values, strict=True) if ast.unparse(n) == name)


def _told(key: ast.expr, part: str) -> set[str]:
    """What a key may be, with a dot for what is only known as the page runs."""
    if isinstance(key, ast.Constant):
        return {str(key.value)}
    if isinstance(key, ast.JoinedStr):
        parts = (str(e.value) if isinstance(e, ast.Constant) else "•" for e in key.values)
        return {"".join(parts)}
    if not isinstance(key, ast.Name | ast.Call):
        return set()
    owner, _dot, name = ast.unparse(getattr(key, "func", key)).rpartition(".")
    owner = owner if owner in PARTS else part
    return {told for each in _named(PARTS[owner], name) for told in _told(each, owner)}


def _session_keys(part: ast.Module) -> Iterator[ast.expr]:
    for node in ast.walk(part):
        if isinstance(node, ast.Subscript) and ast.unparse(node.value) == SESSION:
            yield node.slice
        elif isinstance(node, ast.Compare) and ast.unparse(node.comparators[0]) == SESSION:
            yield node.left
        elif isinstance(node, ast.Call) and ast.unparse(node.func).startswith(f"{SESSION}."):
            yield node.args[0]


def _widgets() -> list[re.Pattern[str]]:
    """The keys of all widgets of the page."""
    told = {
        each
        for name, part in PARTS.items()
        for node in ast.walk(part)
        if isinstance(node, ast.Call)
        for keyword in node.keywords
        if keyword.arg == "key"
        for each in _told(keyword.value, name)
    }
    known = (each for each in told if not each.startswith("•"))
    return [re.compile(re.escape(each).replace("•", ".+")) for each in known]


def test_the_session_holds_the_page_and_what_its_widgets_hold() -> None:
    widgets = _widgets()

    others = [
        f"{name}: {told}"
        for name, part in PARTS.items()
        for key in _session_keys(part)
        for told in _told(key, name) or {ast.unparse(key)}
        if not any(widget.fullmatch(told) for widget in widgets)
    ]

    assert set(others) == {"address: page"}


def _kinds(part: ast.Module) -> set[str]:
    """The classes by which a part asks the page's state for what it keeps there."""
    return {
        ast.unparse(node.args[0])
        for node in ast.walk(part)
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "state.of"
    }


@pytest.mark.parametrize("name", [each for each in PARTS if _kinds(PARTS[each])])
def test_what_a_part_of_the_page_keeps_is_a_class_of_its_own_with_types(name: str) -> None:
    own = {node.name: node for node in PARTS[name].body if isinstance(node, ast.ClassDef)}
    kinds = _kinds(PARTS[name])

    assert kinds <= own.keys()
    for kind in kinds:
        fields = [each for each in own[kind].body if isinstance(each, ast.AnnAssign)]
        assert [ast.unparse(each) for each in own[kind].decorator_list] == ["dataclass(slots=True)"]
        assert [e for e in map(ast.unparse, fields) if UNTYPED.search(e) or "=" not in e] == []


def test_a_page_has_no_place_for_what_has_no_type() -> None:
    state = next(node for node in PARTS["state"].body if getattr(node, "name", "") == "State")

    untyped = [
        ast.unparse(each.target)
        for each in state.body
        if isinstance(each, ast.AnnAssign) and UNTYPED.search(ast.unparse(each.annotation))
    ]

    assert untyped == ["_parts"]


# What is exported -------------------------------------------------------------------------------


def _names_for_type_checkers() -> set[str]:
    """The names that the package's own file imports for those who only read its types."""
    tree = ast.parse((PACKAGE / "__init__.py").read_text(encoding="utf-8"))
    froms = (node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom))
    return {
        a.name for node in froms if (node.module or "").startswith("kimiqa") for a in node.names
    }


def test_all_names_what_the_package_exports() -> None:
    exported: dict[str, object] = {}
    exec("from kimiqa import *", exported)

    assert set(kimiqa.__all__) == exported.keys() - {"__builtins__"}
    assert set(kimiqa.__all__) - {"__version__"} == _names_for_type_checkers()
    assert set(kimiqa.__all__) >= CONTRACT


def test_the_library_and_the_terminal_need_no_streamlit() -> None:
    use = "import kimiqa, kimiqa.cli; [getattr(kimiqa, name) for name in kimiqa.__all__]"

    done = _run(f"import sys; sys.modules['streamlit'] = None; {use}")

    assert done.returncode == 0, done.stderr


def test_importing_kimiqa_loads_nothing_heavy() -> None:
    done = _run("import sys, kimiqa; print(*{name.split('.')[0] for name in sys.modules})")

    assert set(HEAVY) & set(done.stdout.split()) == set()


def test_pricing_a_folder_loads_nothing_that_it_does_not_use(tmp_path: Path) -> None:
    (tmp_path / "lease.txt").write_text("The rent is due on the third.")
    command = ["cost", str(tmp_path), "--json", "--home", str(tmp_path / "home")]

    done = _run(f"import sys, kimiqa.cli; kimiqa.cli.run({command}); print(*sys.modules)")

    unused = {"numpy", "pypdfium2", "openai", "urllib.request", "kimiqa.digest"}
    assert '"tokens"' in done.stdout
    assert unused & set(done.stdout.split()) == set()


def test_an_unguarded_script_reads_a_document_once(tmp_path: Path, samples: Path) -> None:
    script = tmp_path / "unguarded.py"
    path = str(samples / "fhs-3.0.pdf")
    script.write_text(f"import kimiqa\nprint(len(kimiqa.Document.open({path!r}).pages))\n")

    done = subprocess.run([sys.executable, script], capture_output=True, text=True, check=False)

    assert (done.stdout, done.stderr) == ("50\n", "")


# What must not appear ---------------------------------------------------------------------------

FORBIDDEN = {
    "raw HTML in the page": r"unsafe_allow_html|\bst\.html\(|components\.html",
    "pickled data": r"\b(pickle|marshal|shelve|dill)\b",
    "code from data": r"(?<![\w.])(eval|exec)\(",
    "a shell": r"shell=True|os\.system\(",
    "a fork": r"os\.fork\(|multiprocessing",
    "unfinished work": r"\b(TODO|FIXME|XXX|HACK)\b|NotImplementedError",
    "a work document": r"design\.md|house-style|blueprint|facts/",
}


@pytest.mark.parametrize("what", FORBIDDEN)
def test_the_code_is_free_of(what: str) -> None:
    pattern = re.compile(FORBIDDEN[what], re.IGNORECASE if what == "a work document" else 0)

    found = [
        f"{_id(path)}: {match.group()}"
        for path in [*SOURCES, *OUTSIDE]
        if (match := pattern.search(path.read_text(encoding="utf-8")))
    ]

    assert found == []


@pytest.mark.parametrize("path", SOURCES, ids=_id)
def test_every_module_says_in_a_line_what_it_is(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
