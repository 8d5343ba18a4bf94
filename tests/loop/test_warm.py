"""Worktrees that are made ready ahead: used when their turn comes, and dropped without a trace when it doesn't."""

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path

from support.project import NOTHING, WRITE, Project
from support.wait import wait_until

from coordinator.model.work import prompt_work

Make = Callable[..., Project]
SETUP = 'echo "$COORD_PROMPT $COORD_PORT" >>"$COORD_ROOT/../set-up"\n'
"""Leaves word of each time that it runs."""


def waits() -> str:
    """A line of a script that waits for `go`."""
    return 'while [ ! -e "$COORD_ROOT/../go" ]; do sleep 0.02; done\n'


def set_up(made: Project, text: str = SETUP) -> None:
    (made.layout.coord / "setup.sh").write_text(text)


def set_ups(made: Project) -> list[str]:
    """The prompts whose worktrees were set up, in that order."""
    place = made.repository.root.parent / "set-up"
    return [line.split()[0] for line in place.read_text().splitlines()] if place.exists() else []


def mark(made: Project, label: str) -> Path:
    return made.layout.worktrees / f".{label}.warm"


def is_ready(made: Project, label: str) -> bool:
    try:
        return bool(json.loads(mark(made, label).read_text())["ready"])
    except (OSError, ValueError):
        return False


def traces(made: Project) -> list[str]:
    """What is left of worktrees, branches and ports that nobody works with."""
    found = [str(path) for path in made.layout.worktrees.iterdir() if path.name != ".gitignore"]
    found += made.repository.git("branch", "--list", "--format=%(refname:short)", "coord/*").split()
    return found + made.repository.git("worktree", "list").splitlines()[1:]


def test_the_next_prompt_starts_in_a_worktree_that_was_made_ready_and_has_what_landed(make: Make) -> None:
    sees = f'[ -e file-1.txt ] && [ "$(git rev-parse HEAD)" = "$(git rev-parse main)" ]\n{WRITE}'
    made = make({1: [], 2: [1]}, {1: f"set -e\n{waits()}{WRITE}", 2: f"set -e\n{sees}"})
    set_up(made)
    made.start_loop()
    wait_until(lambda: is_ready(made, "02-1"), message="the second worktree")
    port = json.loads(mark(made, "02-1").read_text())["port"]
    (made.repository.root.parent / "go").touch()
    made.wait_for(2, "merged")
    assert set_ups(made) == ["1", "2"]
    (attempt,) = made.attempts(2)
    assert (attempt["port"], attempt["branch"], attempt["attempt"]) == (port, "coord/02-1", 1)
    assert attempt["base"] == made.attempts(1)[0]["merged_as"]
    assert made.repository.git("log", "--format=%s", "-1", "main^2^") == "Merge coord/01-1: Prompt 1"


def test_it_stands_at_what_is_about_to_land_while_the_suites_run_on_that_and_at_the_base_when_they_are_red(
    make: Make,
) -> None:
    made = make({2: [1]})
    made.repository.suite("slow", f"touch $COORD_ROOT/../judging; {made.until('judged').strip()}; exit 1")
    once = f"set -e\n[ $COORD_ATTEMPT = 1 ] || exec sleep 600\n{waits()}{WRITE}"
    made.add(1, script=once, validation_suites="[slow]")
    git = made.repository.git
    made.start_loop()
    wait_until(lambda: is_ready(made, "02-1"), message="the second worktree")
    (made.repository.root.parent / "go").touch()
    wait_until((made.repository.root.parent / "judging").exists, message="the suite")
    wait_until((made.layout.worktrees / "02-1/file-1.txt").exists, message="the worktree to follow")
    stands_at = ("log", "-1", "--format=%P", "coord/02-1")
    merged = git("rev-parse", "main", "coord/01-1").split()
    wait_until(lambda: git(*stands_at).split() == merged, message="its branch to follow")
    made.release("judged")
    wait_until(lambda: git("rev-parse", "coord/02-1") == git("rev-parse", "main"), message="the worktree to be back")
    wait_until(lambda: not (made.layout.worktrees / "02-1/file-1.txt").exists(), message="its files to be back")


def test_a_set_up_is_run_again_only_when_what_it_installs_changed(make: Make) -> None:
    lock = "echo changed >package-lock.json && git add -A && git commit -qm lock\n"
    done = "coord agent done --summary done\n"
    made = make({1: [], 2: [1]}, {1: f"set -e\n{waits()}{lock}{done}", 2: NOTHING})
    set_up(made)
    made.start_loop()
    wait_until(lambda: is_ready(made, "02-1"), message="the second worktree")
    (made.repository.root.parent / "go").touch()
    made.wait_for(2, "merged")
    assert set_ups(made) == ["1", "2", "2"]


def test_a_prompt_that_comes_while_its_worktree_is_set_up_waits_for_that_and_no_longer(make: Make) -> None:
    made = make({1: [], 2: [1]}, {1: waits() + NOTHING, 2: NOTHING})
    set_up(made, f'{SETUP}echo fetching the world; [ "$COORD_PROMPT" = 1 ] || {{\n{made.until()}}}\n')
    made.start_loop()
    wait_until(lambda: set_ups(made) == ["1", "2"], message="the second set-up")
    (made.repository.root.parent / "go.1").touch()
    (made.repository.root.parent / "go").touch()
    wait_until(lambda: any(a.prompt == 2 and a.setting_up and a.doing for a in made.snapshot().agents), message="02")
    (agent,) = [agent for agent in made.snapshot().agents if agent.prompt == 2]
    assert agent.doing == "fetching the world"
    made.release()
    made.wait_for(2, "merged")
    assert set_ups(made) == ["1", "2"]


def test_one_that_is_not_wanted_any_more_is_dropped_without_a_trace(make: Make) -> None:
    made = make({1: [], 2: [1]}, {1: waits() + NOTHING, 2: NOTHING})
    set_up(made)
    (made.layout.coord / "teardown.sh").write_text('echo "$COORD_PROMPT" >>"$COORD_ROOT/../torn-down"\n')
    made.start_loop()
    wait_until(lambda: is_ready(made, "02-1"), message="the second worktree")
    made.coord("cancel", "2", "--yes")
    wait_until(lambda: not mark(made, "02-1").exists(), message="its end")
    (made.repository.root.parent / "go").touch()
    made.wait_for(1, "merged")
    wait_until(lambda: traces(made) == [], message="everything to be gone")
    assert (made.repository.root.parent / "torn-down").read_text() == "2\n1\n"


def test_a_loop_that_ends_drops_them_and_ends_their_set_ups(make: Make) -> None:
    made = make({1: [], 2: [1], 3: [1]}, {1: waits() + NOTHING}, warm=2)
    set_up(made, f'{SETUP}[ "$COORD_PROMPT" != 3 ] || sleep 100\n')
    loop = made.start_loop()
    wait_until(lambda: is_ready(made, "02-1") and "3" in set_ups(made), message="both worktrees")
    loop.terminate()
    assert loop.wait(90) == 0
    assert [trace for trace in traces(made) if "01-1" not in trace] == []
    assert made.agents(3) == []


def test_what_a_killed_loop_left_is_dropped_by_the_next_one_or_by_clean(make: Make) -> None:
    made = make({1: [], 2: [1]}, {1: waits() + NOTHING, 2: NOTHING})
    set_up(made)
    for way in ("clean", "loop"):
        loop = made.start_loop()
        wait_until(lambda: is_ready(made, "02-1"), message="the second worktree")
        loop.send_signal(signal.SIGKILL)
        loop.wait(90)
        assert mark(made, "02-1").exists()
        if way == "clean":
            assert "ahead    .coord/worktrees/02-1" in made.coord("clean", "--dry-run").stdout
            made.coord("clean", "--yes")
            assert not mark(made, "02-1").exists()
            assert not (made.layout.worktrees / "02-1").exists()
    made.coord("cancel", "2", "--yes")
    (made.repository.root.parent / "go").touch()
    assert made.run_loop() == 0, made.said()
    assert traces(made) == []


def test_clean_keeps_one_with_work_of_somebody(make: Make) -> None:
    made = make({1: [], 2: [1]}, {1: waits() + NOTHING, 2: NOTHING})
    loop = made.start_loop()
    wait_until(lambda: is_ready(made, "02-1"), message="the second worktree")
    assert "the loop keeps it ready" in made.coord("clean", "--dry-run").stdout
    loop.send_signal(signal.SIGKILL)
    loop.wait(90)
    tree = made.layout.worktrees / "02-1"
    made.repository.commit({"mine.txt": "mine"}, cwd=tree)
    assert "coord/02-1 has commits of somebody's" in made.coord("clean", "--yes").stdout
    assert (tree / "mine.txt").exists()
    assert mark(made, "02-1").exists()


def test_work_of_somebody_in_one_is_never_taken_nor_removed(make: Make) -> None:
    made = make({1: [], 2: [1], 3: []}, {1: waits() + WRITE, 2: NOTHING, 3: NOTHING})
    set_up(made)
    loop = made.start_loop("--until-idle")
    wait_until(lambda: is_ready(made, "02-1"), message="the second worktree")
    (made.layout.worktrees / "02-1" / "mine.txt").write_text("mine")
    (made.repository.root.parent / "go").touch()
    assert loop.wait(90) == 1
    assert (made.layout.worktrees / "02-1" / "mine.txt").read_text() == "mine"
    assert made.states() == {1: "merged", 2: "failed", 3: "merged"}
    assert "02-1 has changes of somebody's: ?? mine.txt, where its agent was to work" in made.attempts(2)[0]["reason"]
    assert "02-1 has uncommitted changes: ?? mine.txt" in made.coord("clean", "--yes").stdout
    assert (made.layout.worktrees / "02-1" / "mine.txt").exists()


def test_a_set_up_that_fails_ahead_fails_its_prompt_when_that_comes(make: Make) -> None:
    made = make({1: [], 2: [1], 3: [1]}, {1: waits() + NOTHING, 2: NOTHING, 3: NOTHING})
    set_up(made, f'{SETUP}[ "$COORD_PROMPT" != 2 ] || {{ echo no such package; exit 1; }}\n')
    loop = made.start_loop("--until-idle")
    wait_until(lambda: "2" in set_ups(made) and not mark(made, "02-1").exists(), message="its failure")
    (made.repository.root.parent / "go").touch()
    assert loop.wait(90) == 1
    assert made.states() == {1: "merged", 2: "failed", 3: "merged"}
    assert "no such package" in made.attempts(2)[0]["reason"]


def test_files_that_were_copied_and_changed_since_are_brought_anew(make: Make) -> None:
    sees = f'[ "$(cat .env)" = new ]\n{NOTHING}'
    made = make({1: [], 2: [1]}, {1: waits() + NOTHING, 2: f"set -e\n{sees}"}, copy="[.env]")
    made.repository.commit({".gitignore": ".env\n"})
    env = made.repository.root / ".env"
    env.write_text("old")
    made.start_loop()
    wait_until(lambda: is_ready(made, "02-1"), message="the second worktree")
    assert (made.layout.worktrees / "02-1" / ".env").read_text() == "old"
    env.write_text("new")
    os.utime(env, (1, 1))
    (made.repository.root.parent / "go").touch()
    made.wait_for(2, "merged")


def test_nothing_is_made_ahead_where_that_is_turned_off(make: Make) -> None:
    made = make({1: [], 2: [1]}, {1: waits() + NOTHING, 2: NOTHING}, warm=0)
    set_up(made)
    made.start_loop()
    made.wait_for(1, "running")
    (made.repository.root.parent / "go").touch()
    made.wait_for(2, "merged")
    assert set_ups(made) == ["1", "2"]
    assert made.layout.attempt("run-1", prompt_work(2), 1).joinpath("setup.log").exists()
