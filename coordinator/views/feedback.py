"""What is said of findings, to programs and to people."""

from coordinator.lazy.typing import Any
from coordinator.model.feedback import Feedback


def finding_json(item: Feedback) -> dict[str, Any]:
    """A finding as one of a list."""
    return {
        "number": item.number,
        "title": item.title,
        "priority": item.priority.value,
        "category": item.category or None,
        "status": item.status.value,
        "source": item.source or None,
        "location": item.location or None,
        "prompts": list(item.prompts),
        "path": item.path,
    }


def whole_json(item: Feedback) -> dict[str, Any]:
    """All of it."""
    return finding_json(item) | {
        "issue": item.issue,
        "impact": item.impact,
        "suggestion": item.suggestion,
        "reason": item.reason or None,
        "milestone": item.milestone or None,
        "iteration": item.iteration or None,
    }


def became(item: Feedback) -> str:
    """`open`, `planned as 07, 09`, `waived: reason`."""
    prompts = ", ".join(f"{number:02d}" for number in item.prompts)
    word = item.status.value + (f" as {prompts}" if prompts else "")
    return f"{word}: {item.reason}" if item.reason and not item.open else word
