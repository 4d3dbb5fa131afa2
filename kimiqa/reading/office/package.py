"""A ZIP of XML parts, read within limits: sizes as declared, no document type definitions,
nothing from outside the file, and no archive within the archive."""

from __future__ import annotations

import posixpath
import zipfile
import zlib
from collections.abc import Iterator
from xml.etree import ElementTree
from xml.parsers import expat

from kimiqa.reading.parts import WorkerRefused

MOST_ENTRIES = 50_000
MOST_PART_BYTES = 192 << 20
MOST_BYTES = 512 << 20
"""What may be unpacked of one file: whoever claims less than there is gets less."""

_RELATION = "{http://schemas.openxmlformats.org/package/2006/relationships}Relationship"
_BLOCK = 1 << 16
_ENCRYPTED = 1

Relations = dict[str, tuple[str, str]]
"""Id → the last word of its kind, and the part it leads to."""


class Package:
    """An open ZIP. *Raises* `WorkerRefused` for what is damaged, locked or too large."""

    def __init__(self, path: str) -> None:
        try:
            self._zip = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, OSError, ValueError, RuntimeError) as error:
            raise WorkerRefused("damaged", f"the ZIP archive is damaged ({error})") from None
        self._left = MOST_BYTES
        names = self._zip.namelist()
        if len(names) > MOST_ENTRIES:
            raise WorkerRefused("too_large", f"the archive holds {len(names):,} files")
        self.names = set(names)

    def read(self, name: str) -> bytes:
        """The bytes of a part."""
        try:
            entry = self._zip.getinfo(name)
            self._admit(entry)
            return self._zip.read(entry)
        except KeyError:
            raise WorkerRefused("damaged", f"{name} is missing") from None
        except (zipfile.BadZipFile, zlib.error, EOFError, OSError, ValueError) as error:
            raise WorkerRefused("damaged", f"{name} is damaged ({error})") from None
        except RuntimeError as error:  # a way of packing that is not known here
            raise WorkerRefused("damaged", f"{name} cannot be unpacked ({error})") from None

    def size(self, name: str) -> int:
        """How large a part is once it is unpacked, as far as it may be."""
        return self._zip.getinfo(name).file_size

    def _admit(self, entry: zipfile.ZipInfo) -> None:
        if entry.flag_bits & _ENCRYPTED:
            raise WorkerRefused("password", f"{entry.filename} is encrypted")
        self._left -= entry.file_size
        if entry.file_size > MOST_PART_BYTES or self._left < 0:
            raise WorkerRefused(
                "too_large", f"{entry.filename} is {entry.file_size:,} bytes once unpacked"
            )

    def xml(self, name: str) -> ElementTree.Element:
        """The tree of a part."""
        return tree(self.read(name), name)

    def xml_if(self, name: str | None) -> ElementTree.Element | None:
        """The tree of a part, where there is one."""
        return self.xml(name) if name in self.names and name is not None else None

    def relations(self, name: str) -> Relations:
        """Where a part leads inside the file. What leads outside is not followed."""
        folder, _, last = name.rpartition("/")
        root = self.xml_if(posixpath.join(folder, "_rels", f"{last}.rels"))
        found: Relations = {}
        for each in root.iter(_RELATION) if root is not None else ():
            if each.get("TargetMode") == "External":
                continue
            target = each.get("Target", "")
            path = target[1:] if target.startswith("/") else posixpath.join(folder, target)
            kind = each.get("Type", "").rpartition("/")[2]
            found[each.get("Id", "")] = (kind, posixpath.normpath(path))
        return found

    def related(self, name: str, kind: str) -> Iterator[str]:
        """The parts of a kind that a part leads to, where they are there."""
        for other, path in self.relations(name).values():
            if other == kind and path in self.names:
                yield path


def tree(content: bytes, name: str) -> ElementTree.Element:
    """XML as a tree; none with a document type definition, which is where entities come from."""
    try:
        if _defines(content):
            raise WorkerRefused("damaged", f"{name} defines entities, which no such file does")
        return ElementTree.fromstring(content)
    except (ElementTree.ParseError, expat.ExpatError, ValueError, LookupError) as error:
        raise WorkerRefused("damaged", f"{name} is not well-formed ({error})") from None


class _Body(Exception):
    """The first element: no definition can follow."""


def _defines(content: bytes) -> bool:
    """Whether a document type definition stands before the first element."""
    found: list[bool] = []

    def body(*_: object) -> None:
        raise _Body

    def doctype(*_: object) -> None:
        found.append(True)
        raise _Body

    parser = expat.ParserCreate()
    parser.StartElementHandler = body
    parser.StartDoctypeDeclHandler = doctype
    try:
        for at in range(0, len(content), _BLOCK):
            parser.Parse(content[at : at + _BLOCK], at + _BLOCK >= len(content))
    except _Body:
        pass
    return bool(found)
