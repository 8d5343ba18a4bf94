"""The plan file of a staged prompt: a YAML block with its tasks, then prose. Pure."""

import re
from collections.abc import Iterator

from coordinator.formats.nested_yaml import Tree, read_nested
from coordinator.formats.yaml_reader import YamlError
from coordinator.lazy import regex
from coordinator.lazy.typing import Any, NamedTuple
from coordinator.model.problem import Problem
from coordinator.model.staged_context import DESCRIPTION, INSTRUCTIONS
from coordinator.model.staged_plan import Task, wrong_with
from coordinator.model.text import clip, plain

LIMIT = 512 * 1024
"""Bytes of a plan file."""
_KEYS = ("id", "description", "targetFiles", "instructions", "dependencies", "estimatedLines")
_FENCE = regex.compile(r"^```(?:ya?ml)?[ \t]*\r?\n(.*?)^```[ \t]*\r?$", 8 | 16)  # re.MULTILINE | re.DOTALL
_FRONT = regex.compile(r"\A\ufeff?---[ \t]*\r?\n(.*?)^---[ \t]*\r?$", 8 | 16)
_BARE = regex.compile(r"\A\ufeff?(tasks:.*?)(?=^\S(?<!-)|\Z)", 8 | 16)
_HEADING = regex.compile(r"^#{1,6}[ \t]+Plan[ \t]*\r?$", 2 | 8)  # re.IGNORECASE | re.MULTILINE
_HAS_TASKS = regex.compile(r"^tasks[ \t]*:", 8)
_LINES = regex.compile(r"[0-9]{1,7}")
_MOST_PROBLEMS = 20


class PlanFile(NamedTuple):
    """What a file says."""

    tasks: tuple[Task, ...]
    """Empty where it is no plan."""
    problems: tuple[Problem, ...] = ()
    """With an error among them there are no tasks."""


def read(data: bytes, path: str) -> PlanFile:
    """The tasks of a plan file; never raises."""
    if len(data) > LIMIT:
        return _bad(path, 1, "too-large", f"it has {len(data):,} bytes", f"{LIMIT // 1024} KiB are the most")
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        return _bad(path, line, "not-utf8", f"byte {error.start} is not UTF-8", "save the file as UTF-8")
    found = _block(text)
    if found is None:
        return _bad(path, 1, "no-tasks", "it has no block of tasks", "begin it with a YAML block: `tasks:` and a list")
    return _parsed(*found, path)


def brought(text: str, path: str, start: int = 0) -> PlanFile | None:
    """The plan that a prompt's file brings, in a fenced block below a heading `Plan`; None: it brings none.

    `start`: where its body begins, in characters.
    """
    for heading in _HEADING.finditer(text, start):
        fence = _FENCE.search(text, heading.end())
        if fence is not None and _HAS_TASKS.search(fence[1]):
            return _parsed(fence[1], text.count("\n", 0, fence.start(1)) + 1, path)
    return None


def _parsed(block: str, first_line: int, path: str) -> PlanFile:
    try:
        tree = read_nested(block, first_line)
    except YamlError as error:
        return _bad(path, error.line, error.code, error.message, error.remedy)
    tasks: list[Task] = []
    problems = list(_read_tasks(tree, path, tasks))
    places = {task.id: index for index, task in reversed(list(enumerate(tasks)))}
    for id_, message, remedy in wrong_with(tasks):
        line = tree.line("tasks", places[id_]) if id_ in places else tree.line("tasks")
        problems.append(_problem(path, line, "bad-task", f"{id_}: {message}" if id_ else message, remedy))
    if not tasks and not problems:
        problems.append(_problem(path, tree.line("tasks"), "no-tasks", "it has no task", "list what is to be done"))
    kept = tuple(problems[:_MOST_PROBLEMS])
    return PlanFile(() if any(not one.warning for one in problems) else tuple(tasks), kept)


def as_body(body: str, plan: str) -> str:
    """A prompt's body with a plan in it, which is read from there as it is from its file."""
    match = _match(plan)
    if match is None:
        return body
    prose = (plan[: match.start()] + plan[match.end() :]).strip()
    block = match[1].rstrip()
    return "\n\n".join(filter(None, (body.rstrip(), f"## Plan\n\n```yaml\n{block}\n```", prose))) + "\n"


def _block(text: str) -> tuple[str, int] | None:
    """The YAML with the tasks, and the line it begins in."""
    match = _match(text)
    return None if match is None else (match[1], text.count("\n", 0, match.start(1)) + 1)


def _match(text: str) -> "re.Match[str] | None":
    for pattern in (_FRONT, _BARE, _FENCE):
        for match in pattern.finditer(text):
            if _HAS_TASKS.search(match[1]):
                return match
    return None


def _read_tasks(tree: Tree, path: str, tasks: list[Task]) -> Iterator[Problem]:
    listed = tree.value.get("tasks")
    if not isinstance(listed, list):
        yield _problem(path, tree.line("tasks"), "bad-task", "`tasks` is no list", "write `- id: T1` below it")
        return
    for number, item in enumerate(listed):
        line = tree.line("tasks", number)
        if not isinstance(item, dict):
            yield _problem(path, line, "bad-task", "a task has keys", f"write {', '.join(_KEYS)}")
            continue
        for key in item:
            if key not in _KEYS:
                from difflib import get_close_matches

                close = get_close_matches(key[:80], _KEYS, 1)
                remedy = f"did you mean `{close[0]}`?" if close else f"it may have {', '.join(_KEYS)}"
                where = tree.line("tasks", number, key)
                yield _problem(path, where, "unknown-key", f"`{key}` says nothing in a task", remedy, warning=True)
        wrong = [key for key in _KEYS if not _fits(key, item.get(key))]
        if wrong:
            where = tree.line("tasks", number, wrong[0])
            yield _problem(path, where, "bad-task", f"{wrong[0]}: {_WANTED[wrong[0]]}", "correct it")
            continue
        for key, most in (("description", DESCRIPTION), ("instructions", INSTRUCTIONS)):
            if len(_text(item.get(key))) > most:
                message, where = f"{key}: more than {most:,} characters are cut", tree.line("tasks", number, key)
                yield _problem(path, where, "cut", message, "say it shorter, or make two tasks of it", warning=True)
        tasks.append(
            Task(
                _text(item["id"]),
                " ".join(plain(_text(item["description"])).split()),
                tuple(_texts(item.get("targetFiles"))),
                _text(item.get("instructions")),
                tuple(_texts(item.get("dependencies"))),
                int(_text(item.get("estimatedLines")) or 0),
            )
        )


_WANTED = {
    "id": "a name is missing, such as T3",
    "description": "a line is missing that says what it is",
    "targetFiles": "not a list of paths",
    "instructions": "not a text",
    "dependencies": "not a list of task ids",
    "estimatedLines": "not a whole number",
}


def _fits(key: str, value: Any) -> bool:
    if key in ("targetFiles", "dependencies"):
        return value in (None, "") or isinstance(value, str) or all(isinstance(one, str) for one in value)
    if key == "estimatedLines":
        return value in (None, "") or (isinstance(value, str) and _LINES.fullmatch(value) is not None)
    return (isinstance(value, str) and (bool(value.strip()) or key == "instructions")) or (
        value is None and key == "instructions"
    )


def _text(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value.strip()] if value.strip() else []
    return list(dict.fromkeys(one.strip() for one in value or ()))


def _bad(path: str, line: int, code: str, message: str, remedy: str) -> PlanFile:
    return PlanFile((), (_problem(path, line, code, message, remedy),))


def _problem(path: str, line: int, code: str, message: str, remedy: str, *, warning: bool = False) -> Problem:
    return Problem(path, line, code, clip(plain(message), 160), clip(plain(remedy), 200), warning=warning)
