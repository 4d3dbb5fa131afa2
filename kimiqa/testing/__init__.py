"""A loopback server that speaks Kimi's dialect, for end-to-end tests without network or money.

It counts, caches and bills with code of its own, and draws its template overhead and the
lengths of reasoning at random when it starts, so that agreement with it means something.

    with kimiqa.testing.KimiServer(seed=7) as server:
        client = openai.OpenAI(base_url=server.base_url, api_key=server.key, max_retries=0)
        server.fault("rate_limit")
        ...
        assert server.billed == ...
"""

from __future__ import annotations

try:
    import python_multipart as _multipart  # noqa: F401  (Starlette needs it for uploads)
    import starlette as _starlette  # noqa: F401
    import uvicorn as _uvicorn  # noqa: F401
except ImportError as missing:
    message = "kimiqa.testing needs a web server: pip install 'kimiqa[testing]'"
    raise ImportError(message) from missing

from kimiqa.testing.answers import Scripted
from kimiqa.testing.billing import BillRow
from kimiqa.testing.catalogue import MODELS, Rates, ServedModel
from kimiqa.testing.chance import ReasoningLaw, Template
from kimiqa.testing.faults import Fault, FaultQueue
from kimiqa.testing.limits import TIERS, Limits
from kimiqa.testing.platform import Platform, Recorded
from kimiqa.testing.researching import Replies, Researcher, tool_call
from kimiqa.testing.server import KimiServer

__all__ = [
    "MODELS",
    "TIERS",
    "BillRow",
    "Fault",
    "FaultQueue",
    "KimiServer",
    "Limits",
    "Platform",
    "Rates",
    "ReasoningLaw",
    "Recorded",
    "Replies",
    "Researcher",
    "Scripted",
    "ServedModel",
    "Template",
    "tool_call",
]
