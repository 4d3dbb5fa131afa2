"""Kimi's own file extraction: a file goes up, its text comes down, and the file is deleted."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import anyio

from kimiqa.endpoint.complaints import Asked, read_complaint
from kimiqa.endpoint.connecting import Handover
from kimiqa.endpoint.faults import reported
from kimiqa.endpoint.wire import REMOVE, FaultError, Upload, closing, read_whole, send
from kimiqa.errors import BadRequestError, BrokenReplyError, DeadlineError, KimiqaError
from kimiqa.saying import Said, joined, say
from kimiqa.settings import is_loopback, provider_at

if TYPE_CHECKING:
    import openai

MOST_BYTES = 100 * (1 << 20)
"""The platform takes no larger file."""
MOST_SECONDS = 300.0
_READY_SECONDS = 60.0
"""How long the text of a file that is up may be waited for."""
_PAUSE_SECONDS = 0.5
_CLEAN_UP_SECONDS = 15.0
_MOST_TEXT = 400 * (1 << 20)


def offered(base_url: str) -> None:
    """*Raises* `BadRequestError`: the endpoint extracts no files."""
    provider = provider_at(base_url)
    if not is_loopback(base_url) and (provider is None or provider.name != "moonshot"):
        raise BadRequestError(
            say("{base_url} extracts no text from files.", base_url=base_url),
            "Moonshot's platform (Kimi) does.",
        )


def remote_name(name: str) -> str:
    """What a file is called there: its kind is told by its ending, and nothing else is told."""
    _, dot, ending = name.rpartition(".")
    kept = ending.lower() if dot and ending.isascii() and ending.isalnum() else ""
    return f"kimiqa-{uuid.uuid4().hex[:12]}" + (f".{kept}" if kept else "")


class Extraction:
    """One file at the platform, from its upload to its end."""

    def __init__(self, client: openai.AsyncOpenAI, asked: Asked) -> None:
        self._client, self._asked = client, asked
        self._handover = Handover()

    async def text(self, name: str, content: bytes) -> tuple[str, Said]:
        """The file's text, and a note where the file could not be deleted afterwards.

        The file is deleted there whatever happens: where its upload was not even answered, it
        is looked for by its name.
        """
        if len(content) > MOST_BYTES:
            raise BadRequestError(
                say(
                    "The file has {content:,} bytes; Kimi extracts at most {most_bytes:,}.",
                    content=len(content),
                    most_bytes=MOST_BYTES,
                ),
                "Nothing was sent. Split the file, or read it here.",
            )
        try:
            with anyio.fail_after(MOST_SECONDS):
                found = await self._extracted(name, content)
        except TimeoutError:
            failure: KimiqaError | None = DeadlineError(
                say(
                    "{host} did not extract the file within {most_seconds:.0f} seconds.",
                    host=self._asked.host,
                    most_seconds=MOST_SECONDS,
                ),
                "Read it here, or try again later.",
            )
        except KimiqaError as error:
            failure = error
        except BaseException:
            await self._removed(name)
            raise
        else:
            failure = None
        left = await self._removed(name)
        if failure:
            failure.hint = joined([failure.hint, left])
            raise failure
        return found, left

    async def _extracted(self, name: str, content: bytes) -> str:
        answer = await self._call("/files", Upload(name, content, "file-extract"))
        file_id = answer.get("id") if isinstance(answer, dict) else None
        if not isinstance(file_id, str) or not file_id.replace("_", "").replace("-", "").isalnum():
            raise BrokenReplyError(
                say("{host} took the file without naming it.", host=self._asked.host)
            )
        return await self._content(file_id)

    async def _content(self, file_id: str) -> str:
        """The text, once it is ready: the platform does not say whether that is at once."""
        with anyio.move_on_after(_READY_SECONDS) as waiting:
            while True:
                try:
                    return _text_in(await self._bytes(f"/files/{file_id}/content"))
                except KimiqaError as error:
                    if "not ready" not in error.message.lower():
                        raise
                await anyio.sleep(_PAUSE_SECONDS)
        assert waiting.cancelled_caught
        raise DeadlineError(
            say(
                "{host} had no text of the file after {ready_seconds:.0f} seconds.",
                host=self._asked.host,
                ready_seconds=_READY_SECONDS,
            ),
            "Read it here, or try again later.",
        )

    async def _removed(self, name: str) -> Said:
        """Delete the file, if it may be there; what to say where that failed."""
        if not self._handover.possible:
            return Said("")
        with anyio.move_on_after(_CLEAN_UP_SECONDS, shield=True):
            try:
                listed = await self._call("/files")
                rows = listed.get("data") if isinstance(listed, dict) else None
                for row in rows if isinstance(rows, list) else ():
                    if isinstance(row, dict) and row.get("filename") == name:
                        await self._bytes(f"/files/{row['id']}", REMOVE)
                return Said("")
            except (KimiqaError, KeyError):
                pass
        return say(
            "The file {name} may still be at {host}: delete it there.",
            name=name,
            host=self._asked.host,
        )

    async def _call(self, path: str, body: Any = None) -> Any:
        data = await self._bytes(path, body)
        try:
            return json.loads(data)
        except ValueError:
            raise BrokenReplyError(
                say("{host} did not answer with JSON.", host=self._asked.host)
            ) from None

    async def _bytes(self, path: str, body: Any = None) -> bytes:
        fault: KimiqaError | None = None
        try:
            handover = self._handover if isinstance(body, Upload) else Handover()
            response = await send(self._client, path, body, self._asked, handover)
            async with closing(response):
                data = await read_whole(response, self._asked, _MOST_TEXT)
            return _free(data, self._asked)
        except FaultError as error:
            fault = error.fault.error
        raise fault


def _free(data: bytes, asked: Asked) -> bytes:
    """*Raises* where the reply is an error that calls itself a success."""
    if data[:9].lstrip().startswith(b'{"error"'):
        found = json.loads(data)
        if isinstance(found, Mapping) and found.get("error"):
            raise reported(read_complaint(found, asked), asked)
    return data


def _text_in(data: bytes) -> str:
    """The text of a reply: documented as text, and seen as JSON."""
    text = data.decode("utf-8", "replace")
    if text.lstrip().startswith("{"):
        try:
            found = json.loads(text)
        except ValueError:
            return text
        if isinstance(found, dict) and isinstance(found.get("content"), str):
            return str(found["content"])
    return text
