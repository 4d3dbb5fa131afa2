"""What values a name has in code, as far as that can be read from it."""

from __future__ import annotations

import ast
from collections.abc import Iterator


def given(scope: ast.AST, name: str) -> Iterator[ast.expr | None]:
    """The values a name gets in a scope; None for one that cannot be told."""
    for node in ast.walk(scope):
        match node:
            case ast.arg(arg=each, annotation=kind) if each == name:
                if kind is None or "Said" not in ast.unparse(kind):
                    yield None
            case ast.Assign(targets=targets, value=value):
                for target in targets:
                    yield from _unpacked(target, value, name)
            case ast.AnnAssign(target=target, value=ast.expr() as value):
                yield from _unpacked(target, value, name)
            case ast.NamedExpr(target=target, value=value):
                yield from _unpacked(target, value, name)


def tables(tree: ast.Module, name: str) -> Iterator[ast.expr]:
    """The values of a module's table."""
    for value in given(tree, name):
        if isinstance(value, ast.Dict):
            yield from value.values


def constant(node: ast.expr) -> object:
    """The value of a constant, or of two that are put together."""
    match node:
        case ast.Constant(value=value):
            return value
        case ast.BinOp(left=left, right=right):
            return f"{constant(left)}{constant(right)}"
    raise ValueError(ast.unparse(node))


def _unpacked(target: ast.expr, value: ast.expr, name: str) -> Iterator[ast.expr | None]:
    match target, value:
        case ast.Name(id=each), _ if each == name:
            yield value
        case ast.Tuple(elts=targets), ast.Tuple(elts=values):
            for one, other in zip(targets, values, strict=False):
                yield from _unpacked(one, other, name)
        case ast.Tuple(elts=targets), ast.IfExp(body=body, orelse=orelse):
            yield from _unpacked(target, body, name)
            yield from _unpacked(target, orelse, name)
        case ast.Tuple(elts=targets), _:
            if any(isinstance(each, ast.Name) and each.id == name for each in targets):
                yield value if isinstance(value, ast.Call) else None
