"""A Planner's decision that a human confirms: the question about it, and what its answer means. Pure."""

from collections.abc import Iterable, Mapping

from coordinator.lazy.typing import Any
from coordinator.model.round import Decided
from coordinator.model.snapshot import Question
from coordinator.model.text import clip, plain

ABOUT = "plan:"
"""Begins what a question about a decision is about; the number of the decision's event follows."""
APPLY, REFUSE = "apply", "do not apply"
"""Answers on offer; any other one refuses too, and is the reason that the next Planner is told."""
_LINES = 60
"""Of a plan that are told in its question."""


def question_about(questions: Iterable[Question], decided: Decided) -> Question | None:
    """The question that was asked about a decision."""
    return next((one for one in questions if decision_of(one) == decided.seq), None)


def decision_of(question: Question) -> int | None:
    """The number of the decision that a question of the loop is about; None for any other question."""
    number = question.about.removeprefix(ABOUT)
    return int(number) if number != question.about and number.isdigit() else None


def is_yes(answer: str) -> bool:
    return answer.strip().casefold() in (APPLY, "yes", "y")


def text_of(decided: Decided) -> str:
    """The question about a decision."""
    intent = clip(plain(" ".join(decided.intent.split())), 300).rstrip(".")
    return f"The Planner of iteration {decided.iteration} has a plan{f': {intent}' if intent else ''}. Apply it?"


def context_of(decided: Decided) -> str:
    """What the plan holds, a line each, below the Planner's reason."""
    lines = [*_prompts(decided.plan), *_others(decided.plan)]
    left = [f"and {len(lines) - _LINES} more"] if len(lines) > _LINES else []
    return "\n".join([decided.reason.strip(), "", *lines[:_LINES], *left]).strip()


def _prompts(plan: Mapping[str, Any]) -> list[str]:
    return [
        f"+ {_line(item.get('title'))}"
        + (f", after {_names(item['dependencies'])}" if item.get("dependencies") else "")
        for item in _items(plan, "prompts")
    ]


def _others(plan: Mapping[str, Any]) -> list[str]:
    edits = [f"~ {item.get('number')}: {_names(item.get('set', ()))}" for item in _items(plan, "edits")]
    cancelled = plan.get("cancel")
    cancel = [f"- cancel {_names(cancelled)}"] if isinstance(cancelled, list) and cancelled else []
    found = [f"· finding {item.get('number')}: {_line(item.get('status'))}" for item in _items(plan, "feedback")]
    return [*edits, *cancel, *found, *(["· new text of learnings.md"] if plan.get("learnings") else [])]


def _items(plan: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    found = plan.get(key)
    return [item for item in found if isinstance(item, Mapping)] if isinstance(found, list) else []


def _names(names: Iterable[object]) -> str:
    return ", ".join(_line(name) for name in names)


def _line(text: object) -> str:
    return clip(plain(" ".join(str(text).split())), 200)
