"""The page's strings as a template for translators: `python -m kimiqa.ui.strings > kimiqa.pot`.

Other collectors miss what stands inside f-strings and in tables; this one reads the code as Python
does. Given to `_` directly, as one of a table's values, or as one of a list that is gone through:
all are found. What is computed elsewhere is named in `ELSEWHERE`; what the library says is
collected by `sayings`.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from kimiqa.personal import looking
from kimiqa.ui.sayings import Found, sayings

UI = Path(__file__).resolve().parent
NAMES = ("_", "N_", "say")
"""What a sentence is given to; `say` where none of a reader's page is there yet to say it in."""
ELSEWHERE = {
    "step.kind": (
        "read", "merge", "think", "answer", "search", "outline", "calculate", "note", "web",
    ),
    "each.why": (
        "invisible", "transparent", "covered", "clipped", "off the page", "too small",
        "white on white", "in a layer that is off",
    ),
    "price.basis": ("listed", "assumed", "book", "embedded"),
    "trial.answer.state": ("settled", "estimated", "unknown", "released", "reserved"),
}  # fmt: skip
"""Strings that come from the library, by the expression that the page translates."""


def collected(folder: Path = UI) -> Found:
    """Every string of the modules in a folder."""
    trees = {path: ast.parse(path.read_text(encoding="utf-8")) for path in folder.glob("*.py")}
    tables: dict[str, list[str]] = {}
    for name, texts in (each for tree in trees.values() for each in _tables(tree)):
        tables.setdefault(name, []).extend(texts)  # several modules may use a name
    found = Found()
    for path, tree in sorted(trees.items()):
        for node in ast.walk(tree):
            place = f"{path.name}:{getattr(node, 'lineno', 0)}"
            match node:
                case ast.Call(func=ast.Name(id="counted" | "plural"), args=[_, one, many]):
                    for pair in zip(_texts(one), _texts(many), strict=True):
                        found.plurals.setdefault(pair, place)
                case ast.Call(func=ast.Name(id=name), args=[given]) if name in NAMES:
                    texts = list(_texts(given)) or _looked_up(given, tree, tables)
                    found.strings |= {each: place for each in texts if each not in found.strings}
                    if not texts:
                        found.unknown.append(f"{place} {ast.unparse(given)}")
    return found


def everything() -> Found:
    """What the page says, and what the library says on it."""
    found, more = collected(), sayings()
    personal = dict.fromkeys(looking.kinds(), "personal/looking.py")
    return Found(
        more.strings | found.strings,
        personal | more.plurals | found.plurals,
        found.unknown + more.unknown,
    )


def _texts(node: ast.AST) -> Iterator[str]:
    """The strings that an expression may be, as far as they stand there."""
    match node:
        case ast.Constant(value=str(text)) if text:
            yield text
        case ast.IfExp(body=one, orelse=other):
            yield from _texts(one)
            yield from _texts(other)
        case ast.Dict(values=values):
            for each in values:
                yield from _texts(each)
        case ast.List(elts=parts) | ast.Tuple(elts=parts) | ast.Set(elts=parts):
            for each in parts:
                yield from _texts(each)
        case ast.Starred(value=inner):
            yield from _texts(inner)
        case ast.Call(func=ast.Name(id=name), args=[inner]) if name in NAMES:
            yield from _texts(inner)


def _looked_up(given: ast.AST, tree: ast.Module, tables: dict[str, list[str]]) -> list[str]:
    """The strings that a name stands for: a table's values, or the parts of a list."""
    known = ELSEWHERE.get(ast.unparse(given))
    if known:
        return list(known)
    match given:
        case (
            ast.Subscript(value=ast.Name(id=name))
            | ast.Subscript(value=ast.Attribute(attr=name))
            | ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="get"))
        ):
            return tables.get(name, [])
        case ast.Name(id=name):
            return [*_gone_through(name, tree, tables), *tables.get(name, [])]
    return []


def _gone_through(name: str, tree: ast.Module, tables: dict[str, list[str]]) -> Iterator[str]:
    """What a loop's variable may be, where the loop goes through a list of strings."""
    for node in ast.walk(tree):
        if not isinstance(node, ast.comprehension | ast.For):
            continue
        if any(isinstance(each, ast.Name) and each.id == name for each in ast.walk(node.target)):
            held = node.iter
            for each in ast.walk(held):
                if isinstance(each, ast.Name) and each.id != name:
                    yield from tables.get(each.id) or _gone_through(each.id, tree, tables)
            yield from _texts(held)


def _tables(tree: ast.Module) -> Iterator[tuple[str, list[str]]]:
    """Names to which strings are given, one or several, wherever that is."""
    held: dict[str, list[str]] = {}
    for node in ast.walk(tree):
        targets = _targets(node)
        value = getattr(node, "value", None)
        if targets and value is not None:
            for target in targets:
                held.setdefault(target, []).extend(_texts(value))
    yield from held.items()


def _targets(node: ast.AST) -> list[str]:
    match node:
        case ast.Assign(targets=targets):
            return [each.id for each in targets if isinstance(each, ast.Name)]
        case ast.AnnAssign(target=ast.Name(id=name)) | ast.AugAssign(target=ast.Name(id=name)):
            return [name]
    return []


def template(found: Found) -> Iterator[str]:
    """A catalogue without translations, as gettext's own tools read it."""
    yield 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=UTF-8\\n"\n'
    counted = {one for one, _many in found.plurals}
    for text, place in found.strings.items():
        if text in counted:
            continue
        yield f'#: {place}\nmsgid {_quoted(text)}\nmsgstr ""\n'
    for (one, many), place in found.plurals.items():
        yield (
            f"#: {place}\nmsgid {_quoted(one)}\nmsgid_plural {_quoted(many)}\n"
            'msgstr[0] ""\nmsgstr[1] ""\n'
        )


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


if __name__ == "__main__":
    print("\n".join(template(everything())))
