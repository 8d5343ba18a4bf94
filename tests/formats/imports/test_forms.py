"""What holds for every form: it reads what its tool writes, and what was written back; no bytes break it."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.foreign_tasks import TOOLS, Task, tree

from coordinator.formats.imports import registry
from coordinator.formats.imports.text import patched
from coordinator.lazy.dataclass import replace
from coordinator.model.imported import BytePatch, Item, TaskStatus, Tree
from coordinator.model.prompt import Priority

SAMPLES = Path(__file__).parent / "samples"
FORMS = sorted(TOOLS)
_WRITTEN = (TaskStatus.DONE, TaskStatus.IN_PROGRESS, TaskStatus.BLOCKED)

words = st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=12)
titles = st.lists(words, min_size=1, max_size=4).map(lambda parts: f"Do {' '.join(parts)}")


@st.composite
def tasks(draw: st.DrawFn, form: str) -> list[Task]:
    """Tasks that the form can tell of, each after some of those before it."""
    tells = TOOLS[form].tells
    made: list[Task] = []
    for number in range(1, draw(st.integers(1, 8)) + 1):
        earlier = st.lists(st.sampled_from(range(1, number)), unique=True, max_size=3) if number > 1 else st.just([])
        made.append(
            Task(
                number,
                draw(titles) if "title" in tells else f"Do {number}",
                draw(st.sampled_from([status for status in TaskStatus if status in tells])),
                tuple(draw(earlier)) if "after" in tells else (),
                draw(st.sampled_from(Priority)) if "priority" in tells else Priority.MEDIUM,
                tuple(draw(st.lists(titles, max_size=2))) if "criteria" in tells else (),
                draw(st.sampled_from([0, *range(1, number)])) if "part_of" in tells else 0,
            )
        )
    return made


def told(form: str, item: Item) -> Mapping[str, object]:
    tells = TOOLS[form].tells
    return {
        "key": item.key,
        "status": item.status,
        "title": item.title if "title" in tells else "",
        "after": item.dependencies if "after" in tells else (),
        "priority": item.priority if "priority" in tells else None,
        "criteria": item.criteria if "criteria" in tells else (),
        "part_of": item.parent if "part_of" in tells else "",
    }


def expected(form: str, made: Sequence[Task]) -> list[Mapping[str, object]]:
    tool = TOOLS[form]
    key = {task.number: tool.key(task) for task in made}
    return [
        {
            "key": key[task.number],
            "status": task.status,
            "title": task.title if "title" in tool.tells else "",
            "after": tuple(key[n] for n in task.after),
            "priority": task.priority if "priority" in tool.tells else None,
            "criteria": task.criteria,
            "part_of": key.get(task.part_of, ""),
        }
        for task in made
    ]


@pytest.mark.parametrize("form", FORMS)
@settings(max_examples=25)
@given(data=st.data(), newline=st.sampled_from(["\n", "\r\n"]))
def test_what_the_tool_writes_is_read(form: str, data: st.DataObject, newline: str) -> None:
    made = data.draw(tasks(form))
    there = tree(TOOLS[form], made, newline)
    found = registry.form(form)
    items = found.read(there)
    assert items.problems == ()
    assert [told(form, item) for item in items.items] == expected(form, made)
    assert found.detect(there) is not None
    for item in items.items:
        assert there.files[item.path].split(b"\n")[item.line - 1]


def written(there: Tree, patches: Sequence[BytePatch]) -> Tree:
    files = dict(there.files)
    for path in {patch.path for patch in patches}:
        files[path] = patched(files[path], tuple(patch for patch in patches if patch.path == path))
    return Tree(files)


@pytest.mark.parametrize("form", FORMS)
@settings(max_examples=25)
@given(data=st.data(), newline=st.sampled_from(["\n", "\r\n"]))
def test_what_is_written_back_is_read_again_and_nothing_else_changes(
    form: str, data: st.DataObject, newline: str
) -> None:
    there = tree(TOOLS[form], data.draw(tasks(form)), newline)
    found = registry.form(form)
    before = found.read(there).items
    wanted = {item.key: data.draw(st.sampled_from([None, *_WRITTEN])) for item in before}
    patches: list[BytePatch] = []
    said: dict[str, TaskStatus] = {}
    for item in before:
        status = wanted[item.key]
        made = found.write_back(there, item, status) if status is not None else ()
        assert isinstance(made, tuple)
        if made and status is not None:
            said[item.key] = status
        elif status is TaskStatus.DONE:
            assert item.status is TaskStatus.DONE, "every tool can say that a task is done"
        patches += made
    after = written(there, patches)
    again = found.read(after).items
    same = {"word": "", "at": (0, 0), "line": 0}
    assert [replace(item, **same) for item in again] == [
        replace(item, status=said.get(item.key, item.status), **same) for item in before
    ]
    assert all(len(patch.new) + patch.end - patch.start < 200 for patch in patches)
    assert not any(found.write_back(after, item, said[item.key]) for item in again if item.key in said)


@pytest.mark.parametrize("form", FORMS)
@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_no_bytes_break_it(form: str, data: st.DataObject) -> None:
    found = registry.form(form)
    files = {path.relative_to(SAMPLES / form).as_posix(): path for path in sorted((SAMPLES / form).rglob("*"))}
    name = data.draw(st.sampled_from([name for name, path in files.items() if path.is_file() and found.may_be(name)]))
    source = files[name].read_bytes()
    start = data.draw(st.integers(0, len(source)))
    broken = source[:start] + data.draw(st.binary(max_size=6)) + source[start + data.draw(st.integers(0, 60)) :]
    for content in (broken, data.draw(st.binary(max_size=40))):
        there = Tree({name: content})
        found.detect(there)
        for item in found.read(there).items:
            assert item.key
            for status in _WRITTEN:
                found.write_back(there, item, status)
