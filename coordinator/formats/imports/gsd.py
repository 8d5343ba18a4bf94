"""Phases of GSD: a folder each in `.planning/phases`, with a plan a file and a summary beside each that is done."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from pathlib import PurePosixPath

from coordinator.formats.imports.task_file import TaskFile, is_in, is_own, keys_of, nested, noted, read_files
from coordinator.formats.imports.text import decoded, lines, offset, one_line
from coordinator.lazy import regex
from coordinator.lazy.dataclass import replace
from coordinator.lazy.typing import NamedTuple
from coordinator.model.imported import BytePatch, Detected, Form, Item, Items, TaskStatus, Tree, WriteBack
from coordinator.model.problem import Problem
from coordinator.model.text import amount

_PLAN, _SUMMARY, _ROADMAP = "PLAN.md", "SUMMARY.md", "ROADMAP.md"
_NAMES = frozenset((b"phase", b"plan"))
_PLANNED = frozenset((b"wave", b"depends_on", b"must_haves", b"files_modified", b"autonomous"))
_NUMBER = r"\d{1,9}(?:\.\d{1,9})*"
_STEM = regex.compile(rf"(?:[A-Za-z]+-)?({_NUMBER})(?:-(\d{{1,9}}))?(?:-.*)?")
_NAMED = regex.compile(rf"(?i)(phase[ -]*)?({_NUMBER})(?:-[a-z].*?)?(?:-(\d{{1,9}})(?:-.*)?)?")
_BOX = regex.compile(rf"\ufeff?[ \t]*[-*+][ \t]+\[([ xX])\][ \t]\W*((?:[A-Za-z]+-)?{_NUMBER}-\d{{1,9}})(?!\d).*")
_READ, _LONGEST = 4000, 100
"""Characters of an objective that are looked at, and of its first sentence that become a title."""


class _Phase(NamedTuple):
    """A phase, sorted as it is done."""

    past: str
    """Name of the milestone whose folder it lies in; empty: in that of now."""
    number: tuple[int, ...]


class _Box(NamedTuple):
    """A plan's box in the road map."""

    path: str
    ticked: bool
    start: int
    """Byte of the mark between the brackets."""


def _may_be(path: str) -> bool:
    name = PurePosixPath(path).name
    return is_in(path, ".planning") and (
        name in (_PLAN, _SUMMARY, _ROADMAP) or name.endswith((f"-{_PLAN}", f"-{_SUMMARY}"))
    )


def _is_ours(path: str) -> bool:
    return _may_be(path) and is_own(path, ".planning") and path.endswith(_PLAN)


def _is_one(path: str, data: bytes) -> bool:
    if not _may_be(path) or not path.endswith(_PLAN):
        return False
    keys = keys_of(data)
    return len(keys & _PLANNED) >= (1 if keys >= _NAMES else 2)


def _detect(tree: Tree) -> Detected | None:
    count = sum(_is_one(path, data) for path, data in tree.files.items())
    return Detected(0.9, f"{amount(count, 'plan')} with wave and depends_on") if count else None


def _read(tree: Tree) -> Items:
    waves: dict[str, int] = {}
    boxes = _boxes(tree)

    def item(file: TaskFile) -> Item:
        wave = file.word("wave")
        waves[file.path] = int(wave) if wave.isdecimal() and len(wave) < 6 else 1
        box = _box_of(boxes, file.path)
        done = file.path.removesuffix(_PLAN) + _SUMMARY in tree.files or (box is not None and box.ticked)
        return _item(file, TaskStatus.DONE if done else TaskStatus.TODO)

    read = read_files(tree, _is_ours, _is_one, item)
    return Items(tuple(_in_sequence(read.items, waves)), read.problems)


def _item(file: TaskFile, status: TaskStatus) -> Item:
    sentence = _objective(file.body)
    truths = [text for key, texts in nested(file.values.get("must_haves", "")) if key == "truths" for text in texts]
    kind = file.word("type")
    return Item(
        key=_key(file.path),
        title=sentence or file.title or f"Plan {_key(file.path)}",
        path=file.path,
        status=status,
        body=noted(file.text(""), {"Files": file.words("files_modified"), "Requirements": file.words("requirements")}),
        dependencies=file.words("depends_on"),
        criteria=tuple(line for text in truths if (line := one_line(text))) or file.criteria,
        labels=tuple(filter(None, (file.word("phase"), kind if kind != "execute" else ""))),
    )


def _objective(body: str) -> str:
    """The first sentence of what a plan is for."""
    said = body.partition("<objective>")[2][:_READ].partition("</objective>")[0].strip()
    first = said.replace("\r\n", "\n").partition("\n\n")[0].partition("\nPurpose:")[0]
    sentence = one_line(first).partition(". ")[0].rstrip(".")
    return sentence if len(sentence) <= _LONGEST else sentence[:_LONGEST].rpartition(" ")[0] + "…"


def _key(path: str) -> str:
    """The plan's number, `03-01`, after the milestone's name where it lies in the folder of one that is past."""
    folder = PurePosixPath(path).parent
    stem = PurePosixPath(path).name.removesuffix(_PLAN).removesuffix("-") or folder.name or "plan"
    past = _past(path)
    return f"{past}/{stem}" if past else stem


def _past(path: str) -> str:
    return next((part.removesuffix("-phases") for part in path.split("/")[:-1] if part.endswith("-phases")), "")


def _place(item: Item) -> tuple[_Phase, int]:
    """The phase of a plan and its number there, by its file's name or, failing that, by its folder's."""
    for name in (PurePosixPath(item.path).name.removesuffix(_PLAN), PurePosixPath(item.path).parent.name):
        if (found := _STEM.fullmatch(name)) is not None:
            return _Phase(_past(item.path), _numbers(found[1])), int(found[2] or 0)
    return _Phase(_past(item.path), ()), 0


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split("."))


def _in_sequence(items: Iterable[Item], waves: Mapping[str, int]) -> Iterator[Item]:
    """Plans with what they need: what they name; without any of that in their own phase all of the wave before; in
    the first wave all that ends the phase before."""
    phases: dict[_Phase, list[Item]] = {}
    by_place: dict[tuple[_Phase, int], str] = {}
    for item in items:
        phase, number = _place(item)
        phases.setdefault(phase, []).append(item)
        by_place.setdefault((phase, number), item.key)
    needed: dict[str, tuple[str, ...]] = {}
    last: dict[str, tuple[str, ...]] = {}
    for phase, plans in sorted(phases.items()):
        own = {plan.key for plan in plans}
        by_wave: dict[int, list[str]] = {}
        for plan in plans:
            by_wave.setdefault(waves[plan.path], []).append(plan.key)
        order = sorted(by_wave)
        named = {plan.path: _named(plan, phase, phases, by_place) for plan in plans}
        for plan in plans:
            if own.isdisjoint(named[plan.path]):
                place = bisect_left(order, waves[plan.path])
                before = by_wave[order[place - 1]] if place else last.get(phase.past, ())
                named[plan.path] = tuple(dict.fromkeys((*named[plan.path], *before)))
        needed |= named
        last[phase.past] = tuple(sorted(own - {key for keys in named.values() for key in keys}))
    for item in items:
        yield replace(item, dependencies=needed[item.path])


def _named(
    plan: Item, phase: _Phase, phases: Mapping[_Phase, list[Item]], by_place: Mapping[tuple[_Phase, int], str]
) -> tuple[str, ...]:
    """The keys that a plan names, however it does: `03-01`, `03-01-PLAN.md`, `01`, `03-login-01`, `Phase 2`."""
    keys: list[str] = []
    for name in plan.dependencies:
        short = PurePosixPath(name).name.removesuffix(".md").removesuffix("-PLAN")
        found = _NAMED.fullmatch(short)
        keys_found: list[str] = []
        if found is not None and found[3]:
            keys_found = [by_place.get((_Phase(phase.past, _numbers(found[2])), int(found[3])), "")]
        elif found is not None:
            if short.isdecimal():
                keys_found = [by_place.get((phase, int(short)), "")]
            if not any(keys_found):
                keys_found = [one.key for one in phases.get(_Phase(phase.past, _numbers(found[2])), ())]
        others = [key for key in keys_found if key and (key != plan.key or len(keys_found) == 1)]
        keys += others or [name]
    return tuple(dict.fromkeys(keys))


def _boxes(tree: Tree) -> dict[tuple[str, str], _Box]:
    """The boxes of plans in the road maps of now, by the map's folder and the plan's number."""
    boxes: dict[tuple[str, str], _Box] = {}
    for path, data in tree.files.items():
        text = decoded(data, path) if PurePosixPath(path).name == _ROADMAP else None
        if text is None or isinstance(text, Problem):
            continue
        folder = str(PurePosixPath(path).parent)
        for line in lines(text):
            if "[" in line.text and (box := _BOX.fullmatch(line.text)) is not None:
                place = offset(text, line.start + box.start(1))
                boxes.setdefault((folder, box[2]), _Box(path, box[1] != " ", place))
    return boxes


def _box_of(boxes: Mapping[tuple[str, str], _Box], path: str) -> _Box | None:
    if _past(path):
        return None
    parents = PurePosixPath(path).parents
    return next((box for folder in parents if (box := boxes.get((str(folder), _key(path)))) is not None), None)


def _write_back(tree: Tree, item: Item, status: TaskStatus) -> WriteBack:
    """Ticks the plan's box in the road map: a plan has no status of its own, and summaries are GSD's to write."""
    if status is not TaskStatus.DONE or item.status is TaskStatus.DONE:
        return ()
    box = _box_of(_boxes(tree), item.path)
    return (BytePatch(box.path, box.start, box.start + 1, b"x"),) if box is not None else ()


FORM = Form("gsd", "phases of GSD: plans in .planning/phases", _may_be, _detect, _read, _write_back)
