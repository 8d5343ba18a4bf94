"""A folder of each form, with what goes wrong in such folders, and the plan that comes of it.

`COORD_TEST_ACCEPT=1` writes the plans anew; look at the difference before you commit it.
"""

import os
from pathlib import Path

import pytest
from support.build import snapshot

from coordinator.formats.imports import registry
from coordinator.model.imported import Tree
from coordinator.model.plan import Plan
from coordinator.services.importing import Import, plan_import
from coordinator.views.import_text import task_lines

SAMPLES = Path(__file__).parent / "samples"
FORMS = sorted(path.name for path in SAMPLES.iterdir() if path.is_dir())


def tree_of(name: str) -> Tree:
    """The sample's files, but for those that say what comes of it."""
    folder = SAMPLES / name
    paths = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != "plan.txt")
    return Tree({path.relative_to(folder).as_posix(): path.read_bytes() for path in paths})


def planned(name: str) -> Plan:
    tree, form = tree_of(name), registry.form(name)
    return plan_import(snapshot(), Import(name, ".", form.read(tree), "ada"))


def told(plan: Plan) -> str:
    """The plan as people see it, then what is left out, then the prompts themselves."""
    lines = [plan.summary, *("".join(span.text for span in line) for line in task_lines(plan)), ""]
    left_out = plan.more["left_out"]
    assert isinstance(left_out, list)
    lines += [f"{one['path']}:{one['line']} {one['code']}: {one['message']}" for one in left_out]
    for edit in plan.edits:
        lines += ["", f"==== {edit.path}", *edit.content.decode().rstrip("\n").split("\n")]
    return "\n".join(lines) + "\n"


def test_every_form_has_a_sample() -> None:
    assert set(FORMS) == set(registry.names())


@pytest.mark.parametrize("name", FORMS)
def test_the_plan_of_a_sample_is_the_one_that_was_looked_at(name: str) -> None:
    golden = SAMPLES / name / "plan.txt"
    found = told(planned(name))
    if os.environ.get("COORD_TEST_ACCEPT"):
        golden.write_text(found)
    assert found == golden.read_text()


@pytest.mark.parametrize("name", FORMS)
def test_a_sample_is_known_by_its_content(name: str) -> None:
    tree = tree_of(name)
    assert registry.choose(tree, "", "sample").form.name == name
    emptied = Tree(dict.fromkeys(tree.files, b"nothing\n"))
    assert registry.form(name).detect(emptied) is None
