"""Plain checklists in Markdown: `- [ ] what is to be done`, under headings. An item is called by its own words."""

from coordinator.formats.imports.boxes import is_struck, read_boxes, status_of
from coordinator.formats.imports.text import one_line, put
from coordinator.formats.prompt_names import slug
from coordinator.model.imported import Detected, Form, Item, Items, TaskStatus, Tree, WriteBack
from coordinator.model.problem import Problem
from coordinator.model.text import amount


def _may_be(path: str) -> bool:
    return path.endswith((".md", ".markdown"))


def _detect(tree: Tree) -> Detected | None:
    found = _read(tree).items
    files = len({item.path for item in found})
    return Detected(0.3, f"{amount(len(found), 'item')} to tick in {amount(files, 'file')}") if found else None


def _read(tree: Tree) -> Items:
    items: list[Item] = []
    problems: list[Problem] = []
    for path, data in tree.files.items():
        found = _read_file(path, data) if _may_be(path) and b"[" in data else []
        if isinstance(found, Problem):
            problems.append(found)
        else:
            items += found
    return Items(tuple(items), tuple(problems))


def _read_file(path: str, data: bytes) -> list[Item] | Problem:
    boxes = read_boxes(data, path)
    if isinstance(boxes, Problem):
        return boxes
    used: dict[str, int] = {}
    keys: list[str] = []
    for box in boxes:
        name = slug(box.text)
        used[name] = used.get(name, 0) + 1
        keys.append(f"{path}#{name}" if used[name] == 1 else f"{path}#{name}-{used[name]}")
    return [
        Item(
            key=key,
            title=one_line(box.text),
            path=path,
            line=box.line,
            status=status_of(box, is_struck(box.text)),
            word=box.mark,
            body=box.body,
            parent=keys[box.parent] if box.parent >= 0 else "",
            labels=box.headings[-1:],
            at=box.at,
        )
        for key, box in zip(keys, boxes, strict=True)
    ]


def _write_back(tree: Tree, item: Item, status: TaskStatus) -> WriteBack:
    return put(tree, item, "x") if status is TaskStatus.DONE and item.status is not TaskStatus.DONE else ()


FORM = Form("checklist", "checklists in Markdown: - [ ] what is to be done", _may_be, _detect, _read, _write_back)
