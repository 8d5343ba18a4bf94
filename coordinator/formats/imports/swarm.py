"""Runs of a swarm pack: what is left of `.runs/RUN/`, its subtasks, points of its worklists, or its criteria."""

from collections.abc import Iterator, Mapping
from pathlib import PurePosixPath

from coordinator.formats import ledger
from coordinator.formats.imports.json_text import Span, change, index, load
from coordinator.formats.imports.task_file import noted
from coordinator.formats.imports.text import decoded, offset, one_line, patched, priority_of, put, status_of
from coordinator.formats.yaml_reader import YamlError
from coordinator.formats.yaml_tree import Text, read_tree
from coordinator.lazy.dataclass import replace
from coordinator.lazy.typing import Any
from coordinator.model.imported import BytePatch, Detected, Form, Item, Items, TaskStatus, Tree, WriteBack
from coordinator.model.ledger import Entry, State, state_of
from coordinator.model.problem import Problem
from coordinator.model.prompt import Priority
from coordinator.model.text import amount, clip, plain

SUBTASKS, _WORKLIST = "subtasks.yaml", "_worklist.json"
_SEALS = ("wisdom/wisdom_receipt.json", "gate/gate_receipt.json", "build/build_receipt.json")
"""What tells that a run's subtasks are done, whatever they say themselves; the first that is there counts."""
_LIST, _POINTS = "subtasks", "items"
_TITLE = 120
"""Characters of a point that become a title."""
_SUBTASK_WORDS = {TaskStatus.IN_PROGRESS: "DOING", TaskStatus.DONE: "DONE"}
_POINT_WORDS = {TaskStatus.DONE: "RESOLVED"}
_STATUSES = {"todo": TaskStatus.TODO, "doing": TaskStatus.IN_PROGRESS, "pending": TaskStatus.TODO}
_COUNTED = {"pending": "PENDING", "resolved": "RESOLVED", "skipped": "SKIPPED"}
"""Counts of a worklist's summary, and the status of what they count."""
_SEVERITIES = {"critical": Priority.HIGH, "major": Priority.MEDIUM, "minor": Priority.LOW}


def _may_be(path: str) -> bool:
    return PurePosixPath(path).name in (SUBTASKS, ledger.NAME) or path.endswith((_WORKLIST, *_SEALS))


def _detect(tree: Tree) -> Detected | None:
    count = 0
    for path, data in tree.files.items():
        if _is_subtasks(path, data):
            count += sum(_is_subtask(one) for one in _subtasks_of(data, path))
        elif path.endswith(_WORKLIST):
            document = load(data, path)
            count += sum(map(_is_point, _points_of(document)))
        elif path.endswith(ledger.NAME):
            count += len(_criteria_of(tree, path, data))
    return Detected(0.9, f"{amount(count, 'task')} of a swarm's runs") if count else None


def _read(tree: Tree) -> Items:
    items: list[Item] = []
    problems: list[Problem] = []
    for path, data in tree.files.items():
        if _is_subtasks(path, data):
            _read_subtasks(path, data, _is_sealed(tree, path), items, problems)
        elif path.endswith(_WORKLIST):
            _read_points(path, data, items, problems)
        elif path.endswith(ledger.NAME):
            items += _criteria_of(tree, path, data)
    return Items(tuple(items), tuple(problems))


def _run(path: str) -> str:
    """`gh-59` of `.runs/gh-59/plan/subtasks.yaml`; empty where nothing tells."""
    folders = path.split("/")[:-1]
    return folders[-2] if len(folders) > 1 and folders[-2].strip(".") else ""


def _key(path: str, name: str) -> str:
    run = _run(path)
    return f"{run}/{name}" if run else name


def _status(word: str) -> TaskStatus | None:
    return _STATUSES.get(word.casefold()) or status_of(word)


# ── subtasks


def _is_subtasks(path: str, data: bytes) -> bool:
    return PurePosixPath(path).name == SUBTASKS and b"subtasks" in data


def _subtasks_of(data: bytes, path: str) -> "list[Any]":
    try:
        found = _document(data, path)
    except YamlError:
        return []
    listed = found.get(_LIST) if isinstance(found, dict) else None
    return listed if isinstance(listed, list) else []


def _document(data: bytes, path: str) -> "dict[str, Any] | Problem":
    text = decoded(data, path)
    return text if isinstance(text, Problem) else read_tree(text.removeprefix("\ufeff"))


def _is_subtask(one: object) -> bool:
    return isinstance(one, dict) and {"id", "title", "status"} <= one.keys()


def _is_sealed(tree: Tree, path: str) -> bool:
    """Whether the run of a file is through: complete, let in by its gate, or verified where there was no gate."""
    run = "/".join(path.split("/")[:-2])
    for seal in _SEALS:
        place = f"{run}/{seal}" if run else seal
        if place in tree.files:
            receipt = load(tree.files[place], place)
            if not isinstance(receipt, dict) or (seal == _SEALS[0] and "run_complete" not in receipt):
                continue
            let_in = _word(receipt, "merge_verdict") == "MERGE" or receipt.get("run_complete") is True
            return let_in or (seal != _SEALS[0] and _word(receipt, "status") == "VERIFIED")
    return False


def _read_subtasks(path: str, data: bytes, sealed: bool, items: list[Item], problems: list[Problem]) -> None:
    try:
        document = _document(data, path)
    except YamlError as error:
        problems.append(Problem(plain(path), error.line, error.code, error.message, error.remedy))
        return
    if isinstance(document, Problem):
        problems.append(document)
        return
    listed = document.get(_LIST)
    if not isinstance(listed, list):
        problems.append(Problem(plain(path), 1, "no-task", "there is no list `subtasks`", "write one", warning=True))
        return
    text = data.decode()
    mark = len(text) - len(text.removeprefix("\ufeff"))
    for one in listed:
        item = _subtask(path, text, mark, one)
        if item is None:
            problems.append(_no_id(path, 1, "subtask"))
            continue
        items.append(replace(item, status=TaskStatus.DONE) if sealed else item)
        problems += _unknown(item)


def _subtask(path: str, text: str, mark: int, one: object) -> Item | None:
    values = one if isinstance(one, dict) else {}
    name = _word(values, "id")
    if not name:
        return None
    status = values.get("status", "")
    word = status if isinstance(status, Text) else Text("")
    hints = values.get("scope_hints")
    notes = {
        "Requirements": (*_words(values, "req_ids"), *_words(values, "nfr_ids")),
        "Files": tuple(dict.fromkeys((*_words(values, "touches"), *_roots(hints)))),
        "Tests": _words(values, "tests"),
        "Observability": _words(values, "observability"),
    }
    return Item(
        key=_key(path, name),
        title=one_line(_word(values, "title")) or name,
        path=path,
        line=values["id"].line if isinstance(values["id"], Text) else 1,
        status=_status(word) or TaskStatus.TODO,
        word=str(word),
        body=noted(_word(values, "description"), notes),
        dependencies=tuple(_key(path, each) for each in _words(values, "depends_on")),
        criteria=tuple(one_line(each) for each in _words(values, "acceptance_criteria")),
        at=_bytes(text, mark, word),
    )


def _bytes(text: str, mark: int, word: Text) -> tuple[int, int]:
    if word.start < 0 or word.style in ("|", ">"):
        return (-1, -1)
    return offset(text, mark + word.start), offset(text, mark + word.end)


def _roots(hints: object) -> Iterator[str]:
    if isinstance(hints, dict):
        for key in ("code_roots", "test_roots", "doc_paths"):
            yield from _words(hints, key)


def _word(values: Mapping[str, Any], key: str) -> str:
    value = values.get(key, "")
    return str(value).strip() if isinstance(value, str) else ""


def _words(values: Mapping[str, Any], key: str) -> tuple[str, ...]:
    value = values.get(key)
    listed = value if isinstance(value, list) else [value]
    return tuple(str(each).strip() for each in listed if isinstance(each, str) and each.strip())


# ── worklists


def _points_of(document: object) -> list[object]:
    listed = document.get(_POINTS) if isinstance(document, dict) else None
    return listed if isinstance(listed, list) else []


def _is_point(one: object) -> bool:
    return isinstance(one, dict) and {"id", "status", "summary"} <= one.keys()


def _read_points(path: str, data: bytes, items: list[Item], problems: list[Problem]) -> None:
    document = load(data, path)
    if isinstance(document, Problem):
        problems.append(document)
        return
    text = data.decode()
    spans = index(text, "status")
    size, last, line = 0, 0, 1
    for place, one in enumerate(_points_of(document)):
        span = spans.get((_POINTS, place, "status"))
        if span is not None:
            size += len(text[last : span.start].encode())
            line, last = line + text.count("\n", last, span.start), span.start
        item = _point(path, text, one, span, size, line)
        if item is None:
            problems.append(_no_id(path, line, "point"))
            continue
        items.append(item)
        problems += _unknown(item)


def _point(path: str, text: str, one: object, span: Span | None, at: int, line: int) -> Item | None:
    values = one if isinstance(one, dict) else {}
    name = _word(values, "id")
    if not name:
        return None
    summary, word = _word(values, "summary"), _word(values, "status")
    place = values.get("location")
    where = _word(place, "file") if isinstance(place, dict) else _word(values, "location")
    number = place.get("line") if isinstance(place, dict) else None
    if where and isinstance(number, int) and not isinstance(number, bool):
        where = f"{where}:{number}"
    notes = {
        "Location": (where,) if where else (),
        "Category": _words(values, "category"),
        "Evidence": _words(values, "evidence"),
        "From": _words(values, "source_id"),
    }
    severity = _word(values, "severity")
    return Item(
        key=_key(path, name),
        title=clip(one_line(summary), _TITLE) or name,
        path=path,
        line=line,
        status=_status(word) or TaskStatus.TODO,
        word=word,
        body=noted(summary, notes),
        priority=_SEVERITIES.get(severity.casefold()) or priority_of(severity),
        at=(-1, -1) if span is None else (at, at + len(text[span.start : span.end].encode())),
    )


# ── criteria, of a run without subtasks


def _criteria_of(tree: Tree, path: str, data: bytes) -> list[Item]:
    """The criteria of a ledger as tasks; none where the run has subtasks, which meet them, or the file is none."""
    run = "/".join(path.split("/")[:-2])
    if f"{run}/plan/{SUBTASKS}" in tree.files or b"ac" not in data:
        return []
    found = ledger.read(data, path)
    if isinstance(found, Problem):
        return []
    sealed = _is_sealed(tree, path)
    return [_criterion(path, data, entry, sealed) for entry in found.entries]


def _criterion(path: str, data: bytes, entry: Entry, sealed: bool) -> Item:
    text = one_line(entry.description) or entry.id
    place = data.find(f'"{entry.id}"'.encode("utf-8", "replace"))
    return Item(
        key=_key(path, one_line(entry.id)),
        title=clip(text, _TITLE),
        path=path,
        line=data.count(b"\n", 0, max(0, place)) + 1,
        status=TaskStatus.DONE if sealed else _found(entry),
        word=entry.verify_status or entry.impl_status,
        body=noted("", {"Evidence": (one_line(entry.evidence),) if entry.evidence.strip() else ()}),
        criteria=(text,),
    )


def _found(entry: Entry) -> TaskStatus:
    """What is left of a criterion: nothing where it was found met, or was built and nobody found otherwise."""
    if entry.state is State.DEFERRED:
        return TaskStatus.CANCELLED
    met = entry.state in (State.PASSED, State.NOT_APPLICABLE)
    built = entry.state is State.OPEN and state_of(entry.impl_status) is State.PASSED
    return TaskStatus.DONE if met or built else TaskStatus.TODO


def _built(tree: Tree, item: Item, status: TaskStatus) -> WriteBack:
    """That a criterion was built, in the section that is its builder's; where there is none, nothing is said."""
    data = tree.files[item.path]
    found = ledger.read(data, item.path)
    if isinstance(found, Problem) or status is not TaskStatus.DONE or item.status is status:
        return ()
    entry = next((one for one in found.entries if _key(item.path, one_line(one.id)) == item.key), None)
    if entry is None or entry.state is not State.OPEN:
        return ()
    return change(data, item.path, "done", found.form, entry.id, "impl_status")


def _no_id(path: str, line: int, what: str) -> Problem:
    return Problem(plain(path), line, "no-id", f"a {what} without an id", "give it one there", warning=True)


def _unknown(item: Item) -> Iterator[Problem]:
    if item.word and _status(item.word) is None:
        message = f"nobody knows the status `{clip(plain(item.word), 40)}`; taken as to do"
        remedy = "write one of the tool's own words"
        yield Problem(plain(item.path), item.line, "unknown-status", message, remedy, warning=True)


# ── and back


def _write_back(tree: Tree, item: Item, status: TaskStatus) -> WriteBack:
    if item.path.endswith(ledger.NAME):
        return _built(tree, item, status)
    in_yaml = not item.path.endswith(_WORKLIST)
    word = (_SUBTASK_WORDS if in_yaml else _POINT_WORDS).get(status)
    if word is None or item.status is status:
        return ()
    start, end = item.at
    if start < 0:
        if in_yaml and not item.word and (made := _new_status(tree.files[item.path], item, word)):
            return made
        message = f"{plain(item.key)} has no status to change"
        return Problem(plain(item.path), item.line, "unwritable", message, "give it one there")
    quote = tree.files[item.path][start : start + 1] if in_yaml else b'"'
    mark = quote.decode() if quote in (b'"', b"'") else ""
    if start == end and in_yaml:
        return (BytePatch(item.path, start, end, f" {word}".encode()),)
    return put(tree, item, f"{mark}{word}{mark}")


def _new_status(data: bytes, item: Item, word: str) -> tuple[BytePatch, ...]:
    """The patch that gives a subtask without a status one, behind its id."""
    text = data.decode()
    mark = len(text) - len(text.removeprefix("\ufeff"))
    for one in _subtasks_of(data, item.path):
        if not isinstance(one, dict) or "status" in one or _key(item.path, _word(one, "id")) != item.key:
            continue
        key, name = next((key, value) for key, value in one.items() if key == "id")
        begin, place = mark + key.start, mark + name.end
        before = text[text.rfind("\n", 0, begin) + 1 : begin]
        new = f", status: {word}"
        if not before.strip(" -"):
            line = text.find("\n", place)
            place = len(text) if line < 0 else line - (text[line - 1] == "\r")
            new = f"{chr(13) if text[place : place + 1] == chr(13) else ''}\n{' ' * len(before)}status: {word}"
        at = offset(text, place)
        return (BytePatch(item.path, at, at, new.encode()),)
    return ()


def counted(path: str, data: bytes) -> bytes:
    """A worklist with its summary's counts as they are by its points; anything else as it is."""
    document = load(data, path) if path.endswith(_WORKLIST) else None
    summary = document.get("summary") if isinstance(document, dict) else None
    if not isinstance(summary, dict):
        return data
    points = [one for one in _points_of(document) if isinstance(one, dict)]
    counts = {key: sum(_word(one, "status").upper() == word for one in points) for key, word in _COUNTED.items()}
    patches = [
        patch
        for key, count in {"total": len(points), **counts}.items()
        if isinstance(summary.get(key), int)
        for patch in change(data, path, count, "summary", key)
    ]
    return patched(data, tuple(patches))


FORM = Form("swarm", "runs of a swarm: subtasks, worklists, criteria", _may_be, _detect, _read, _write_back, counted)
