"""The file of a finding: frontmatter that tells what became of it, and what was found in three sections."""

import re

from coordinator.formats.flat_yaml import Nested, Value
from coordinator.formats.frontmatter import parse_split, split
from coordinator.formats.prompt_names import render_value, slug
from coordinator.formats.scalars import Scalar
from coordinator.lazy import regex
from coordinator.lazy.typing import TypeVar
from coordinator.model.feedback import Feedback, FeedbackStatus
from coordinator.model.problem import Problem
from coordinator.model.prompt import Priority

SECTIONS = {"issue": "Issue", "impact": "Impact", "suggestion": "Suggestion"}
"""Part of a finding → heading of its section."""
_NAME = regex.compile(r"([0-9]{3,9})-[a-z0-9-]+\.md")
_HEADING = regex.compile(r"^## +(\w+) *#* *$", re.MULTILINE)
_ESCAPED = regex.compile(r"^\\(\\*#)", re.MULTILINE)
_SPECIAL = regex.compile(r"^(\\*#)", re.MULTILINE)
_NUMBER = regex.compile(r"[0-9]{1,9}")

T = TypeVar("T", Priority, FeedbackStatus)


def file_name(number: int, title: str) -> str:
    """`007-refuse-negative-costs.md`."""
    name = slug(title)
    return f"{number:03d}-{name if name != slug('') else 'finding'}.md"


def number_of(name: str) -> int:
    """7 for `007-refuse-negative-costs.md`; 0 for what is no file of a finding."""
    match = _NAME.fullmatch(name)
    return int(match[1]) if match else 0


def render(item: Feedback) -> bytes:
    """A new file for a finding."""
    values: dict[str, Scalar | list[int]] = {
        "number": item.number,
        "title": " ".join(item.title.split()),
        "priority": item.priority.value,
        "category": item.category,
        "source": item.source,
        "status": item.status.value,
        "prompts": list(item.prompts),
        "location": item.location,
        "milestone": item.milestone,
        "iteration": item.iteration,
    }
    front = [f"{key}: {render_value(value)}" for key, value in values.items()]
    parts = [
        f"## {title}\n\n{_written(getattr(item, part))}" for part, title in SECTIONS.items() if getattr(item, part)
    ]
    return "\n".join(("---", *front, "---", "", "\n\n".join(parts), "")).encode("utf-8", "replace")


def read(data: bytes, path: str, number: int) -> Feedback | Problem:
    """A finding from its file; what is wrong with that as a Problem. `number` is the one in the file's name."""
    parts = split(data, path)
    front = parts if isinstance(parts, Problem) else parse_split(parts, data, path)
    if isinstance(front, Problem) or isinstance(parts, Problem):
        return front if isinstance(front, Problem) else parts  # type: ignore[return-value]
    values = front.values
    title = _text(values.get("title"))
    if not title:
        return Problem(path, front.lines.get("title", 1), "no-title", "it has no title", "write `title:`")
    priority = _one_of(Priority, values.get("priority"), Priority.MEDIUM)
    status = _one_of(FeedbackStatus, values.get("status"), FeedbackStatus.OPEN)
    for key, found in (("priority", priority), ("status", status)):
        if found is None:
            allowed = ", ".join(Priority if key == "priority" else FeedbackStatus)
            return Problem(path, front.lines[key], f"bad-{key}", f"{key}: not one of {allowed}", "correct it")
    assert priority is not None
    assert status is not None
    sections = _sections("\n".join(parts.text[parts.body :].splitlines()))
    return Feedback(
        number,
        title,
        priority,
        status=status,
        prompts=_numbers(values.get("prompts")),
        iteration=next(iter(_numbers(values.get("iteration"))), 0),
        path=path,
        document=data,
        **{key: _text(values.get(key)) for key in ("category", "source", "location", "milestone", "reason")},
        **{part: sections.get(title.casefold(), "") for part, title in SECTIONS.items()},
    )


def _sections(body: str) -> dict[str, str]:
    """Heading, in small letters → what stands below it."""
    found = list(_HEADING.finditer(body))
    ends = [*(match.start() for match in found), len(body)][1:]
    texts = (body[match.end() : end].strip() for match, end in zip(found, ends, strict=False))
    return {match[1].casefold(): _ESCAPED.sub(r"\1", text) for match, text in zip(found, texts, strict=True)}


def _written(text: str) -> str:
    """Words in a section: a line that would be a heading is escaped."""
    return _SPECIAL.sub(r"\\\1", text.strip())


def _text(value: Value | None) -> str:
    return " ".join(value.split()) if isinstance(value, str) and not isinstance(value, Nested) else ""


def _numbers(value: Value | None) -> tuple[int, ...]:
    texts = (value,) if isinstance(value, str) else value or ()
    return tuple(int(text) for text in texts if _NUMBER.fullmatch(text))


def _one_of(kind: type[T], value: Value | None, default: T) -> T | None:
    """None for a text that is none of them."""
    text = _text(value).casefold()
    if not text:
        return default
    try:
        return kind(text)
    except ValueError:
        return None
