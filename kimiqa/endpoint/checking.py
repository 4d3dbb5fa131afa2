"""What works at an endpoint for nothing: reaching it, its key, its models."""

from __future__ import annotations

from dataclasses import dataclass

from kimiqa.endpoint.calls import OpenAIEndpoint
from kimiqa.errors import AuthError, KimiqaError, NoKeyError


@dataclass(frozen=True, slots=True)
class TestResult:
    """What was found. None: not tried, or it cannot be known."""

    __test__ = False  # pytest would take it for a test

    reachable: bool | None = None
    key_accepted: bool | None = None
    models: tuple[str, ...] = ()
    model_listed: bool | None = None
    error: KimiqaError | None = None

    @property
    def ok(self) -> bool:
        return self.error is None and self.model_listed is not False


async def check_endpoint(endpoint: OpenAIEndpoint, model: str) -> TestResult:
    """Try what costs nothing. Nothing is raised: what went wrong is in `error`."""
    try:
        listed = tuple(str(row["id"]) for row in await endpoint.models())
    except NoKeyError as error:
        return TestResult(error=error)
    except AuthError as error:
        return TestResult(reachable=True, key_accepted=False, error=error)
    except KimiqaError as error:
        return TestResult(reachable=getattr(error, "status", None) is not None, error=error)
    return TestResult(
        reachable=True, key_accepted=True, models=listed, model_listed=model in listed
    )
