"""What a ZIP is, by what it holds, whatever its name says."""

from __future__ import annotations

from kimiqa.reading.office.package import Package
from kimiqa.reading.parts import WorkerRefused

_MAIN = (
    ("word/", "docx"),
    ("ppt/", "pptx"),
    ("xl/workbook.xml", "xlsx"),
)
_OTHERS = (
    ("xl/workbook.bin", "an Excel binary workbook (.xlsb)"),
    ("META-INF/MANIFEST.MF", "a Java archive"),
    ("AndroidManifest.xml", "an Android app"),
    ("visio/", "a Visio drawing"),
    ("Index/Document.iwa", "a Pages, Numbers or Keynote file"),
)
_TYPES = {
    "application/epub+zip": "epub",
    "application/vnd.oasis.opendocument.text": "an OpenDocument text (.odt)",
    "application/vnd.oasis.opendocument.spreadsheet": "an OpenDocument spreadsheet (.ods)",
    "application/vnd.oasis.opendocument.presentation": "an OpenDocument presentation (.odp)",
}
KINDS = ("docx", "pptx", "xlsx", "epub")


def kind_of(path: str) -> str:
    """One of `KINDS`. *Raises* `WorkerRefused` that says what it is instead."""
    package = Package(path)
    kind = _by_type(package) or _by_names(package)
    if kind not in KINDS:
        raise WorkerRefused("foreign", kind)
    return kind


def _by_type(package: Package) -> str | None:
    if "mimetype" not in package.names or package.size("mimetype") > 200:
        return None
    said = package.read("mimetype").decode("ascii", "replace").strip()
    return _TYPES.get(said)


def _by_names(package: Package) -> str:
    names = package.names
    if "[Content_Types].xml" in names:
        for begin, kind in _MAIN:
            if any(name.startswith(begin) for name in names):
                return kind
    if "META-INF/container.xml" in names:
        return "epub"
    for begin, kind in _OTHERS:
        if any(name.startswith(begin) for name in names):
            return kind
    shown = "file" if len(names) == 1 else "files"
    return f"a ZIP archive of {len(names):,} {shown}" if names else "an empty ZIP archive"
