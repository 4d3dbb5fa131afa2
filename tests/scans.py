"""Scanned documents for tests: pages of text, rendered to pictures and put into a PDF."""

from __future__ import annotations

import io
from collections.abc import Sequence

import pdfs
from PIL import Image, ImageDraw, ImageFont

from kimiqa.document import Document


def scanned(content: bytes | str, pages: Sequence[int] = (1,), dpi: int = 150) -> bytes:
    """A PDF of pictures of these pages of a PDF (its bytes or its path): no text layer."""
    document = Document.open(content, home=None)
    pictures = [
        Image.open(io.BytesIO(document.render(number, dpi))).convert("L") for number in pages
    ]
    return as_pdf(pictures, dpi)


def as_pdf(pictures: Sequence[Image.Image], dpi: int = 150) -> bytes:
    """A PDF with a page for each picture."""
    file = io.BytesIO()
    first, *others = pictures
    first.save(file, "PDF", save_all=True, append_images=others, resolution=dpi)
    return file.getvalue()


def letter(*texts: str) -> bytes:
    """A scanned letter with these pages."""
    return scanned(pdfs.make_pdf(texts), range(1, len(texts) + 1))


def mixed(text: str, picture: str) -> bytes:
    """A PDF with a page of text and a page that is a scan."""
    import pypdf

    writer = pypdf.PdfWriter()
    for content in (pdfs.make_pdf([text]), letter(picture)):
        writer.append(io.BytesIO(content))
    file = io.BytesIO()
    writer.write(file)
    return file.getvalue()


def drawn(text: str, size: int = 40) -> Image.Image:
    """A white page with one big line on it."""
    picture = Image.new("L", (1240, 1754), 255)
    font = ImageFont.load_default(size)
    ImageDraw.Draw(picture).text((120, 160), text, fill=0, font=font)
    return picture
