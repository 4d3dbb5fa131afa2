"""What the library says, for translators: what is given to `say`, and the words of its errors.

A sentence of the library reaches the page as it was said, so its template has to stand in the code:
in the call itself, or in the name that is given. What a function or a field brings has to be
`Said`, and was collected where it was made.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from kimiqa.ui.values import constant, given, tables

PACKAGE = Path(__file__).resolve().parent.parent
APART = ("ui", "testing", "cli", "evaluating", "saying.py", "plurals.py")
"""The page collects its own; what the test server and the command line say, it never shows."""


MAKING = ("say", "say_of", "joined", "listed", "as_said", "counted", "Said")
WAYS = ("kimiqa.saying", "kimiqa.plurals")


@dataclass(slots=True)
class Found:
    """What code says."""

    strings: dict[str, str] = field(default_factory=dict)
    """Each sentence, with the place where it stands first."""
    plurals: dict[tuple[str, str], str] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)
    """Places where a sentence cannot be told from the code."""


def sayings(package: Path = PACKAGE) -> Found:
    """Every sentence of the modules of a package."""
    every = {path.relative_to(package): path for path in sorted(package.rglob("*.py"))}
    trees = {
        name.as_posix(): ast.parse(path.read_text(encoding="utf-8"))
        for name, path in every.items()
        if name.parts[0] not in APART
    }
    errors = _errors(trees.values())
    said = {name for tree in trees.values() for name in _said(tree)}
    found = Found()
    for name, tree in trees.items():
        _Module(name, tree, errors, said, found).collect()
    return found


def _errors(trees: Iterable[ast.Module]) -> set[str]:
    """The names of the classes whose words are shown."""
    bases = {
        node.name: {ast.unparse(base) for base in node.bases}
        for tree in trees
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
    }
    found = {"KimiqaError"}
    while more := {name for name, its in bases.items() if its & found} - found:
        found |= more
    return found


def _said(tree: ast.Module) -> Iterator[str]:
    """Functions, fields and parameters that are sentences by their type."""
    for node in ast.walk(tree):
        match node:
            case (
                ast.FunctionDef(name=name, returns=ast.expr() as kind)
                | ast.AnnAssign(target=ast.Name(id=name), annotation=kind)
                | ast.AnnAssign(target=ast.Attribute(attr=name), annotation=kind)
            ):
                if "Said" in ast.unparse(kind):
                    yield name


@dataclass(frozen=True, slots=True)
class _Module:
    name: str
    tree: ast.Module
    errors: set[str]
    said: set[str]
    found: Found

    def collect(self) -> None:
        self._visit(self.tree, (self.tree,))

    @property
    def _own(self) -> set[str]:
        """The ways of saying that the module knows by their names."""
        return {
            each.name
            for node in self.tree.body
            if isinstance(node, ast.ImportFrom) and node.module in WAYS
            for each in node.names
        }

    def _visit(self, node: ast.AST, scopes: tuple[ast.AST, ...]) -> None:
        for each in ast.iter_child_nodes(node):
            if isinstance(each, ast.Call):
                self._call(each, scopes)
            deeper = isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)
            self._visit(each, (each, *scopes) if deeper else scopes)

    def _call(self, call: ast.Call, scopes: tuple[ast.AST, ...]) -> None:
        match call.func:
            case ast.Name(id=way) if way in self._own:
                self._way(way, call, scopes)
            case ast.Attribute(value=ast.Name(id="saying"), attr=way):
                self._way(way, call, scopes)
            case ast.Name(id=name) if name in self.errors:
                self._error(call, scopes)
            case ast.Call(func=ast.Name(id="type")):  # as in type(error)(message, hint)
                self._error(call, scopes)

    def _error(self, call: ast.Call, scopes: tuple[ast.AST, ...]) -> None:
        named = [key.value for key in call.keywords if key.arg in ("message", "hint")]
        for text in [*call.args[:2], *named]:
            self._sentence(text, scopes)

    def _way(self, way: str, call: ast.Call, scopes: tuple[ast.AST, ...]) -> None:
        match way, call.args:
            case "say", [text, *_]:
                self._sentence(text, scopes)
            case "say_of", [_, one, many, *_]:
                self._pair(one, many, call)
            case "counted", [_, one, *more]:
                regular = ast.BinOp(one, ast.Add(), ast.Constant("s"))
                self._pair(one, more[0] if more else regular, call)
        for each in call.keywords:
            if _words_in(each.value, scopes):
                self._unknown(each.value)

    def _pair(self, one: ast.expr, many: ast.expr, call: ast.Call) -> None:
        try:
            pair = tuple(str(constant(each)) for each in (one, many))
        except ValueError:
            self._unknown(call)
        else:
            self.found.plurals.setdefault((pair[0], pair[1]), self._place(call))

    def _sentence(self, text: ast.expr, scopes: tuple[ast.AST, ...]) -> None:
        """Keep what `text` says, where that can be told."""
        match text:
            case ast.Constant(value=str(words)):
                if words:
                    self.found.strings.setdefault(words, self._place(text))
            case ast.IfExp(body=one, orelse=other) | ast.BoolOp(values=[one, other]):
                self._sentence(one, scopes)
                self._sentence(other, scopes)
            case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)) if (
                name in self.said or name in MAKING
            ):
                pass
            case ast.Attribute(attr=name) if name in self.said or name in ("message", "hint"):
                pass
            case ast.Subscript(value=ast.Name(id=name)):
                for each in tables(self.tree, name):
                    self._sentence(each, scopes)
            case ast.Starred(value=inner):
                self._sentence(inner, scopes)
            case ast.Name(id=name):
                self._name(text, name, scopes)
            case _:
                self._unknown(text)

    def _name(self, text: ast.expr, name: str, scopes: tuple[ast.AST, ...]) -> None:
        """What a name stands for, in the nearest function that gives it something."""
        for at, scope in enumerate(scopes):
            held = list(given(scope, name))
            if held:
                for each in held:
                    if each is not None:
                        self._sentence(each, scopes[at:])
                    else:
                        self._unknown(text)
                return
        if name not in self.said:
            self._unknown(text)

    def _unknown(self, node: ast.expr) -> None:
        self.found.unknown.append(f"{self._place(node)} {ast.unparse(node)}")

    def _place(self, node: ast.expr) -> str:
        return f"{self.name}:{node.lineno}"


def _words_in(value: ast.expr, scopes: tuple[ast.AST, ...]) -> bool:
    """Whether a value holds English words that nobody could translate."""
    match value:
        case ast.Constant(value=str(text)):
            return " " in text.strip()
        case ast.JoinedStr(values=parts):
            return any(_words_in(each, ()) for each in parts)
        case ast.IfExp(body=one, orelse=other) | ast.BoolOp(values=[one, other]):
            return _words_in(one, scopes) or _words_in(other, scopes)
        case ast.Name(id=name):
            held = next((held for each in scopes if (held := list(given(each, name)))), [])
            return any(each is not None and _words_in(each, ()) for each in held)
    return False
