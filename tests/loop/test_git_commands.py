"""What the loop asks of git while a plan goes wrong in every ordinary way: nothing that could lose anybody's work."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from support.project import WRITE, Project
from support.wait import wait_until

from coordinator.model.work import prompt_work

Make = Callable[..., Project]
RECORDER = """\
#!/bin/sh
at=$(pwd -P) && [ -e "${at%/*}/.${at##*/}.warm" ] && spare=spare
[ -n "${COORD_AGENT-}" ] || printf '%s\\n' "${spare:-used} $*" | tr '\\n\\t' '  ' | sed 's/$/\\n/' >>RECORD
exec GIT "$@"
"""
"""Notes what everybody but agents asks of git, and whether in a worktree made ahead, which nobody works in yet."""
NEVER = {"stash", "clean", "reset", "rebase", "filter-branch", "gc", "prune", "reflog", "rm", "mv", "restore"}
FORCE = {"--force", "-f", "-D", "-fd", "-fdx", "--hard", "--force-with-lease", "--discard-changes"}


def recorded(made: Project, folder: Path) -> Path:
    """Have git's commands noted; the file that they are noted in."""
    git = shutil.which("git")
    (folder / "recorder").mkdir()
    script = folder / "recorder" / "git"
    script.write_text(RECORDER.replace("RECORD", str(folder / "record")).replace("exec GIT", f"exec {git}"))
    script.chmod(0o755)
    path = made.environment()["PATH"]
    made.own_environment |= {"PATH": f"{script.parent}:{path}"}
    return folder / "record"


def words_of(line: str) -> list[str]:
    """A command's own words, from its subcommand on; none where it brings a worktree that is spare to its commit."""
    where, *words = line.split() or [""]
    if where == "spare" and "reset" in words:
        return []
    while words and words[0].startswith("-"):
        del words[: 2 if words[0] in ("-c", "-C") else 1]
    return words


@pytest.mark.slow
def test_nothing_is_ever_stashed_forced_or_cleaned(make: Make, tmp_path: Path) -> None:
    made = make({1: [], 2: [], 3: [], 4: []}, max_parallel=4)
    record = recorded(made, tmp_path)
    repository, scripts = made.repository, made.layout.scripts
    repository.suite("red", "exit 1")
    repository.commit({"shared.txt": "base\n", ".gitignore": "*.log\n", "notes.txt": "notes\n"})
    repository.write({"notes.txt": "stashed\n"})
    repository.git("stash")
    mine = {"notes.txt": "mine\n", "untracked.txt": "mine\n", "ignored.log": "mine\n"}
    repository.write(mine)
    status, stash = repository.status(), repository.git("stash", "list")
    clash = 'echo "$COORD_PROMPT" >shared.txt; git add -A; git commit -qm Clash; coord agent done --summary clash\n'
    resolve = "git merge -q main -m M || { git checkout -q --ours shared.txt; git add -A; git commit -qm R; }\n"
    (scripts / "01.sh").write_text(clash)
    again = f"if [ $COORD_ATTEMPT = 1 ]; then\n{made.until()}{clash}exit; fi\n{resolve}"
    (scripts / "02.sh").write_text(again + "coord agent done --summary resolved\n")
    (scripts / "03.sh").write_text(
        made.until("late") + WRITE.replace("coord agent done --summary", "coord agent fail --reason")
    )
    made.add(5, script="echo 5 >untracked.txt; git add -A; git commit -qm In; coord agent done --summary way\n")
    made.add(
        6, script=made.until("late") + "[ -e file-6.txt ] && { coord agent done --summary again; exit; }\n" + WRITE
    )
    prompt = next(made.layout.prompts.glob("06-*"))
    prompt.write_text(prompt.read_text().replace("priority:", "validation_suites: [red]\npriority:"))
    made.start_loop()
    made.wait_for(1, "merged")
    made.release()
    made.sees(lambda snapshot: "untracked.txt" in snapshot.steps[5].reason, message="what is in the way")
    made.wait_for(2, "merged", timeout=60)
    made.release("late")
    made.wait_for(3, "failed", timeout=60)
    wait_until(lambda: made.attempts(6)[0]["state"] == "pending", timeout=60, message="the red suite")
    shutil.rmtree(made.layout.worktree(prompt_work(3), 1))
    (repository.root / "untracked.txt").rename(tmp_path / "moved")
    made.wait_for(5, "merged", timeout=60)

    commands = [words_of(line) for line in record.read_text().splitlines()]
    commands = [words for words in commands if words]
    assert {"worktree", "merge-tree", "commit-tree", "branch"} <= {words[0] for words in commands}
    assert [words for words in commands if words[0] in NEVER] == []
    own = str(made.layout.worktrees)
    gone = {f"coord/{merged}" for merged in ("01-1", "02-1", "02-2", "04-1", "05-1")}
    forced = [words for words in commands if FORCE.intersection(words)]
    forced = [w for w in forced if not (w[:2] == ["worktree", "remove"] and w[-1].startswith(own))]
    assert [w for w in forced if not (w[0] == "branch" and w[-1] in gone)] == []
    assert [w for w in commands if w[0] in ("checkout", "switch")] == []
    assert repository.git("stash", "list") == stash
    assert (repository.root / "notes.txt").read_text() == "mine\n"
    assert (repository.root / "ignored.log").read_text() == "mine\n"
    assert (repository.root / "untracked.txt").read_text() == "5\n"
    assert repository.status() == status.replace("?? untracked.txt", "").strip("\n")
    assert repository.head("coord/03-1")


def test_hooks_of_a_relative_folder_run_for_an_agents_commits_too(make: Make) -> None:
    made = make({1: []}, {1: WRITE})
    hook = made.repository.root / ".husky/_/commit-msg"
    hook.parent.mkdir(parents=True)
    (hook.parent / ".gitignore").write_text("*\n")
    hook.write_text('#!/bin/sh\nprintf "\\nChecked: yes\\n" >>"$1"\n')
    hook.chmod(0o755)
    made.repository.git("config", "core.hooksPath", ".husky/_")
    assert made.run_loop() == 0, made.said()
    assert made.repository.git("log", "--format=%(trailers:key=Checked,valueonly)", "main^2", "-1").strip() == "yes"


def test_a_hook_that_takes_long_while_one_agent_starts_holds_up_no_other(make: Make) -> None:
    made = make({1: [], 2: []}, max_parallel=2)
    hook = made.repository.root / ".git/hooks/post-checkout"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f'#!/bin/sh\n[ "${{PWD##*/}}" = 02-1 ] || exit 0\n{made.until()}')
    hook.chmod(0o755)
    made.start_loop()
    made.wait_for(1, "merged")
    assert made.states()[2] == "dispatched"
    made.coord("kill", "2", "--yes")
    made.release()
    made.wait_for(2, "blocked")
    assert [event.subject for event in made.events("agent.started")] == ["agent:executor-01-1"]
