"""The file of a flow's receipt, `build_receipt.json`. Pure."""

from coordinator.formats.json_document import load_object, text_of
from coordinator.lazy.typing import Any
from coordinator.model.flow_receipt import Count, FlowReceipt
from coordinator.model.problem import Problem
from coordinator.model.text import plain

ENDING = "_receipt.json"
MOST = 500
"""Items of a list, and counts."""
_TEXTS = ("flow", "run_id", "status", "recommended_action", "route_to_flow", "route_to_agent", "completed_at")
_LISTS = ("missing_required", "key_artifacts", "blockers", "concerns")
_LONGEST = 2000


def read(data: bytes, path: str) -> FlowReceipt | Problem:
    """A receipt from its file; a Problem for what is none. Never raises; whether it can be believed is not asked."""
    document = load_object(data, path)
    if isinstance(document, Problem):
        return document
    if not isinstance(document.get("status"), str):
        message = "it has no `status`"
        return Problem(plain(path), 0, "no-status", message, 'write "status": VERIFIED, UNVERIFIED or CANNOT_PROCEED')
    said: dict[str, Any] = {name: text_of(document.get(name))[:_LONGEST].strip() for name in _TEXTS}
    said |= {name: _list(document.get(name)) for name in _LISTS}
    said |= {name: _counts(document.get(name)) for name in ("counts", "tests")}
    return FlowReceipt(**said)


def _list(value: object) -> tuple[str, ...]:
    """A list of texts; of an object, as some write it, its values."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, str):
        value = [value]
    return tuple(text_of(one)[:_LONGEST] for one in value[:MOST]) if isinstance(value, list) else ()


def _counts(value: object) -> dict[str, Count]:
    given = list(value.items())[:MOST] if isinstance(value, dict) else []
    return {name[:_LONGEST]: one for name, one in given if one is None or isinstance(one, int | float)}
