"""A planned request → the deltas of its reply; the only door to the OpenAI SDK."""

from kimiqa.endpoint.calls import OpenAIEndpoint
from kimiqa.endpoint.checking import TestResult, check_endpoint
from kimiqa.endpoint.deltas import (
    Delta,
    Endpoint,
    FinishDelta,
    NoteDelta,
    ReasoningDelta,
    SentDelta,
    TextDelta,
    ToolCallDelta,
    UsageDelta,
    WaitDelta,
)
from kimiqa.endpoint.seen import Seen

__all__ = [
    "Delta",
    "Endpoint",
    "FinishDelta",
    "NoteDelta",
    "OpenAIEndpoint",
    "ReasoningDelta",
    "Seen",
    "SentDelta",
    "TestResult",
    "TextDelta",
    "ToolCallDelta",
    "UsageDelta",
    "WaitDelta",
    "check_endpoint",
]
