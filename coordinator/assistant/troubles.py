"""What goes wrong with the API, in words for people."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from coordinator.assistant.quoting import line
from coordinator.assistant.voice import Troubled
from coordinator.lazy.typing import Any

_TOO_LONG = ("too long", "exceed", "context window", "context length")


def trouble_of(error: BaseException, model: str, now: datetime) -> Troubled | None:
    """What an error of the SDK, or of the connection, means; None for what is no such error."""
    import anthropic
    import httpx2

    if isinstance(error, anthropic.APIStatusError):
        return _status(error, model, now)
    if isinstance(error, anthropic.APITimeoutError | httpx2.TimeoutException):
        return Troubled("dropped", "the model's service did not answer in time; retry sends the same again")
    if isinstance(error, httpx2.ConnectError):
        return _unreachable(error)
    if isinstance(error, anthropic.APIConnectionError):
        cause = error.__cause__
        met = isinstance(cause, httpx2.ReadError | httpx2.RemoteProtocolError | httpx2.WriteError)
        return dropped() if met else _unreachable(cause or error)
    if isinstance(error, httpx2.TransportError):
        return dropped()
    if isinstance(error, anthropic.AnthropicError):
        return Troubled("other", f"the model's service can't be used: {line(str(error))}")
    return None


def dropped() -> Troubled:
    """The stream ended in the middle."""
    return Troubled("dropped", "the connection broke off in the middle of the answer; retry sends the same again")


def _unreachable(error: BaseException) -> Troubled:
    return Troubled(
        "no_network", f"the model's service can't be reached ({line(str(error), 120)}); is there a network?"
    )


def _status(error: Any, model: str, now: datetime) -> Troubled:
    said, status, kind = line(error.api_message or "", 300), error.status_code, error.type
    if status in (401, 403):
        return Troubled("wrong_key", f"the API key is not accepted ({said or status}): check ANTHROPIC_API_KEY")
    if status == 429 or kind == "rate_limit_error":
        reset = _reset(error.response.headers, now)
        until = f" until {reset:%H:%M:%S} UTC" if reset is not None else ""
        return Troubled("rate_limit", f"the rate limit of the API key is reached{until}", _iso(reset))
    if status in (503, 529) or kind == "overloaded_error":
        return Troubled("overloaded", "the model's service is overloaded; retry in a moment", _iso(_after(error, now)))
    if status == 413 or (status == 400 and any(words in said.lower() for words in _TOO_LONG)):
        return Troubled("too_long", "the conversation is too long for the model; retry goes on without its older part")
    if status == 402:
        return Troubled("other", f"the account has no credit left ({said})")
    if status == 404:
        return Troubled("other", f"there is no model `{line(model, 60)}` there: set `chat_model` in .coord/coord.yaml")
    return Troubled("other", f"the model's service answers {status}: {said or 'nothing else'}")


def _reset(headers: Mapping[str, str], now: datetime) -> datetime | None:
    """When a limit ends: what the service says in seconds, else the latest of the ends that it names."""
    after = _seconds(headers.get("retry-after", ""), now)
    if after is not None:
        return after
    ends = [_instant(value) for name, value in headers.items() if name.endswith("-reset")]
    return max((end for end in ends if end is not None), default=None)


def _after(error: Any, now: datetime) -> datetime | None:
    return _seconds(error.response.headers.get("retry-after", ""), now)


def _seconds(text: str, now: datetime) -> datetime | None:
    whole = text.strip().partition(".")[0]
    return now + timedelta(seconds=min(int(whole), 10**7)) if whole.isascii() and whole.isdigit() else None


def _instant(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def _iso(when: datetime | None) -> str:
    return "" if when is None else when.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
