"""Arithmetic for a model that should not do it in its head: exact, with units, never `eval`."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal, DecimalException, DivisionByZero, InvalidOperation, Overflow

MOST_CHARACTERS = 500
MOST_POWER = 100
_CONTEXT = Context(prec=34, traps=[DivisionByZero, InvalidOperation, Overflow])
_SHOWN_DIGITS = 15

_GROUPED = re.compile(r"\d{1,3}(?:[,'\u2019\u00a0\u202f ]\d{3})+(?:\.\d+)?")
_PLAIN = re.compile(r"(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?")
_LITERAL = re.compile(rf"(?<![\w.]){_PLAIN.pattern}(?![\w.])")


class CalculationError(Exception):
    """What cannot be calculated, in a sentence for whoever asked."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number with its unit: what it is counted in, each with its power."""

    value: Decimal
    unit: tuple[tuple[str, int], ...] = ()

    @property
    def text(self) -> str:
        """The number as it is shown.

        >>> Quantity(Decimal("1234567.50"), (("USD", 1), ("share", -1))).text
        '1,234,567.5 USD/share'
        """
        return f"{_number(self.value)} {_unit(self.unit)}".rstrip()


def quantity(written: str, unit: str = "") -> Quantity:
    """A number as a document writes it; per cent are hundredths.

    >>> quantity("(1,250.5)", "USD").text, quantity("12.5 %").text
    ('-1,250.5 USD', '0.125')

    Raises
    ------
    CalculationError
        It is no number, or could be two.
    """
    text = re.sub(r"^[\s$€£¥]+|\s+$", "", written.replace("\u2212", "-").replace("\u2013", "-"))
    bracketed = re.fullmatch(r"\((.*)\)", text)
    sign = -1 if bracketed else 1
    text = (bracketed[1] if bracketed else text).strip()
    if text.startswith(("-", "+")):
        sign, text = (-sign if text[0] == "-" else sign), text[1:]
    text = text.strip().lstrip("$€£¥ ")
    percent = text.endswith("%")
    text = text.rstrip("% ")
    if _GROUPED.fullmatch(text):
        text = re.sub(r"[^\d.]", "", text)
    if not _PLAIN.fullmatch(text):
        raise CalculationError(
            f"{written!r} is no number; write it with a point for decimals, as 1,234.5."
        )
    value = _CONTEXT.create_decimal(text) * sign
    return Quantity(value / 100 if percent else value, _units(unit))


def calculate(expression: str, names: Mapping[str, Quantity]) -> Quantity:
    """What an expression comes to.

    >>> calculate("(a - b) / b * 100", {"a": quantity("120"), "b": quantity("96")}).text
    '25'

    Raises
    ------
    CalculationError
        It is no arithmetic, names something unknown, mixes units, or has no result.
    """
    if len(expression) > MOST_CHARACTERS:
        raise CalculationError(f"The expression is longer than {MOST_CHARACTERS} characters.")
    text = expression.replace("^", "**").replace("×", "*").replace("÷", "/")
    try:
        text, known = _with_literals(re.sub(r"(\d)\s*%", r"\1 / 100", text), names)
        return _value(ast.parse(text.strip(), mode="eval").body, known)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        raise CalculationError(f"{expression!r} is no arithmetic that can be read.") from None
    except DivisionByZero:
        raise CalculationError("The expression divides by zero.") from None
    except DecimalException:
        raise CalculationError("The result is too large, or there is none.") from None


def _with_literals(text: str, names: Mapping[str, Quantity]) -> tuple[str, dict[str, Quantity]]:
    """The expression with names in place of its numbers: parsed, they would become floats."""
    known = dict(names)

    def named(match: re.Match[str]) -> str:
        name = f"_{len(known)}"
        known[name] = Quantity(_CONTEXT.create_decimal(match[0]))
        return name

    return _LITERAL.sub(named, text), known


def _value(node: ast.expr, names: Mapping[str, Quantity]) -> Quantity:
    match node:
        case ast.Name(id=name):
            if name not in names:
                listed = ", ".join(each for each in names if each[0] != "_") or "none"
                raise CalculationError(f"{name!r} is no operand; there are: {listed}.")
            return names[name]
        case ast.UnaryOp(op=ast.USub(), operand=inner):
            held = _value(inner, names)
            return Quantity(-held.value, held.unit)
        case ast.UnaryOp(op=ast.UAdd(), operand=inner):
            return _value(inner, names)
        case ast.BinOp(left=left, op=op, right=right):
            return _binary(op, _value(left, names), _value(right, names))
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]) if name in _FUNCTIONS:
            return _FUNCTIONS[name]([_value(each, names) for each in arguments])
    raise CalculationError(
        "Only numbers, operands, + - * / ** ( ) and round, abs, min, max, sum, average are known."
    )


def _binary(op: ast.operator, left: Quantity, right: Quantity) -> Quantity:
    match op:
        case ast.Add():
            return Quantity(_CONTEXT.add(left.value, right.value), _same([left, right]))
        case ast.Sub():
            return Quantity(_CONTEXT.subtract(left.value, right.value), _same([left, right]))
        case ast.Mult():
            return Quantity(_CONTEXT.multiply(left.value, right.value), _times(left, right, 1))
        case ast.Div():
            return Quantity(_CONTEXT.divide(left.value, right.value), _times(left, right, -1))
        case ast.Pow():
            return _power(left, right)
    raise CalculationError("Only + - * / and ** are known between two numbers.")


def _power(left: Quantity, right: Quantity) -> Quantity:
    if right.unit or abs(right.value) > MOST_POWER:
        raise CalculationError(f"A power is a plain number up to {MOST_POWER}.")
    if left.unit and right.value != int(right.value):
        raise CalculationError("A number with a unit takes whole powers only.")
    powers = {name: power * int(right.value) for name, power in left.unit}
    return Quantity(_CONTEXT.power(left.value, right.value), _kept(powers))


def _same(parts: Sequence[Quantity]) -> tuple[tuple[str, int], ...]:
    """The unit of what is added up; a bare number takes that of the others."""
    units = list(dict.fromkeys(each.unit for each in parts if each.unit))
    if len(units) > 1:
        raise CalculationError(
            f"{_unit(units[0])} and {_unit(units[1])} cannot be added up or compared: "
            "give all operands in the same unit."
        )
    return units[0] if units else ()


def _times(left: Quantity, right: Quantity, way: int) -> tuple[tuple[str, int], ...]:
    powers = dict(left.unit)
    for name, power in right.unit:
        powers[name] = powers.get(name, 0) + way * power
    return _kept(powers)


def _kept(powers: Mapping[str, int]) -> tuple[tuple[str, int], ...]:
    return tuple((name, power) for name, power in powers.items() if power)


def _some(parts: Sequence[Quantity], least: int = 1) -> Sequence[Quantity]:
    if len(parts) < least:
        raise CalculationError("A function was called without numbers.")
    return parts


def _sum(parts: Sequence[Quantity]) -> Quantity:
    total = Decimal(0)
    for each in _some(parts):
        total = _CONTEXT.add(total, each.value)
    return Quantity(total, _same(parts))


def _average(parts: Sequence[Quantity]) -> Quantity:
    total = _sum(parts)
    return Quantity(_CONTEXT.divide(total.value, Decimal(len(parts))), total.unit)


def _rounded(parts: Sequence[Quantity]) -> Quantity:
    first, *more = _some(parts)
    places = int(more[0].value) if more else 0
    if not -_SHOWN_DIGITS <= places <= _SHOWN_DIGITS:
        raise CalculationError(f"Round to at most {_SHOWN_DIGITS} places.")
    step = Decimal(1).scaleb(-places)
    return Quantity(first.value.quantize(step, context=_CONTEXT), first.unit)


_FUNCTIONS: dict[str, Callable[[Sequence[Quantity]], Quantity]] = {
    "abs": lambda parts: Quantity(abs(_some(parts)[0].value), parts[0].unit),
    "average": _average,
    "max": lambda parts: Quantity(max(each.value for each in _some(parts)), _same(parts)),
    "min": lambda parts: Quantity(min(each.value for each in _some(parts)), _same(parts)),
    "round": _rounded,
    "sum": _sum,
}


# Words ------------------------------------------------------------------------------------------


def _units(unit: str) -> tuple[tuple[str, int], ...]:
    """A unit as it is written: "USD million", "USD/share"."""
    powers: dict[str, int] = {}
    for place, name in enumerate(unit.split("/")):
        if " ".join(name.split()) not in ("", "%", "1"):
            key = " ".join(name.split())
            powers[key] = powers.get(key, 0) + (1 if place == 0 else -1)
    return _kept(powers)


def _unit(unit: Sequence[tuple[str, int]]) -> str:
    above = " ".join(_powered(name, power) for name, power in unit if power > 0)
    below = "".join(f"/{_powered(name, -power)}" for name, power in unit if power < 0)
    return above + below


def _powered(name: str, power: int) -> str:
    return name if power == 1 else f"{name}^{power}"


def _number(value: Decimal) -> str:
    whole = value == value.to_integral_value()
    short = value if whole else Context(prec=_SHOWN_DIGITS).plus(value)
    if short and not -9 <= short.adjusted() <= 30:
        return str(short.normalize())
    text = f"{short:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
