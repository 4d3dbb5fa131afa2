"""A digest as it is shown: its text, its checked places, and what it saw and cost."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from kimiqa.citations import check_citations
from kimiqa.digest.keeping import Piece
from kimiqa.digest.wording import NOT_FOUND, numbered_as
from kimiqa.money import Cost
from kimiqa.plan import Citation, Coverage
from kimiqa.saying import say, say_of

if TYPE_CHECKING:
    from kimiqa.document import Document


@dataclass(frozen=True, slots=True)
class Digest:
    """A cited outline of one document or several: parties, dates, numbers, definitions, claims."""

    text: str
    citations: tuple[Citation, ...]
    """Checked against the pages as they are now."""
    coverage: Coverage
    """The pages that were read when it was made, and those that were not."""
    cost: Cost
    """What it cost to make, whenever that was."""
    model: str
    documents: tuple[str, ...]
    """The names of D1, D2, …"""
    made: float | None = None
    """When its oldest part was made, in wall-clock seconds."""
    warnings: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        made = None if self.made is None else datetime.fromtimestamp(self.made, UTC)
        return {
            "text": self.text,
            "citations": [each.to_json() for each in self.citations],
            "coverage": self.coverage.to_json(),
            "cost": self.cost.to_json(),
            "model": self.model,
            "names": list(self.documents),
            "made": None if made is None else made.isoformat(timespec="seconds"),
            "warnings": list(self.warnings),
        }


def digest_of(
    documents: Sequence[Document],
    pieces: Mapping[int, Sequence[Piece]],
    coverage: Coverage,
    model: str,
) -> Digest:
    """The digest that these pieces make; `pieces` are those of each document's number."""
    text = "\n\n".join(
        joined(n, pieces[n], title=document.name if len(documents) > 1 else "")
        for n, document in enumerate(documents, 1)
        if pieces.get(n)
    )
    every = [piece for each in pieces.values() for piece in each]
    return Digest(
        text=text,
        citations=tuple(check_citations(text, documents)),
        coverage=coverage,
        cost=_paid(every),
        model=model,
        documents=tuple(document.name for document in documents),
        made=min((piece.made for piece in every), default=None),
        warnings=tuple(about(pieces)),
    )


def joined(n: int, pieces: Sequence[Piece], title: str = "") -> str:
    """A document's pieces in page order, under its number in the prompt."""
    head = [f"# D{n}: {title}"] if title else []
    parts = [
        f"# {_label(n, piece)}\n{piece.text}" if len(pieces) > 1 else piece.text for piece in pieces
    ]
    return "\n\n".join([*head, *(numbered_as(part, n) for part in parts)])


def _label(n: int, piece: Piece) -> str:
    first, last = piece.pages[0], piece.pages[-1]
    return f"D{n} p. {first}" if first == last else f"D{n} pp. {first}-{last}"


def about(pieces: Mapping[int, Sequence[Piece]]) -> list[str]:
    """What to know of these pieces before anything rests on them, a sentence each."""
    notes: list[str] = []
    for n, held in sorted(pieces.items()):
        wrong = sum(piece.text.count(NOT_FOUND) for piece in held)
        if wrong:
            notes.append(
                say_of(
                    wrong,
                    "{document}: {number} place does not hold in the digest, as is marked there.",
                    "{document}: {number:,} places do not hold in the digest, as is marked there.",
                    document=f"D{n}",
                )
            )
        notes += [
            say(
                "{place}: the digest was cut off at its limit, and ends early.",
                place=_label(n, piece),
            )
            for piece in held
            if piece.cut
        ]
    return notes


def _paid(pieces: Sequence[Piece]) -> Cost:
    amounts = [piece.amount for piece in pieces]
    known = [amount for amount in amounts if amount is not None]
    currency = pieces[0].currency if pieces else "USD"
    return Cost(sum(known, Decimal(0)) if len(known) == len(amounts) else None, currency)
