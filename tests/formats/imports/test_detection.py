"""Forms told apart by what is in their files, at any place; and no more of a file written to than a status."""

from pathlib import Path
from time import process_time

import pytest
from support.foreign_tasks import TOOLS, Task, tree

from coordinator.errors import UsageError
from coordinator.formats.imports.registry import SURE, choose, detect, form
from coordinator.formats.imports.text import patched
from coordinator.lazy.dataclass import replace
from coordinator.model.imported import Form, Item, TaskStatus, Tree

SAMPLES = Path(__file__).parent / "samples"
SAMPLED = sorted({path.name for path in SAMPLES.iterdir() if path.is_dir()} - {"github"})
"""Forms that are in files."""
every_form = pytest.mark.parametrize("name", SAMPLED)


def sample(name: str, above: str = "") -> Tree:
    """The sample of a form, as it lies in a project, or in the folder `above` it."""
    paths = sorted(path for path in (SAMPLES / name).rglob("*") if path.is_file() and path.name != "plan.txt")
    return Tree({above + path.relative_to(SAMPLES / name).as_posix(): path.read_bytes() for path in paths})


def sure(tree: Tree) -> list[str]:
    return [one.form.name for one in detect(tree) if one.detected.confidence >= SURE]


@every_form
@pytest.mark.parametrize("above", ["", "packages/app/", "../elsewhere/"])
def test_samples_are_of_their_form_and_of_no_other(name: str, above: str) -> None:
    assert sure(sample(name, above)) == ([] if name == "checklist" else [name])
    keys = [item.key for item in form(name).read(sample(name, above)).items]
    for key, plain in zip(keys, [item.key for item in form(name).read(sample(name)).items], strict=True):
        assert key.endswith(plain)


NEAR = {
    "tickets": {
        ".tickets/a.md": "# words\n",
        ".tickets/b.md": "---\nid: b\nstatus: open\n---\n",
        "deps.md": "deps: []\n",
    },
    "beans": {".beans/a.md": "---\ntitle: a\nstatus: todo\n---\n", ".beans.yml": "beans:\n  path: .beans\n"},
    "ccpm": {
        ".claude/epics/x/001.md": "# 1\n",
        "_posts/001.md": "---\nname: x\nstatus: published\n---\n",
    },
    "ai-task-manager": {".ai/task-manager/plans/01--x/tasks/01--y.md": "---\nid: 1\ntitle: y\n---\n"},
    "gsd": {
        ".planning/phases/01-x/01-01-PLAN.md": "# Plan\n- [ ] it\n",
        "PLAN.md": "---\nphase: 1\n---\n",
        ".planning/ROADMAP.md": "- [ ] 01-01: x\n",
    },
    "code-task": {"a.code-task.md": "words\n", "b.md": "# Task: x\n\n## Description\n"},
    "ralph": {"prd.json": '{"userStories": []}', "prd-x.json": '{"tasks": [{"id": 1, "title": "x", "status": "x"}]}'},
    "beads": {
        ".beads/issues.jsonl": '{"id": "x", "title": "y"}\n{"id": 1, "title": "y", "priority": 1}\n',
        "log.jsonl": '{"id": 1, "level": "info"}\nnot json\n',
    },
}


@pytest.mark.parametrize("name", sorted(NEAR))
def test_what_only_looks_alike_is_none(name: str) -> None:
    files = {path: text.encode() for path, text in sorted(NEAR[name].items())}
    assert sure(Tree(files)) == []
    assert form(name).read(Tree(files)).items == ()


@every_form
def test_what_is_written_back_changes_one_status_and_nothing_else(name: str) -> None:
    of, before = form(name), sample(name)
    read = of.read(before)
    written = 0
    for place, item in enumerate(read.items):
        if item.status in (TaskStatus.DONE, TaskStatus.CANCELLED):  # it has no prompt that anything could become of
            continue
        for status in (TaskStatus.IN_PROGRESS, TaskStatus.BLOCKED, TaskStatus.DONE):
            after = written_back(of, before, item, status)
            if after is None:
                continue
            written += 1
            again = of.read(after).items
            assert again[place].status is status
            assert of.write_back(after, again[place], status) == ()
            assert [bare(one) for one in again] == [bare(one) for one in read.items]
            assert [one.status for one in again[:place]] == [one.status for one in read.items[:place]]
            assert [one.status for one in again[place + 1 :]] == [one.status for one in read.items[place + 1 :]]
    assert written


def bare(item: Item) -> Item:
    """An item without what a change of statuses may change."""
    return replace(item, status=TaskStatus.TODO, word="", at=(-1, -1), line=0)


def written_back(of: Form, before: Tree, item: Item, status: TaskStatus) -> Tree | None:
    """The files with an item's new status; None where nothing is to be written. Only a few bytes may be others."""
    patches = of.write_back(before, item, status)
    assert isinstance(patches, tuple), patches
    if not patches:
        return None
    (patch,) = patches
    data = before.files[patch.path]
    assert 0 <= patch.start <= patch.end <= len(data)
    assert b"\n" not in data[patch.start : patch.end]
    assert len(patch.new) < 40
    return Tree({**before.files, patch.path: patched(data, patches)})


@pytest.mark.parametrize("name", ["", "ralph"])
def test_a_torn_file_is_the_reason_that_nothing_is_known(name: str) -> None:
    torn = Tree({"README.md": b"# Words\n", "prd.json": b'{"userStories": [\n  {"passes": false},\n]}'})
    with pytest.raises(UsageError, match=r": prd\.json:3: not JSON: "):
        choose(torn, name, ".")


@pytest.mark.parametrize("name", sorted(TOOLS))
def test_two_thousand_tasks_take_no_time(name: str) -> None:
    many = tree(TOOLS[name], [Task(number, f"Task {number}") for number in range(1, 2001)])
    start = process_time()
    form(name).detect(many)
    read = form(name).read(many)
    took = process_time() - start
    assert len({item.key for item in read.items}) == 2000
    assert took < 2
