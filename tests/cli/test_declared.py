"""What is run without click is what click would have run."""

import click
import pytest

from coordinator.cli import declared
from coordinator.cli.verbs import find

LINES = (
    ("why", "3"),
    ("why", "3 --json"),
    ("graph", ""),
    ("graph", "--dot"),
    ("graph", "--json --mermaid"),
    ("agents", "--json"),
    ("log", ""),
    ("log", "-n 5 --json"),
    ("log", "--last 5 --kind step. --kind loop. --actor me -f --prompt 4"),
    ("ask", "really? --option yes --option no --default yes --only-dependents"),
    ("ask", "--wait really?"),
    ("answer", "4 yes"),
    ("questions", "--all"),
    ("decide", "something --json"),
    ("permit", "3 --allow"),
    ("permit", "3 --deny --reason no"),
    ("permit", "3 --json"),
    ("loop", "--max-parallel 7 --until-idle"),
    ("link", "https://forge.example/7 --as issue --prompt 3"),
    ("review", ""),
    ("review", "3 --reject no"),
    ("undo", "--dry-run"),
    ("undo", "plan -y"),
    ("interject", "--title X --after 3,4 --after 05 --running kill"),
    ("interject", "--title X --body file -y"),
    ("edit", "5 --set priority=high --set title=X --mark-user-patch 1,2 --dry-run --json"),
    ("kill", "3 --fail"),
    ("kill", "3"),
    ("restart", "3 --fresh --reason X"),
    ("surgery", "--keep 3 --eliminate 4,5"),
    ("patch", "--title X --fixes 3 --issue a --issue b --before-dependents"),
)
DOUBTFUL = (
    ("why", ""),
    ("why", "three"),
    ("why", "-1"),
    ("why", "3 4"),
    ("why", "--help"),
    ("graph", "--js"),
    ("log", "-n"),
    ("log", "-n5"),
    ("log", "--last=5"),
    ("log", "--actor --json"),
    ("log", "nothing"),
    ("decide", "-- something"),
    ("loop", "--max-parallel 0"),
    ("loop", "--max-parallel 201"),
    ("link", "https://forge.example/7 --as nothing"),
    ("interject", ""),
    ("interject", "--title X --after three"),
    ("interject", "--title X --after ,"),
    ("interject", "--title X --priority highest"),
    ("kill", ""),
    ("kill", "3 4"),
    ("demo", "--keep somewhere"),
)


@pytest.mark.parametrize(("verb", "line"), LINES)
def test_the_values_are_those_of_click(verb: str, line: str) -> None:
    found = find(verb)
    made: click.Command = found.with_click()
    ours, theirs = found._values(line.split()), made.make_context(verb, line.split()).params
    assert ours == theirs
    assert [type(value) for value in ours.values()] == [type(theirs[name]) for name in ours]


@pytest.mark.parametrize("line", ["", "--user nobody --user man", "--agents 3 --user coord"])
def test_what_is_given_stands_in_the_place_of_a_default(line: str) -> None:
    found = find("strict")._commands["setup"]
    assert found._values(line.split()) == found.with_click().make_context("setup", line.split()).params


@pytest.mark.parametrize(("verb", "line"), DOUBTFUL)
def test_what_is_in_doubt_is_left_to_click(verb: str, line: str) -> None:
    assert find(verb).run(".", line.split()) is None


def test_the_commands_of_a_group_are_found_without_click() -> None:
    agent = find("agent")
    values = agent._commands["fail"]._values(["--reason", "no", "--left", "a", "--left", "b"])
    assert values == {"verdict": "no", "left": ("a", "b"), "learnings": (), "request": "", "source": ""}
    assert agent._commands["fail"]._values(["--json", "-"])["source"] == "-"
    assert agent._commands["fail"]._values(["--left"]) is None
    assert agent.run(".", []) is None
    assert sorted(agent.with_click().commands) == sorted(agent._commands)
    assert {"blocked", "done", "fail"} < agent._commands.keys()


def test_click_is_given_the_verbs_it_has_to_run() -> None:
    assert isinstance(declared.for_click(find("why")), click.Command)
    assert declared.run_plain(".", ["nothing"]) is None


def test_a_group_that_shows_something_itself_is_told_of_the_command_below_it() -> None:
    told: list[object] = []

    @declared.group(invoke_without_command=True)
    @declared.option("--json", "as_json", is_flag=True)
    @declared.pass_context
    def group(ctx: declared.Context, as_json: bool) -> None:
        told.append((ctx.obj, ctx.invoked_subcommand, as_json))

    @group.command()
    @declared.argument("what", type=int)
    @declared.pass_context
    def below(ctx: declared.Context, what: int) -> int:
        told.append((ctx.obj, what))
        return 3

    assert group.run("here", ["--json"]) == 0
    assert group.run("here", ["below", "7"]) == 3
    assert told == [("here", None, True), ("here", "below", False), ("here", 7)]
    told.clear()
    assert group.run("here", ["below", "seven"]) is None
    assert group.run("here", ["--json", "below", "7"]) is None
    assert not told, "what is left to click has not begun"
