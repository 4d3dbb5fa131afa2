"""Sentences that stay English here, and can be said in another language where they are shown."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from pathlib import PurePath
from typing import Any

Value = str | int | float | Decimal | date | PurePath | None
"""What may stand in a sentence: nothing that holds a file open or cannot be copied."""


class Said(str):
    """A sentence, and what it was made of: its template, and what stands in it.

    It is a string as any other to whoever does not look. What becomes of it by `+` or `strip` is
    plain text again; `joined` keeps what its parts were.
    """

    __slots__ = ("many", "number", "template", "values")

    template: str
    """What a translator sees; the sentence itself where nothing stands in it."""
    values: Mapping[str, Value]
    many: str
    """The template for other numbers than one; empty where nothing is counted."""
    number: int

    def __new__(
        cls,
        text: str,
        template: str = "",
        values: Mapping[str, Value] | None = None,
        many: str = "",
        number: int = 1,
    ) -> Said:
        made = super().__new__(cls, text)
        made.template, made.values = template or str(text), values or {}
        made.many, made.number = many, number
        return made

    def __reduce__(self) -> tuple[type[Said], tuple[object, ...]]:
        return Said, (str(self), self.template, dict(self.values), self.many, self.number)


NOTHING = Said("")
"""Where there is nothing to say."""


def say(template: str, /, **values: Value) -> Said:
    """A sentence with values in it. Only the template is formatted, whatever stands in a value.

    >>> say("{name} has {pages:,} pages.", name="{x}.pdf", pages=1_200)
    '{x}.pdf has 1,200 pages.'
    """
    return Said(template.format(**values) if values else template, template, values)


def say_of(number: int, one: str, many: str, /, **values: Value) -> Said:
    """A sentence that has to agree with a `{number}`, which may stand in it.

    >>> say_of(1, "{number:,} file was read", "{number:,} files were read")
    '1 file was read'
    """
    held: dict[str, Value] = {"number": number, **values}
    return Said((one if number == 1 else many).format(**held), one, held, many, number)


def as_said(text: str) -> Said:
    """`text` as a sentence with nothing in it, where it is not one already."""
    return text if isinstance(text, Said) else Said(text)


def kept(value: Value) -> Any:
    """A sentence as JSON that tells it again; what is none of ours stays the text it is."""
    if not isinstance(value, Said):
        return value if isinstance(value, str | int | float | None) else str(value)
    row: dict[str, Any] = {"text": str(value), "template": value.template}
    if value.values:
        row["values"] = {name: kept(each) for name, each in value.values.items()}
    if value.many:
        row |= {"many": value.many, "number": value.number}
    return row


def restored(row: Any) -> Said:
    """The sentence that was `kept`.

    >>> restored(kept(say("{pages:,} pages of {name}", pages=1_200, name="a.pdf"))).values
    {'pages': 1200, 'name': 'a.pdf'}
    """
    if not isinstance(row, dict):
        return Said(str(row))
    values = {
        name: restored(each) if isinstance(each, dict) else each
        for name, each in row.get("values", {}).items()
    }
    text, template, many = (str(row.get(name, "")) for name in ("text", "template", "many"))
    return Said(text, template, values, many, int(row.get("number", 1)))


def listed(names: Sequence[str]) -> Said:
    """Names in a row, the last one with its own word before it.

    >>> listed(["a", "b", "c"])
    'a, b and c'
    """
    if len(names) == 1:
        return as_said(names[0])
    return say("{names} and {last}", names=joined(names[:-1], ", "), last=names[-1])


def joined(parts: Iterable[str], between: str = " ") -> Said:
    """Sentences one after another, those that are empty left out.

    >>> joined(["Nothing was sent.", "", "Ask again."])
    'Nothing was sent. Ask again.'
    """
    said = [part for part in parts if part]
    if len(said) == 1:
        return as_said(said[0])
    held = {f"part{n}": part for n, part in enumerate(said)}
    gap = between.replace("{", "{{").replace("}", "}}")
    return say(gap.join(f"{{{name}}}" for name in held), **held)
