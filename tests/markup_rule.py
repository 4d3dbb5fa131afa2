"""A rule over the page's code: nothing but what is written there, counted or escaped is Markdown.

Streamlit reads Markdown in labels, captions and help. A text is safe there where it is a literal,
a translated literal, a number, or what a function of ours gives that escapes it; a name is as safe
as all that is given to it, and a function of the page as all that it returns.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

UI = Path(__file__).resolve().parent.parent / "kimiqa" / "ui"

SHOWS = {
    "markdown", "caption", "title", "header", "subheader", "info", "warning", "error", "success",
    "metric", "button", "download_button", "link_button", "form_submit_button", "text_input",
    "text_area", "number_input", "selectbox", "radio", "toggle", "checkbox", "file_uploader",
    "expander", "popover", "spinner", "toast", "write", "pills", "segmented_control", "tabs",
}  # fmt: skip
"""The elements whose first argument is Markdown."""
ALSO = {"metric": 2}
"""How many of the first arguments, where it is not one."""
TEXTS = {"progress", "image"}
"""Those whose Markdown has a name only."""
NAMED = ("help", "label", "body", "text")

ESCAPES = {"escape", "answer_markdown", "badge", "table"}
"""What gives Markdown that shows a foreign text as it is."""
COUNTS = {"counted", "plural", "len", "int", "round", "min", "max", "sum", "duration", "about"}
"""What gives numbers, with nouns of ours or without."""
NUMBERS = {"int", "float", "bool"}


@dataclass
class Module:
    """A module of the page: its functions, and from where its names come."""

    name: str
    tree: ast.Module
    functions: dict[str, ast.FunctionDef] = field(default_factory=dict)
    imported: dict[str, tuple[str, str]] = field(default_factory=dict)

    @classmethod
    def of(cls, path: Path) -> Module:
        made = cls(path.stem, ast.parse(path.read_text(encoding="utf-8")))
        for node in ast.walk(made.tree):
            for child in ast.iter_child_nodes(node):
                child.parent = node  # type: ignore[attr-defined]
            if isinstance(node, ast.FunctionDef):
                made.functions[node.name] = node
            elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("kimiqa.ui"):
                home = (node.module or "").removeprefix("kimiqa.ui").lstrip(".")
                for alias in node.names:
                    made.imported[alias.asname or alias.name] = (home or alias.name, alias.name)
        return made


class Rule:
    """Every module of the page, looked through together."""

    def __init__(self, sources: dict[str, Module]) -> None:
        self.modules = sources
        self._asked: set[int] = set()

    @classmethod
    def over(cls, folder: Path = UI) -> Rule:
        return cls({path.stem: Module.of(path) for path in sorted(folder.glob("*.py"))})

    def found(self) -> Iterator[str]:
        """Every argument that may hold a text that nobody escaped."""
        for module in self.modules.values():
            for node in ast.walk(module.tree):
                for given in self._shown(node, module):
                    self._asked.clear()
                    if not self.safe(given, module):
                        yield f"{module.name}.py:{given.lineno} {ast.unparse(given)}"

    def _shown(self, node: ast.AST, module: Module) -> Iterator[ast.expr]:
        """The arguments of an element that are Markdown."""
        match node:
            case ast.Call(func=ast.Attribute(value=ast.Name(id=owner))) if owner in module.imported:
                return  # a function of another module of the page: its own body is looked through
            case ast.Call(func=ast.Attribute(attr=name), args=args, keywords=keywords):
                if name in SHOWS:
                    yield from args[: ALSO.get(name, 1)]
                if name in SHOWS or name in TEXTS:
                    yield from (each.value for each in keywords if each.arg in NAMED)
                if name == "radio":
                    yield from _formatted(keywords)

    def safe(self, node: ast.AST | None, module: Module) -> bool:
        """Whether what an expression gives can be read as Markdown."""
        match node:
            case None | ast.Constant():
                return True
            case ast.JoinedStr(values=parts):
                return all(self.safe(each, module) for each in parts)
            case ast.FormattedValue(value=value, format_spec=spec):
                return spec is not None or self.safe(value, module)
            case ast.IfExp(body=one, orelse=other):
                return self.safe(one, module) and self.safe(other, module)
            case ast.BoolOp(values=parts):
                return all(self.safe(each, module) for each in parts)
            case ast.BinOp(left=left, right=right):
                number = isinstance(right, ast.Constant) and isinstance(right.value, int)
                return number or (self.safe(left, module) and self.safe(right, module))
            case ast.List(elts=parts) | ast.Tuple(elts=parts):
                return all(self.safe(each, module) for each in parts)
            case ast.Starred(value=value):
                return self.safe(value, module)
            case ast.ListComp(elt=part) | ast.GeneratorExp(elt=part):
                return self.safe(part, module)
            case ast.Subscript(value=ast.Name(id=name)):
                return name.isupper() or self._name(node.value, module)
            case ast.Call():
                return self._call(node, module)
            case ast.Name():
                return self._name(node, module)
        return False

    def _part(self, node: ast.AST, place: int, module: Module) -> bool:
        """Whether one of the parts is safe of what an expression gives."""
        match node:
            case ast.Tuple(elts=parts) | ast.List(elts=parts):
                return place < len(parts) and self.safe(parts[place], module)
            case ast.IfExp(body=one, orelse=other):
                return self._part(one, place, module) and self._part(other, place, module)
            case ast.Subscript(value=ast.Name(id=name)):
                return name.isupper()
            case ast.Call(func=ast.Name(id=name)) if name in module.functions:
                returned = _returned(module.functions[name])
                return bool(returned) and all(self._part(e, place, module) for e in returned)
        return False

    def _call(self, node: ast.Call, module: Module) -> bool:
        match node.func:
            case ast.Name(id="_"):
                return self._written(node.args[0])
            case ast.Name(id=name) if name in ESCAPES | COUNTS:
                return True
            case ast.Attribute(value=between, attr="join"):
                return self.safe(between, module) and self.safe(node.args[0], module)
            case ast.Attribute(value=text, attr="format"):
                return self.safe(text, module) and all(
                    self.safe(each.value, module) for each in node.keywords
                )
            case ast.Name(id=name):
                home, original = module.imported.get(name, (module.name, name))
                return self._function(home, original)
            case ast.Attribute(value=ast.Name(id=owner), attr=name) if owner in module.imported:
                return self._function(module.imported[owner][1], name)
        return False

    def _function(self, home: str, name: str) -> bool:
        """Whether all that a function of the page returns is safe."""
        module = self.modules.get(home)
        function = module.functions.get(name) if module else None
        if module is None or function is None or id(function) in self._asked:
            return function is not None
        self._asked.add(id(function))
        returned = _returned(function)
        return bool(returned) and all(self.safe(each, module) for each in returned)

    def _name(self, node: ast.Name, module: Module) -> bool:
        """Whether all that a name stands for is safe, where it is used."""
        if node.id.isupper():
            return True
        given = _all_given(node, module.tree)
        return bool(given) and all(self._is_safe(each, module) for each in given)

    def _is_safe(self, given: Given, module: Module) -> bool:
        if given.value is None:
            return given.always or (
                given.parameter is not None and self._passed(*given.parameter, module)
            )
        if given.place is not None:
            return self._part(given.value, given.place, module)
        return self.safe(given.value, module)

    def _passed(self, function: ast.FunctionDef, place: int, module: Module) -> bool:
        """Whether every call in the page passes something safe."""
        passed = [
            (each, caller)
            for caller in self.modules.values()
            for each in _passed(function, place, module, caller)
        ]
        return bool(passed) and all(self.safe(each, caller) for each, caller in passed)

    def _written(self, node: ast.AST) -> bool:
        """Whether what is translated stands in the code: a literal, or a table's value."""
        match node:
            case ast.Constant():
                return True
            case ast.IfExp(body=one, orelse=other):
                return self._written(one) and self._written(other)
            case ast.Subscript(value=ast.Name(id=name) | ast.Attribute(attr=name)):
                return name.isupper()
            case ast.Name():
                given = _all_given(node, _module_of(node))
                return bool(given) and all(
                    each.always or (each.value is not None and self._written(each.value))
                    for each in given
                )
        return False


@dataclass(frozen=True)
class Given:
    """Something that is given to a name."""

    value: ast.expr | None = None
    place: int | None = None
    """Which part of the value it is, where that is taken apart."""
    parameter: tuple[ast.FunctionDef, int] | None = None
    """Whose parameter it is, and which."""
    always: bool = False
    """Whether it is a number or a table's row, whatever it is."""


def _formatted(keywords: list[ast.keyword]) -> Iterator[ast.expr]:
    """What the options of a radio show."""
    for each in keywords:
        if each.arg == "format_func" and isinstance(each.value, ast.Lambda):
            yield each.value.body


def _returned(function: ast.FunctionDef) -> list[ast.expr | None]:
    return [
        node.value
        for node in ast.walk(function)
        if isinstance(node, ast.Return) and _around(node) is function
    ]


def _passed(
    function: ast.FunctionDef, place: int, home: Module, caller: Module
) -> Iterator[ast.expr]:
    """What a module passes to a parameter of a function, also through `calm(function)(...)`."""
    name = function.args.args[place].arg
    for node in ast.walk(caller.tree):
        if isinstance(node, ast.Call) and _calls(node.func, function.name, home, caller):
            named = [each.value for each in node.keywords if each.arg == name]
            yield from named or node.args[place : place + 1]


def _calls(called: ast.expr, function: str, home: Module, caller: Module) -> bool:
    match called:
        case ast.Call(func=ast.Name(id="calm"), args=[inner]):
            return _calls(inner, function, home, caller)
        case ast.Name(id=name):
            own = caller is home or caller.imported.get(name) == (home.name, function)
            return name == function and own
        case ast.Attribute(value=ast.Name(id=owner), attr=name):
            return name == function and caller.imported.get(owner, ("", ""))[1] == home.name
    return False


def _all_given(node: ast.Name, tree: ast.AST) -> list[Given]:
    """What is given to a name in the nearest function that gives it anything."""
    scope: ast.AST | None = node
    while scope is not None:
        scope = _around(scope)
        if given := list(_given(node.id, scope or tree)):
            return given
    return []


def _module_of(node: ast.AST) -> ast.AST:
    while (parent := getattr(node, "parent", None)) is not None:
        node = parent
    return node


def _around(node: ast.AST) -> ast.AST | None:
    """The function round a node."""
    found = getattr(node, "parent", None)
    while found is not None and not isinstance(found, ast.FunctionDef | ast.Lambda):
        found = getattr(found, "parent", None)
    return found


def _given(name: str, scope: ast.AST) -> Iterator[Given]:
    """What is given to a name in a function."""
    if isinstance(scope, ast.FunctionDef):
        for place, each in enumerate(scope.args.args):
            kind = "" if each.annotation is None else ast.unparse(each.annotation)
            if each.arg == name:
                yield Given(parameter=(scope, place), always=kind in NUMBERS)
    for node in ast.walk(scope):
        match node:
            case ast.Assign(targets=targets, value=value):
                for target in targets:
                    yield from _taken(name, target, value)
            case (
                ast.AnnAssign(target=target, value=value)
                | ast.AugAssign(target=target, value=value)
                | ast.NamedExpr(target=target, value=value)
            ) if value is not None:
                yield from _taken(name, target, value)
            case ast.For(target=target, iter=held) | ast.comprehension(target=target, iter=held):
                if _names(target, name):
                    yield from _gone_through(name, target, held)


def _names(target: ast.AST, name: str) -> bool:
    return any(isinstance(each, ast.Name) and each.id == name for each in ast.walk(target))


def _taken(name: str, target: ast.AST, value: ast.expr) -> Iterator[Given]:
    """What an assignment gives to a name."""
    match target:
        case ast.Name(id=found) if found == name:
            yield Given(value)
        case ast.Tuple(elts=targets):
            for place, each in enumerate(targets):
                if isinstance(each, ast.Name) and each.id == name:
                    yield Given(value, place)
                elif isinstance(value, ast.Tuple) and place < len(value.elts):
                    yield from _taken(name, each, value.elts[place])


def _gone_through(name: str, target: ast.AST, held: ast.expr) -> Iterator[Given]:
    """What a loop gives to a name."""
    match held, target:
        case ast.Call(func=ast.Name(id="range")), _:
            yield Given(always=True)
        case ast.Call(func=ast.Name(id="enumerate"), args=[inner, *_]), ast.Tuple(elts=[at, each]):
            if _names(at, name):
                yield Given(always=True)
            else:
                yield from _gone_through(name, each, inner)
        case ast.Call(func=ast.Name(id="zip"), args=rows), ast.Tuple(elts=targets):
            for each, row in zip(targets, rows, strict=False):
                if _names(each, name):
                    yield from _gone_through(name, each, row)
        case ast.Call(func=ast.Attribute(value=ast.Name(id=table))), _ if table.isupper():
            yield Given(always=True)
        case ast.Name(id=table), _ if table.isupper():
            yield Given(always=True)
        case ((ast.Tuple(elts=rows) | ast.List(elts=rows)), _):
            for row in rows:
                yield from _taken(name, target, row)
        case ast.Name(), _:
            for given in _all_given(held, _module_of(held)):
                if isinstance(given.value, ast.Tuple | ast.List):
                    yield from _gone_through(name, target, given.value)
                else:
                    yield Given()
        case _:
            yield Given()
