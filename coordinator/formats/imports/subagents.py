"""Plans of staged subagents: the `tasks:` block of a plan file, and how far the state beside it says that they are."""

from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

from coordinator.formats.imports.json_text import change, load
from coordinator.formats.imports.task_file import noted
from coordinator.formats.imports.text import decoded, one_line, status_of
from coordinator.formats.yaml_reader import YamlError
from coordinator.formats.yaml_tree import Text, read_tree
from coordinator.lazy import regex
from coordinator.lazy.typing import Any, NamedTuple
from coordinator.model.imported import Detected, Form, Item, Items, TaskStatus, Tree, WriteBack
from coordinator.model.problem import Problem
from coordinator.model.text import amount, plain

STATES = (".agents/subagents-state.json", ".agents/tmp/state.json")
"""Where the state of a project's one workflow lies, of its first version and of the next."""
_RESULTS = ".agents/tmp/phases/2.1-tasks.json"
_BLOCK = regex.compile(r"(?m)^tasks:[ \t]*(?:#.*)?\r?$")
_END = regex.compile(r"(?m)^(?:---|\.\.\.|```|~~~)")
_OVER = frozenset(("completed", "done"))


class Block(NamedTuple):
    """The tasks of a plan file, and where they stand."""

    tasks: list[Any]
    problem: Problem | None = None


def _may_be(path: str) -> bool:
    return path.endswith((*STATES, _RESULTS)) or (path.endswith(".md") and "plan" in path.casefold())


def _is_plan(path: str, data: bytes) -> bool:
    return path.endswith(".md") and b"tasks:" in data and b"targetFiles" in data


def block(data: bytes, path: str) -> Block:
    """The list `tasks:` of a plan file, in its frontmatter or in a fence. Empty where it has none."""
    text = decoded(data, path)
    if isinstance(text, Problem):
        return Block([], text)
    begin = _BLOCK.search(text)
    if begin is None:
        return Block([])
    end = _END.search(text, begin.end())
    line = text.count("\n", 0, begin.start()) + 1
    try:
        found = read_tree(text[begin.start() : end.start() if end else len(text)], line).get("tasks")
    except YamlError as error:
        return Block([], Problem(plain(path), error.line, error.code, error.message, error.remedy))
    return Block(found if isinstance(found, list) else [])


def _is_task(one: object) -> bool:
    return isinstance(one, dict) and {"id", "description", "targetFiles"} <= one.keys()


def _detect(tree: Tree) -> Detected | None:
    plans = [path for path, data in tree.files.items() if _is_plan(path, data)]
    count = sum(_is_task(one) for path in plans for one in block(tree.files[path], path).tasks)
    return Detected(0.9, f"{amount(count, 'task')} with targetFiles and instructions") if count else None


def _read(tree: Tree) -> Items:
    items: list[Item] = []
    problems: list[Problem] = []
    for path, data in tree.files.items():
        if not _is_plan(path, data):
            continue
        found = block(data, path)
        if found.problem is not None:
            problems.append(found.problem)
        said = _statuses(tree, path)
        for one in found.tasks:
            item = _item(path, one, said)
            if item is None:
                told = "a task without an id"
                problems.append(Problem(plain(path), 1, "no-id", told, "give it one there", warning=True))
            else:
                items.append(item)
    return Items(tuple(items), tuple(problems))


def _item(path: str, one: object, said: Mapping[str, str]) -> Item | None:
    values = one if isinstance(one, dict) else {}
    name = _word(values, "id")
    if not name:
        return None
    word = said.get(name, said.get("", ""))
    return Item(
        key=_key(path, name),
        title=one_line(_word(values, "description")) or name,
        path=path,
        line=values["id"].line if isinstance(values["id"], Text) else 1,
        status=status_of(word) or TaskStatus.TODO,
        word=word,
        body=noted(_word(values, "instructions"), {"Files": _words(values, "targetFiles")}),
        dependencies=tuple(_key(path, each) for each in _words(values, "dependencies")),
    )


def _key(path: str, name: str) -> str:
    return f"{PurePosixPath(path).stem}/{name}"


def _word(values: Mapping[str, Any], key: str) -> str:
    value = values.get(key, "")
    return str(value).strip() if isinstance(value, str) else ""


def _words(values: Mapping[str, Any], key: str) -> tuple[str, ...]:
    value = values.get(key)
    listed = value if isinstance(value, list) else [value]
    return tuple(str(each).strip() for each in listed if isinstance(each, str) and each.strip())


# ── how far they are


def _statuses(tree: Tree, plan: str) -> dict[str, str]:
    """What the state says of the tasks of a plan: id → its word; under the empty id what holds for all others."""
    for path, document in _states(tree):
        named = _word(document, "planFilePath")
        if named and not _same(named, plan, path):
            continue
        found: dict[str, str] = {}
        for holder, _ in _holders(document):
            for _, one in _listed(holder):
                if isinstance(one, dict) and _word(one, "id"):
                    found.setdefault(_word(one, "id"), _word(one, "status"))
        phase = _at(document, "stages", "IMPLEMENT", "phases", "2.1")
        if named and isinstance(phase, dict) and _word(phase, "status") in _OVER and not found:
            found[""] = "completed"
        return found
    return {}


def _states(tree: Tree) -> Iterator[tuple[str, dict[str, Any]]]:
    """The states, and the file of results of a workflow of the second version."""
    for path, data in tree.files.items():
        if path.endswith((*STATES, _RESULTS)):
            document = load(data, path)
            if isinstance(document, dict):
                yield path, document


def _same(named: str, plan: str, state: str) -> bool:
    """Whether a state means this plan: the path is of the project that the state lies in."""
    root = state[: -len(next(each for each in (*STATES, _RESULTS) if state.endswith(each)))]
    return f"{root}{named.removeprefix('./')}" == plan


def _holders(document: Mapping[str, Any]) -> Iterator[tuple[object, tuple[str | int, ...]]]:
    """Where a state may have tasks, and the way there."""
    yield document.get("tasks"), ("tasks",)
    way = ("stages", "IMPLEMENT", "phases", "2.1", "tasks")
    yield _at(document, *way), way
    waves = document.get("waves")
    for place, wave in enumerate(waves if isinstance(waves, list) else ()):
        if isinstance(wave, dict):
            yield wave.get("tasks"), ("waves", place, "tasks")


def _listed(holder: object) -> Iterator[tuple[str | int, object]]:
    """Tasks of a list, or of a mapping by id."""
    if isinstance(holder, list):
        yield from enumerate(holder)
    elif isinstance(holder, dict):
        for name, one in holder.items():
            yield name, {"id": name, **one} if isinstance(one, dict) else {"id": name, "status": one}


def _at(document: object, *way: str) -> object:
    for key in way:
        document = document.get(key) if isinstance(document, dict) else None
    return document


def _write_back(tree: Tree, item: Item, status: TaskStatus) -> WriteBack:
    """Only a state that lists its tasks can be told; the plan file says nothing of how far they are."""
    words = {TaskStatus.DONE: "completed", TaskStatus.IN_PROGRESS: "in_progress", TaskStatus.BLOCKED: "blocked"}
    name = item.key.partition("/")[2]
    if item.status is status:
        return ()
    for path, document in _states(tree):
        named = _word(document, "planFilePath")
        if named and not _same(named, item.path, path):
            continue
        for holder, way in _holders(document):
            for place, one in _listed(holder):
                if isinstance(one, dict) and _word(one, "id") == name:
                    plain_one = isinstance(holder, dict) and not isinstance(holder[str(place)], dict)
                    return change(
                        tree.files[path], path, words[status], *way, place, *(() if plain_one else ("status",))
                    )
    return ()


FORM = Form("subagents", "plans of staged subagents: tasks with targetFiles", _may_be, _detect, _read, _write_back)
