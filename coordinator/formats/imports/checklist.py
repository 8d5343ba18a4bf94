"""Plain checklists in Markdown: `- [ ] what is to be done`, under headings. An item is called by its own words."""

from coordinator.formats.imports.text import Line, decoded, lines, offset, one_line, put
from coordinator.formats.prompt_names import slug
from coordinator.lazy import regex
from coordinator.lazy.dataclass import replace
from coordinator.model.imported import Detected, Form, Item, Items, TaskStatus, Tree, WriteBack
from coordinator.model.problem import Problem
from coordinator.model.text import amount

_BOX = regex.compile(r"([ \t]*)(?:[-*+]|\d{1,9}[.)])[ \t]+\[([^\]])\][ \t]+(\S.*)")
_HEADING = regex.compile(r"#{1,6}[ \t]+(.+?)[ \t]*#*[ \t]*")
_FENCE = regex.compile(r"[ \t]*(```+|~~~+)")
_STATUSES = {
    "x": TaskStatus.DONE,
    "X": TaskStatus.DONE,
    "/": TaskStatus.IN_PROGRESS,
    "~": TaskStatus.IN_PROGRESS,
    "-": TaskStatus.CANCELLED,
}


def _may_be(path: str) -> bool:
    return path.endswith((".md", ".markdown"))


def _detect(tree: Tree) -> Detected | None:
    counts = [len(_read_file(path, data)[0]) for path, data in tree.files.items() if _may_be(path)]
    boxes, files = sum(counts), sum(count > 0 for count in counts)
    return Detected(0.3, f"{amount(boxes, 'item')} to tick in {amount(files, 'file')}") if boxes else None


def _read(tree: Tree) -> Items:
    items: list[Item] = []
    problems: list[Problem] = []
    for path, data in tree.files.items():
        if _may_be(path):
            found, wrong = _read_file(path, data)
            items += found
            problems += wrong
    return Items(tuple(items), tuple(problems))


def _read_file(path: str, data: bytes) -> tuple[list[Item], list[Problem]]:
    if b"[" not in data:
        return [], []
    text = decoded(data, path)
    if isinstance(text, Problem):
        return [], [text]
    items: list[Item] = []
    bodies: list[list[str]] = []
    open_: list[tuple[int, int]] = []
    """Indentation and place of the items that the next one may be a part of."""
    used: dict[str, int] = {}
    heading, fence = "", ""
    for line in lines(text):
        mark = _FENCE.match(line.text)
        if mark is not None and (not fence or mark[1].startswith(fence)):
            fence = "" if fence else mark[1]
        box = None if fence or mark is not None else _BOX.fullmatch(line.text)
        if box is not None:
            indent = len(box[1].expandtabs(4))
            while open_ and open_[-1][0] >= indent:
                open_.pop()
            parent = items[open_[-1][1]].key if open_ else ""
            items.append(_item(path, text, line, box[2], box.start(2), box[3], used, parent, heading))
            bodies.append([])
            open_.append((indent, len(items) - 1))
        elif open_ and (not line.text.strip() or len(line.text) - len(line.text.lstrip()) > open_[-1][0]):
            bodies[open_[-1][1]].append(line.text.strip() if not fence else line.text)
        elif not fence and mark is None:
            open_.clear()
            title = _HEADING.fullmatch(line.text)
            heading = one_line(title[1]) if title is not None else heading
    return [replace(item, body="\n".join(body).strip()) for item, body in zip(items, bodies, strict=True)], []


def _item(
    path: str,
    text: str,
    line: Line,
    word: str,
    column: int,
    title: str,
    used: dict[str, int],
    parent: str,
    heading: str,
) -> Item:
    name = slug(title)
    used[name] = used.get(name, 0) + 1
    start = offset(text, line.start + column)
    return Item(
        key=f"{path}#{name}" if used[name] == 1 else f"{path}#{name}-{used[name]}",
        title=one_line(title),
        path=path,
        line=line.number,
        status=_STATUSES.get(word, TaskStatus.TODO),
        word=word,
        parent=parent,
        labels=(heading,) if heading else (),
        at=(start, start + len(word.encode())),
    )


def _write_back(tree: Tree, item: Item, status: TaskStatus) -> WriteBack:
    return put(tree, item, "x") if status is TaskStatus.DONE and item.status is not TaskStatus.DONE else ()


FORM = Form("checklist", "checklists in Markdown: - [ ] what is to be done", _may_be, _detect, _read, _write_back)
