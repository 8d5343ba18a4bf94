"""Any tasks, written as a tool may write them: read as they are, and with another status after it was written back."""

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.foreign_files import FILE_TOOLS, WRITERS, Style, Task, named

from coordinator.formats.imports.registry import form
from coordinator.formats.imports.text import patched
from coordinator.lazy.dataclass import replace
from coordinator.model.imported import TaskStatus, Tree

TODO, BLOCKED = TaskStatus.TODO, TaskStatus.BLOCKED
DOING, DONE = TaskStatus.IN_PROGRESS, TaskStatus.DONE

letters = st.sampled_from("aZ0éß漢🃏 [](){}<>$`|:&*@%!?'\"\\_-~+=,.;/")
words = st.builds(lambda first, rest: " ".join((first + rest).split()), st.sampled_from("aZé漢"), st.text(letters))
styles = st.builds(Style, quote=st.sampled_from(["", '"', "'"]), flow=st.booleans(), ascii=st.booleans())


@st.composite
def tasks(draw: st.DrawFn, statuses: Sequence[TaskStatus]) -> tuple[Task, ...]:
    numbers = draw(st.lists(st.integers(1, 999), min_size=1, max_size=5, unique=True))
    return tuple(
        Task(
            number,
            draw(words),
            draw(st.sampled_from(statuses)),
            tuple(draw(st.lists(st.sampled_from(numbers), max_size=3, unique=True))),
            criteria=tuple(draw(st.lists(words, max_size=2))),
        )
        for number in sorted(numbers)
    )


def written(name: str, made: Sequence[Task], style: Style, newline: str, mark: str) -> Tree:
    texts = WRITERS[name][0](made, style)
    return Tree({path: (mark + texts[path].replace("\n", newline)).encode() for path in sorted(texts)})


def expected_needs(name: str, made: Sequence[Task], one: Task) -> set[int]:
    if name == "code-task":
        return set()
    if name == "ralph" and not any(each.after for each in made):
        return {before.number for before, each in pairwise(made) if each is one}
    return set(one.after)


@pytest.mark.parametrize("name", sorted(WRITERS))
@settings(max_examples=40)
@given(data=st.data(), style=styles, newline=st.sampled_from(["\n", "\r\n"]), mark=st.sampled_from(["", "\ufeff"]))
def test_tasks_come_back_as_they_were_written(
    name: str, data: st.DataObject, style: Style, newline: str, mark: str
) -> None:
    key = WRITERS[name][1]
    said = [status for status in (TODO, DOING, BLOCKED, DONE) if status in FILE_TOOLS[name].tells]
    made = data.draw(tasks(said))
    of, before = form(name), written(name, made, style, newline, mark)
    read = of.read(before)
    assert read.problems == ()
    for one, item in zip(made, read.items, strict=True):
        assert (item.key, item.title, item.status) == (key.format(n=one.number), one.title, one.status)
        assert item.criteria == one.criteria
        assert set(item.dependencies) == set(named(key, sorted(expected_needs(name, made, one))))
    changed = data.draw(st.sampled_from(range(len(made))))
    status = data.draw(st.sampled_from((DOING, BLOCKED, DONE)))
    patches = of.write_back(before, read.items[changed], status)
    assert isinstance(patches, tuple)
    told = status in said and made[changed].status is not status
    assert bool(patches) == told
    if not told:
        return
    (patch,) = patches
    wanted = [replace(one, status=status) if place == changed else one for place, one in enumerate(made)]
    after = Tree({**before.files, patch.path: patched(before.files[patch.path], patches)})
    assert after.files == written(name, wanted, style, newline, mark).files
    assert [item.status for item in of.read(after).items] == [one.status for one in wanted]
