"""Commands of one's own: what their placeholders stand for, and that a value never is more than a value."""

import subprocess
from pathlib import Path

import pytest
from support import scenes

from coordinator.lazy.dataclass import replace
from coordinator.model.own_command import OwnCommand, Subject, fill, odd_words, placeholders, values_of, why_not

HOSTILE = (
    "'; rm -rf ~; '",
    '"; rm -rf ~; "',
    "$(touch ran)",
    "`touch ran`",
    "a\ntouch ran\nb",
    "\\'; touch ran #",
    "${IFS}touch${IFS}ran",
    "*",
    "~",
    "a  b\t",
    "&& touch ran",
)


@pytest.mark.parametrize("title", HOSTILE)
@pytest.mark.parametrize("run", ["printf %s {title}", "true && printf %s {title}; true", 'x={title}; printf %s "$x"'])
def test_a_hostile_value_arrives_as_it_is_and_does_nothing(run: str, title: str, tmp_path: Path) -> None:
    words = fill(run, {"title": title})
    done = subprocess.run(["sh", "-c", words], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == title
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("run", "wrong"),
    [
        ("make {nmber}", "no placeholder {nmber}"),
        ("echo '{title}'", "in quotes"),
        ('echo "{title}"', "in quotes"),
        ('echo "$(echo "{title}")"', "beside"),
        ('echo "${x:-"{title}"}"', "beside"),
        ("echo `echo {title}`", "beside `"),
        ("cat <<E\n{title}\nE", "beside <<"),
        ("echo $'a\\'{title}", "beside $'"),
        ("echo $(( {title} ))", "beside (("),
        ("[[ {title} -eq 1 ]]", "beside [["),
        ("eval echo {title}", "beside eval"),
        ("make # {title}", "in a comment"),
        ("make # \\\necho '{title}'", "in quotes"),
        ("echo {title} 'a", "not closed"),
    ],
)
def test_words_in_which_a_value_could_be_more_than_that_are_refused(run: str, wrong: str) -> None:
    found = odd_words(run)
    assert found is not None
    assert wrong in found[0]
    assert found[1]


@pytest.mark.parametrize(
    ("run", "asks"),
    [
        ("cd {worktree} && make", ("worktree",)),
        ("awk '{print}' {path} {path}", ("path",)),
        ('"${EDITOR}" {path}; echo "${path}"', ("path",)),
        ("echo \\{title}", ()),
        ("echo a#b {number}", ("number",)),
        ("echo `date` don't", ()),
        ("x=$(git log {branch})", ("branch",)),
    ],
)
def test_what_is_no_placeholder_is_left_to_the_shell(run: str, asks: tuple[str, ...]) -> None:
    assert odd_words(run) is None
    assert placeholders(run) == asks


def test_a_command_about_a_prompt_has_that_prompts_values() -> None:
    snapshot = scenes.bucket()
    attempt = snapshot.steps[6].attempt
    assert attempt is not None
    values = values_of(OwnCommand("a", "x", "prompt"), snapshot, Subject(6, snapshot.agents[0]))
    assert (values["number"], values["path"]) == ("6", snapshot.prompts[6].path)
    assert (values["agent"], values.get("branch", "")) == (attempt.agent, attempt.branch)


def test_a_command_about_an_agent_has_that_agents_values_whatever_is_selected() -> None:
    snapshot = scenes.bucket()
    agent = next(one for one in snapshot.agents if one.prompt is not None)
    values = values_of(OwnCommand("a", "x", "agent"), snapshot, Subject(1, agent))
    assert (values["agent"], values["number"]) == (agent.id, str(agent.prompt))


def test_a_command_whose_value_is_missing_says_which() -> None:
    snapshot = scenes.bucket()
    prompt = replace(snapshot.prompts[6], path="a\nb.md")
    odd = replace(snapshot, prompts={**snapshot.prompts, 6: prompt})
    shown = OwnCommand("show", "cat {path}", "prompt")
    assert why_not(shown, snapshot, Subject(6)) == ""
    assert "{path}" in why_not(shown, odd, Subject(6)), "no file of a project's own has such a name"
    assert "select one" in why_not(shown, snapshot, Subject(None))
    assert "none is shown" in why_not(OwnCommand("a", "x", "agent"), snapshot, Subject(6))
    assert "being read" in why_not(shown, None, Subject(6))
    assert why_not(OwnCommand("a", "make"), snapshot, Subject(None)) == ""
