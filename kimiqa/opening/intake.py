"""From what the caller gave to bytes in the store."""

from __future__ import annotations

import builtins
import io
import os
from pathlib import Path
from typing import BinaryIO, Final

from kimiqa.errors import EmptyDocumentError, FileNotFoundError, NotADocumentError
from kimiqa.opening import source as source_folder
from kimiqa.opening.file import File
from kimiqa.opening.names import label
from kimiqa.saying import Said, say
from kimiqa.store import Store, store_for

Input = str | os.PathLike[str] | bytes | bytearray | memoryview | BinaryIO


class Default:
    """The home that the settings name."""


DEFAULT: Final = Default()
Home = str | os.PathLike[str] | None | Default


def store_of(home: Home) -> Store:
    """The store of a home."""
    return store_for(_folder(home))


def taken(source: Input, name: str | None, password: str | None, home: Home) -> File:
    """The caller's bytes as a file of the store. *Raises* `FileNotFoundError`,
    `NotADocumentError` for what gives no bytes, `EmptyDocumentError` for none."""
    store = store_of(home)
    shown = label(name if name is not None else _name_of(source))
    document_id, size = _take(store, source, shown)
    if size == 0:
        raise EmptyDocumentError(
            say("{shown} is empty: it has 0 bytes.", shown=shown), "Choose another file."
        )
    return File(store, document_id, shown, size, password)


def _folder(home: Home) -> Path | None:
    if home is None:
        return None
    if isinstance(home, Default):
        from kimiqa.settings import home_folder

        return home_folder()
    return Path(home)


def _take(store: Store, source: Input, shown: str) -> tuple[str, int]:
    """Put the bytes into the store. *Raises* `FileNotFoundError`."""
    try:
        if isinstance(source, str | os.PathLike):
            path = _regular(Path(source), shown)
            folder = path.is_dir()
            return source_folder.take(store, path, shown) if folder else store.take_path(path)
        if isinstance(source, bytes | bytearray | memoryview):
            return store.take(io.BytesIO(source))
        return store.take(_binary(source))
    except FileNotFoundError:  # our own, which says it already
        raise
    except OSError as error:
        raise FileNotFoundError(*_unavailable(store, shown, error)) from None


def _regular(path: Path, shown: str) -> Path:
    """A path that may be read to its end: a pipe may have none, and a device never has."""
    if "\0" in str(path):
        raise FileNotFoundError(say("{shown} does not exist.", shown=shown), "Check the path.")
    if path.exists() and not (path.is_file() or path.is_dir()):
        raise FileNotFoundError(
            say("{shown} is a pipe or a device, not a file.", shown=shown),
            "Save it to a file, and name that.",
        )
    return path


def _binary(source: BinaryIO) -> BinaryIO:
    """*Raises* `NotADocumentError` for what gives no bytes."""
    if isinstance(source, io.TextIOBase) or not hasattr(source, "read"):
        raise NotADocumentError(
            say("A {kind} gives no bytes.", kind=type(source).__name__),
            'Give a path, bytes, or a file that was opened with "rb".',
        )
    return source


def _unavailable(store: Store, shown: str, error: OSError) -> tuple[Said, Said]:
    """The sentence and the next step for a file that could not be copied."""
    if isinstance(error, builtins.FileNotFoundError | NotADirectoryError):
        return say("{shown} does not exist.", shown=shown), say("Check the path.")
    if isinstance(error, PermissionError):
        return say("{shown} may not be read.", shown=shown), say("Check its permissions.")
    return (
        say(
            "{shown} could not be copied to {folder} ({why}).",
            shown=shown,
            folder=store.folder,
            why=os.strerror(error.errno or 0),
        ),
        say("Make room there, or choose another home."),
    )


def _name_of(source: Input) -> str:
    if isinstance(source, str | os.PathLike):
        return os.fspath(source)
    name = getattr(source, "name", None)
    return name if isinstance(name, str) else "document"
