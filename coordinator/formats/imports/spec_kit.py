"""spec-kit: `tasks.md` of a feature, `- [ ] T001 [P] [US1] what is to be done`, in phases.

A task waits for what stands before it in its phase, but for neighbours marked `[P]`, and for the phase before. Phases
of user stories wait for the foundations alone, not for each other; what comes after them waits for all.
"""

import re

from coordinator.formats.imports.boxes import Box, read_boxes, status_of
from coordinator.formats.imports.text import one_line, put
from coordinator.lazy import regex
from coordinator.lazy.dataclass import replace
from coordinator.model.imported import Detected, Form, Item, Items, TaskStatus, Tree, WriteBack
from coordinator.model.problem import Problem
from coordinator.model.text import amount, plain

_SUFFIX = r"(?-i:-(?!T-?\d)[A-Z][A-Z0-9]{0,11})?"
"""`T031-MIN`."""
_TASK = regex.compile(
    rf"(~~)?(?:\*\*|`|\[)*(T-?\d{{2,6}}[a-zA-Z]?(?:\.\d+)*{_SUFFIX})"
    r"(?:\*\*|`|\])*[:.]?(?![\w-])[ \t]*(.*)"
)
_TAG = regex.compile(r"[ \t]*(?:\[([A-Za-z][^\]\[]{0,30})\]|(P)\])(?!\()[ \t]*")
_STORY = regex.compile(r"(?i)\b(?:US|user story)[ -]*(\d+)")
_PHASE = regex.compile(r"(?i)phase|fase|阶段|階段|フェーズ|단계|этап")
_AFTER = regex.compile(
    r"(?i)\b(?:depends on|dependenc(?:y|ies):|blocked by|requires|after)[: ]+"
    rf"((?:T-?\d{{2,6}}[a-z]?(?:\.\d+)*{_SUFFIX}(?:[ ]*(?:,|and|&|\+|-|–|to)[ ]*)?)+)"
)
_ID = regex.compile(rf"(?i)(T-?)(\d{{2,6}})([a-z]?(?:\.\d+)*{_SUFFIX})")
_RANGE = regex.compile(r"(?i)(T-?\d{2,6})[ ]*(?:-|–|to)[ ]*(T-?\d{2,6})")
_DONE_WHEN = regex.compile(r"(?i)\b(?:done when|acceptance|verify)\b:?[ ]*(.+)$")
_MOST_OF_RANGE = 200
_MOST_TAGS = 20
_MOST_STATED = 1000
_LIKELY = regex.compile(rb"\[.\][ \t]+[*`~\[]{0,5}T-?\d\d")
"""What is in every file of the form."""


def _may_be(path: str) -> bool:
    name = path.rpartition("/")[2].casefold()
    return name.endswith(".md") and "task" in name


def _detect(tree: Tree) -> Detected | None:
    found = _read(tree).items
    files = len({item.path for item in found})
    if not found:
        return None
    return Detected(0.9, f"{amount(len(found), 'task')} such as {plain(_bare(found[0]))} in {amount(files, 'file')}")


def _read(tree: Tree) -> Items:
    items: list[Item] = []
    problems: list[Problem] = []
    for path, data in tree.files.items():
        boxes = read_boxes(data, path) if _may_be(path) and _LIKELY.search(data) else []
        if isinstance(boxes, Problem):
            problems.append(boxes)
            continue
        found, wrong = _tasks(path, boxes)
        items += found
        problems += wrong
    return Items(tuple(items), tuple(problems))


def _tasks(path: str, boxes: list[Box]) -> tuple[list[Item], list[Problem]]:
    """The tasks of one feature."""
    problems: list[Problem] = []
    items: dict[int, Item] = {}
    parallel: set[int] = set()
    tasks = {place: task for place, box in enumerate(boxes) if (task := _TASK.fullmatch(box.text)) is not None}
    below: dict[int, list[str]] = {}
    for place, box in enumerate(boxes):
        if place not in tasks and box.parent in tasks:
            below.setdefault(box.parent, []).append(f"- {box.text}")
    for place, box in enumerate(boxes):
        if place in tasks:
            whole = replace(box, body="\n".join((*below.get(place, ()), *([box.body] if box.body else []))))
            items[place], is_parallel = _task(path, whole, tasks[place])
            parallel |= {place} if is_parallel else set()
        elif box.parent not in tasks:
            message = f"`{plain(box.text[:60])}` has no id such as T001"
            problems.append(Problem(plain(path), box.line, "no-id", message, "give it one there", warning=True))
    if not items:
        return [], []
    return _linked(boxes, items, parallel), problems


def _task(path: str, box: Box, said: re.Match[str]) -> tuple[Item, bool]:
    """One task, and whether it may be done beside its neighbours; `said`: its box's text by `_TASK`."""
    is_struck, name = bool(said[1]), said[2]
    words = said[3].replace("~~", "", 1) if is_struck else said[3]
    tags: list[str] = []
    while len(tags) < _MOST_TAGS and (tag := _TAG.match(words)) is not None:
        tags.append((tag[1] or tag[2]).strip())
        words = words[tag.end() :]
    is_parallel = any(tag.upper() == "P" for tag in tags)
    labels = [tag for tag in tags if tag.upper() != "P"]
    whole = one_line(f"{words} {box.body}")
    feature = _feature(path)
    documents = path.rpartition("/")[0]
    phase = box.headings[1:] or box.headings
    about = [f"Feature: see the documents in `{documents}/`."] if documents else []
    about += [f"Phase: {' · '.join(phase)}"] if phase else []
    done_when = _DONE_WHEN.search(words)
    item = Item(
        key=f"{feature}/{name}" if feature else name,
        title=one_line(words) or name,
        path=path,
        line=box.line,
        status=status_of(box, is_struck),
        word=box.mark,
        body="\n\n".join(part for part in (f"{words.strip()}\n{box.body}".strip(), *about) if part),
        dependencies=tuple(f"{feature}/{each}" if feature else each for each in _stated(whole)),
        criteria=(one_line(done_when[1]),) if done_when is not None else (),
        labels=tuple(labels),
        at=box.at,
    )
    return item, is_parallel


def _feature(path: str) -> str:
    """`001-login` for `specs/001-login/tasks.md`."""
    return path.rpartition("/")[0].rpartition("/")[2]


def _bare(item: Item) -> str:
    return item.key.rpartition("/")[2]


def _stated(text: str) -> list[str]:
    """The ids that a task says it depends on, ranges written out."""
    found: list[str] = []
    for clause in _AFTER.finditer(text):
        spans = {match.start(): match for match in _RANGE.finditer(clause[1])}
        end = 0
        for each in _ID.finditer(clause[1]):
            if each.start() < end:
                continue
            if len(found) > _MOST_STATED:
                break
            span = spans.get(each.start())
            found += [each[0]] if span is None else _between(span[1], span[2])
            end = each.end() if span is None else span.end()
    return list(dict.fromkeys(found))


def _between(first: str, last: str) -> list[str]:
    head, digits = re.sub(r"\d.*", "", first), re.sub(r"\D", "", first)
    low, high = int(digits), int(re.sub(r"\D", "", last))
    if not low <= high <= low + _MOST_OF_RANGE:
        return [first, last]
    return [f"{head}{number:0{len(digits)}d}" for number in range(low, high + 1)]


# ── the order of phases


def _linked(boxes: list[Box], items: dict[int, Item], parallel: set[int]) -> list[Item]:
    """The tasks with what they wait for by where they stand."""
    phases: dict[tuple[str, ...], list[int]] = {}
    for place in items:
        phases.setdefault(_phase(boxes[place]), []).append(place)
    stated = {item.key: item.dependencies for item in items.values()}
    linked: list[Item] = []
    before: list[str] = []
    """Keys of the last tasks of what all later phases wait for."""
    stories: dict[str, list[str]] = {}
    """User story → keys of its last tasks, since then."""
    for headings, places in phases.items():
        story = _story(headings, [items[place] for place in places])
        barrier = (
            stories.get(story, before)
            if story
            else [key for ends in (stories or {"": before}).values() for key in ends]
        )
        ends: list[str] = []
        side_by_side = False
        for place in places:
            item = items[place]
            if item.status is TaskStatus.CANCELLED:  # nobody waits for it
                linked.append(item)
                continue
            if not (place in parallel and side_by_side):
                barrier, ends = ends or barrier, []
            side_by_side = place in parallel
            ends.append(item.key)
            stands_after = [key for key in barrier if item.key not in stated[key]]
            linked.append(replace(item, dependencies=tuple(dict.fromkeys((*item.dependencies, *stands_after)))))
        if story:
            stories[story] = ends or barrier
        else:
            before, stories = ends or barrier, {}
    return linked


def _phase(box: Box) -> tuple[str, ...]:
    """The headings down to that of the phase that a task stands in."""
    named = [at for at, title in enumerate(box.headings) if _PHASE.search(title)]
    return box.headings[: named[-1] + 1] if named else box.headings[: sum(level <= 2 for level in box.levels)]


def _story(headings: tuple[str, ...], items: list[Item]) -> str:
    """The number of the user story that a phase is; empty: it is none."""
    found = _STORY.search(headings[-1]) if headings else None
    told = {story[1] for item in items for label in item.labels if (story := _STORY.fullmatch(label)) is not None}
    if found is not None:
        return found[1]
    labelled = all(any(_STORY.fullmatch(label) for label in item.labels) for item in items)
    return told.pop() if labelled and len(told) == 1 else ""


def _write_back(tree: Tree, item: Item, status: TaskStatus) -> WriteBack:
    return put(tree, item, "X") if status is TaskStatus.DONE and item.status is not TaskStatus.DONE else ()


FORM = Form("spec-kit", "spec-kit: tasks.md with T001, [P] and phases", _may_be, _detect, _read, _write_back)
