"""Before the loop starts: an agent that would not get to work is said at once, with the remedy."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from support.project import NOTHING, Project, project
from support.steering import steered
from support.wait import wait_until

from coordinator.client.ports import Wish
from coordinator.client.project import ProjectSource

LOG_IN = "run `claude` and log in, or set ANTHROPIC_API_KEY"
Fake = Callable[..., Path]


@pytest.fixture
def cli(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Fake:
    """Puts a program on PATH that answers `--version` and its log-in question, and notes all that it is asked."""
    bin_, home = tmp_path / "clis", tmp_path / "home"
    bin_.mkdir()
    home.mkdir()
    monkeypatch.setenv("PATH", f"{bin_}:/usr/bin:/bin")
    monkeypatch.setenv("HOME", str(home))
    for name in ("ANTHROPIC_API_KEY", "CLAUDE_CONFIG_DIR", "CODEX_HOME"):
        monkeypatch.delenv(name, raising=False)

    def make(name: str, version: str, login: int = 0) -> Path:
        program = bin_ / name
        note = f'echo "$@" >>{program}.asked\n'
        program.write_text(f'#!/bin/sh\n{note}[ "$1" = --version ] && {{ echo "{version}"; exit 0; }}\nexit {login}\n')
        program.chmod(0o755)
        return bin_ / f"{name}.asked"

    return make


@pytest.fixture
def made(tmp_path: Path, cli: Fake) -> Iterator[Project]:
    """01 needs claude; 02, which waits for it, is scripted."""
    with project(tmp_path / "p", {}) as made:
        made.add(1, agent="claude")
        made.add(2, 1, script=NOTHING)
        yield made


def trust(home: Path, root: Path) -> None:
    """Let claude look as if its first-run dialogs had been answered for this folder."""
    known = {"hasCompletedOnboarding": True, "projects": {str(root): {"hasTrustDialogAccepted": True}}}
    (home / ".claude.json").write_text(json.dumps(known))


@pytest.mark.parametrize("flags", [("--until-idle",), (), ("--detach",)])
def test_a_loop_that_could_start_nothing_does_not_start_and_says_why(made: Project, flags: tuple[str, ...]) -> None:
    done = made.coord("loop", *flags, check=False)
    assert done.returncode == 3
    assert "nothing can start: the agent CLI `claude` is not installed (01)" in done.stderr
    assert "npm install -g @anthropic-ai/claude-code" in done.stderr
    assert made.states() == {1: "pending", 2: "pending"}
    assert made.events() == []
    assert not made.terminals.alive()


def test_an_old_a_logged_out_and_a_never_started_cli_are_each_said_in_a_line(made: Project, cli: Fake) -> None:
    cli("claude", "2.0.9")
    assert "claude 2.0.9 is too old: coord needs 2.1 (01)" in made.coord("loop", check=False).stderr
    cli("claude", "2.1.329", login=1)
    said = made.coord("loop", check=False).stderr
    assert "claude is not logged in (01)" in said
    assert LOG_IN in said
    asked = cli("claude", "2.1.329")
    said = made.coord("loop", check=False).stderr
    assert "claude was never started here: it would open with its first-run dialogs (01)" in said
    assert f"run `claude` once in {made.layout.root} and answer what it asks; then leave it" in said
    assert {*asked.read_text().splitlines()} == {"--version", "auth status"}, "nothing else is ever asked or sent"


def test_what_can_start_starts_and_the_rest_is_warned_of_before(tmp_path: Path, cli: Fake) -> None:
    cli("codex", "0.99.1")
    with project(tmp_path / "p", {1: []}, {1: NOTHING}) as made:
        made.add(2, 1, agent="codex")
        assert made.run_loop() == 1
        assert made.states() == {1: "merged", 2: "failed"}
        warning = "codex 0.99.1 is too old: coord needs 0.169 (02): `npm install -g @openai/codex`"
        (found,) = (e for e in made.events("problem.found"))
        assert found.data["reason"] == warning
        assert found.seq < made.events("step.dispatched")[0].seq
        assert warning in made.said()
        assert "0.99.1 is too old" in made.snapshot().steps[2].reason


def test_a_detached_loop_tells_of_it_where_it_was_started(tmp_path: Path, cli: Fake) -> None:
    with project(tmp_path / "p", {1: []}, {1: NOTHING}) as made:
        made.add(2, 1, agent="codex")
        said = made.coord("loop", "--detach").stdout
        assert "! the agent CLI `codex` is not installed (02): `npm install -g @openai/codex`" in said
        made.wait_for(1, "merged")


def test_a_loop_with_something_under_way_starts_all_the_same(tmp_path: Path, cli: Fake) -> None:
    with project(tmp_path / "p", {1: []}) as made:
        (made.layout.scripts / "01.sh").write_text(made.until() + NOTHING)
        first = made.start_loop()
        made.wait_for(1, "running")
        made.coord("loop", "--help")
        first.kill()
        first.wait()
        made.add(2, agent="claude")
        made.release()
        assert made.run_loop() == 1
        assert made.states() == {1: "merged", 2: "failed"}


def test_no_cli_is_asked_about_what_is_done_or_needs_none(tmp_path: Path, cli: Fake) -> None:
    asked = cli("claude", "2.1.329")
    with project(tmp_path / "p", {1: []}, {1: NOTHING}, runtime="claude") as made:
        made.add(1, script=NOTHING, agent="scripted")
        made.add(2, status="done")
        made.add(3, status="cancelled", agent="claude")
        assert made.run_loop() == 0
        assert not asked.exists()


async def test_the_key_that_starts_the_loop_says_what_is_missing_and_works_once_it_is_there(
    made: Project, cli: Fake, tmp_path: Path
) -> None:
    cli("claude", "2.1.329", login=1)
    made.add(3, script=NOTHING, agent="codex")
    async with steered(made.layout) as desk:
        await desk.sees("start loop")
        await desk.pilot.press("l")
        await desk.sees("claude is not logged in (01)")
        assert "run `claude` and log in" in desk.text
        assert not made.terminals.alive()
        cli("claude", "2.1.329")
        trust(tmp_path / "home", made.layout.root)
        await desk.pilot.press("l")
        await desk.sees("The loop starts in tmux window")
        await desk.sees("`codex` is not installed")
        wait_until(lambda: made.attempts(1) != [], message="the first attempt")
        made.coord("stop")
        made.sees(lambda snapshot: not snapshot.loop.alive, message="the loop's end")


def test_what_the_screen_says_of_a_start_names_who_can_not_be_started(tmp_path: Path, cli: Fake) -> None:
    with project(tmp_path / "p", {1: []}, {1: NOTHING}) as made:
        made.add(2, 1, agent="codex")
        source = ProjectSource(made.layout)
        first, second = source.ask_loop(Wish.START).splitlines()
        source.close()
        assert first.startswith("The loop starts in tmux window @")
        assert second == "the agent CLI `codex` is not installed (02): `npm install -g @openai/codex`"
        made.wait_for(1, "merged")


async def test_a_second_press_starts_no_second_loop(made: Project, cli: Fake, tmp_path: Path) -> None:
    cli("claude", "2.1.329")
    program = tmp_path / "clis" / "claude"
    slow = f"#!/bin/sh\nuntil [ -e {tmp_path}/go ]; do sleep 0.05; done\n"
    program.write_text(program.read_text().replace("#!/bin/sh\n", slow))
    async with steered(made.layout) as desk:
        await desk.sees("start loop")
        await desk.pilot.press("l", "l")
        await desk.sees("The loop is about to start")
        (tmp_path / "go").touch()
        await desk.sees("claude was never started here")
        await desk.pilot.press("l")
        await desk.sees("(2 times)")


async def test_the_key_says_on_a_finished_run_that_there_is_nothing_to_run(tmp_path: Path) -> None:
    with project(tmp_path, {1: []}, {1: NOTHING}) as made:
        made.start_loop()
        made.wait_for(1, "merged")
        async with steered(made.layout) as desk:
            await desk.sees("everything is done")
            await desk.pilot.press("l")
            await desk.sees("There is nothing to run: every prompt")
            assert "pause loop" not in desk.text
            assert made.snapshot().loop.asked == "running"
