"""`coord pipelines`: what there is, and what is said of one that can't be used."""

import json
from pathlib import Path

import pytest
from support.command import coord
from support.project import prompt_text

from coordinator.storage.paths import Layout
from coordinator.storage.pipelines import read_pipelines

WORKER = "---\nrole: stage\nwrites: ['**']\n---\n# Work\n\nDo it.\n"
CRITIC = "---\nrole: stage\nmodel: opus\noutputs: [worklist.json]\n---\n# Look\n\nFind what is wrong.\n"
LOOK = "---\nstations:\n  - worker\n  - critic loop=worker\n---\n# Work, and a second look\n\nFor what is delicate.\n"


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    assert coord("init", "--title", "Rate limiting", at=tmp_path).code == 0
    made = Layout(tmp_path)
    made.pipelines.mkdir(parents=True)
    (made.flows / "worker.md").write_text(WORKER)
    (made.flows / "critic.md").write_text(CRITIC)
    (made.pipelines / "look.md").write_text(LOOK)
    return made


def test_a_file_is_a_pipeline_at_once_and_says_how_it_goes(layout: Layout) -> None:
    shown = json.loads(coord("pipelines", "--json", at=layout.root).out)
    assert shown["problems"] == []
    (found,) = [one for one in shown["pipelines"] if one["own"]]
    assert (found["name"], found["kind"], found["path"]) == ("look", "stations", ".coord/flows/pipelines/look.md")
    assert [(station["name"], station["loop"], station["rounds"]) for station in found["stations"]] == [
        ("worker", None, 3),
        ("critic", "worker", 3),
    ]
    out = coord("pipelines", "LOOK", at=layout.root).out
    assert "look  Work, and a second look" in out
    assert "critic  back to worker, 3 rounds at most" in out
    assert "For what is delicate." in out
    assert "no file of the project" in coord("flows", at=layout.root).out
    assert "no-effect" not in coord("validate", at=layout.root).out


def test_those_that_ship_fit_together(layout: Layout) -> None:
    found = read_pipelines(layout)
    assert [problem for problem in found.problems if not problem.path.startswith(".coord/")] == []
    assert {"build", "staged"} <= {pipeline.name for pipeline in found.items}
    build = found.find("build")
    assert build is not None
    assert [station.name for station in build.stations if station.loop] == ["test-critic", "code-critic"]
    assert all(station.outputs for station in build.stations)


def test_one_that_is_not_there_is_said_with_its_nearest(layout: Layout) -> None:
    refused = coord("pipelines", "lok", at=layout.root)
    assert refused.code == 3
    assert "there is no pipeline `lok`" in refused.err
    assert "did you mean `look`?" in refused.err


def test_what_does_not_fit_is_a_problem_and_the_prompt_that_names_it_is_told(layout: Layout) -> None:
    prompts = layout.prompts
    (prompts / "01-planned-a.prompt.md").write_text(prompt_text(1, pipeline="look"))
    assert coord("validate", at=layout.root).code == 0
    (layout.flows / "worker.md").unlink()
    done = coord("validate", at=layout.root)
    assert done.code == 1
    assert "pipelines/look.md  bad-station  worker: there is no flow `worker`" in done.out
    assert "the pipeline `look` can't be used: the prompt can't start" in done.out
    assert coord("pipelines", "look", at=layout.root).code == 3
    assert read_pipelines(layout).find("look") is None


def test_the_projects_own_file_hides_the_shipped_one_also_where_it_is_broken(layout: Layout) -> None:
    (layout.pipelines / "staged.md").write_text("---\nstations:\n  - nobody\n---\n")
    found = read_pipelines(layout)
    assert found.find("staged") is None
    assert "staged" in found.broken


def test_a_pipeline_that_is_misnamed_linked_or_asks_for_a_strange_agent_is_a_problem(layout: Layout) -> None:
    (layout.pipelines / "direct.md").write_text(LOOK)
    (layout.pipelines / "Look.md").write_text(LOOK)
    (layout.pipelines / "linked.md").symlink_to(layout.pipelines / "look.md")
    (layout.pipelines / "odd.md").write_text(LOOK.replace("- worker", "- worker agent=nonesuch"))
    out = coord("validate", at=layout.root).out
    for words in ("direct.md  bad-name", "look.md  duplicate-pipeline", "linked.md  unreadable", "odd.md  no-agent"):
        assert words in out


def test_a_pipeline_that_a_prompt_could_not_name_is_told_there(layout: Layout) -> None:
    (layout.prompts / "01-planned-a.prompt.md").write_text(prompt_text(1, pipeline="../x"))
    assert "`../x` is no name of a pipeline" in coord("validate", at=layout.root).out
