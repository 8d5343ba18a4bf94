"""Strict mode, attacked from within: an agent does its work, speaks as itself, and can write nothing else."""

import json
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest
from support.project import WRITE, Project
from support.strict import AGENTS, needs_strict, python, strict_project
from support.wait import wait_until

from coordinator.agents.user import as_user, find_user, processes_of
from coordinator.changes.lending import store_of
from coordinator.eventlog.verify import verify
from coordinator.model.work import prompt_work
from coordinator.processes.table import processes

pytestmark = needs_strict
IDLE = ("nobody", "man", "mail")
"""Users that no agent of a test has: whose processes are ended there may be somebody else's here."""
TRY = """\
try() {{ name=$1; shift; "$@" >"$OUT/$name.out" 2>&1; echo $? >"$OUT/$name"; }}
OUT={out}
"""
SQLITE = """\
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1])
connection.execute("PRAGMA writable_schema = ON")
connection.execute("DROP TRIGGER IF EXISTS events_next_only")
print(connection.execute("SELECT count(*) FROM events").fetchone())
"""
HIDDEN = """\
import ctypes, os, sys
ctypes.CDLL(None).prctl(4, 0, 0, 0, 0)  # PR_SET_DUMPABLE: /proc/self belongs to root from now on
sys.path.insert(0, sys.argv[1])
from coordinator.cli.main import main
main(sys.argv[2:])
"""


def find_gid(name: str) -> int:
    """The primary group of a user; of one that is not there, a number that nobody has."""
    try:
        return pwd.getpwnam(name).pw_gid
    except KeyError:
        return -hash(name)


@pytest.fixture
def out() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="coord-out-"))
    folder.chmod(0o777)
    yield folder
    shutil.rmtree(folder)


def ends(out: Path) -> dict[str, int]:
    """How each try ended."""
    return {path.name: int(path.read_text()) for path in out.iterdir() if path.suffix == ""}


def holder(made: Project, number: int) -> str:
    """The user that the first attempt of a prompt has; empty when it has none any more."""
    return str(
        json.loads((made.layout.attempt("run-1", prompt_work(number), 1) / "step.json").read_text()).get("user", "")
    )


def runs(pid: int, name: str) -> bool:
    """Whether a process is the long sleep of a user."""
    try:
        mine = pwd.getpwuid(os.stat(f"/proc/{pid}").st_uid).pw_name == name
        return mine and b"sleep\0001000" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except FileNotFoundError:
        return False


def run_agent(made: Project, script: str) -> None:
    """Have the agent of prompt 1 run a script, and its work merged."""
    (made.layout.scripts / "01.sh").write_text(script + WRITE)
    assert made.run_loop() == 0, made.said()


@pytest.mark.slow
def test_an_agent_works_commits_hands_off_and_is_merged() -> None:
    scripts = {1: "id -un >who.txt\ncoord decide 'as nobody'\n" + WRITE}
    with strict_project({1: [], 2: [1]}, scripts) as made:
        made.layout.suites.joinpath("who.md").write_text('---\ncommand: test "$(id -un)" = nobody && touch made\n---\n')
        made.add(3, 2, validation_suites="[who]")
        assert made.run_loop() == 0, made.said()
        assert made.states() == {1: "merged", 2: "merged", 3: "merged"}
        assert made.repository.git("show", "main:who.txt") in AGENTS
        decided, *_ = made.events("decision.recorded")
        assert (decided.actor, decided.subject, decided.run) == ("executor-01-1", "prompt:1", "run-1")
        assert {event.actor for event in made.events("handoff.given")} == {
            "executor-01-1",
            "executor-02-1",
            "executor-03-1",
        }
        assert verify(made.layout.events_db).ok
        assert not made.layout.worktree(prompt_work(1), 1).exists()
        assert not made.layout.door.exists()


def test_an_agent_writes_neither_the_log_nor_anything_of_the_loop(out: Path) -> None:
    with strict_project({1: []}) as made:
        (out / "sqlite.py").write_text(SQLITE)
        coord, git = made.layout.coord, made.repository.root / ".git"
        tries = {
            "sqlite": f'{python()} {out}/sqlite.py "{made.layout.events_db}"',
            "truncate": f"sh -c ': >\"{made.layout.events_db}\"'",
            "replace": f'mv "{made.layout.events_db}" "{made.layout.events_db}.old"',
            "read": f'cat "{made.layout.events_db}"',
            "milestone": f"sh -c 'echo x >>\"{made.layout.milestone}\"'",
            "prompt": f'touch "{made.layout.prompts}/09-planned-x.prompt.md"',
            "settings": f"sh -c 'echo gate: auto >>\"{made.layout.config}\"'",
            "loop": f'touch "{made.layout.loop_json}"',
            "receipt": f'touch "{coord}/runs/run-1/prompts/01/attempt-1/receipt.json"',
            "socket": f'rm -f "{made.layout.door}"',
            "hook": f'touch "{git}/hooks/post-checkout"',
            "config": f"git --git-dir='{git}' config core.fsmonitor 'touch /tmp/owned'",
            "main": f"git --git-dir='{git}' update-ref refs/heads/main HEAD~0",
            "new branch": f"git --git-dir='{git}' branch mine main",
            "object": f"git --git-dir='{git}' hash-object -w .git",
            "gitfile": "mv .git .git-old",
            "gitfile2": "sh -c 'echo gitdir: /tmp/x >.git'",
            "root": "setpriv --reuid=0 true",
        }
        lines = "".join(f"try {name.replace(' ', '-')} {command}\n" for name, command in tries.items())
        run_agent(made, TRY.format(out=out) + lines + "git checkout -q .\n")
        found = ends(out)
        assert {name: code for name, code in found.items() if code == 0} == {}
        assert len(found) == len(tries)
        assert verify(made.layout.events_db).ok


def test_an_agent_speaks_as_itself_whatever_it_says(out: Path) -> None:
    with strict_project({1: []}) as made:
        (out / "hidden.py").write_text(HIDDEN)
        made.environment()
        forged = "COORD_AGENT=planner-1 COORD_ROLE=planner COORD_PROMPT=9 COORD_RUN=run-9"
        library = made.repository.root.parent / "lib"
        script = f"""\
{TRY.format(out=out)}
try plain coord decide plain
try forged env {forged} coord decide forged
try scrubbed env -i "PATH=$PATH" coord decide scrubbed
try refused env {forged} coord interject --title t --yes
try answered env -u COORD_AGENT -u COORD_ROLE coord log append question.answered
try setsid env {forged} setsid -w coord decide setsid
try hidden env {forged} {python()} {out}/hidden.py '{library}' decide hidden
try loop env -u COORD_AGENT coord loop
try strict env -u COORD_AGENT coord strict setup
try file coord intent set --file /etc/shadow
cat >{out}/orphan.sh <<'END'
sleep 0.2; coord decide orphan; echo $? >{out}/orphaned.tmp; mv {out}/orphaned.tmp {out}/orphaned
END
try orphan sh -c 'env {forged} setsid sh {out}/orphan.sh >/dev/null 2>&1 &'
while [ ! -e {out}/orphaned ]; do sleep 0.02; done
"""
        run_agent(made, script)
        found = ends(out)
        well = ("plain", "forged", "scrubbed", "setsid", "hidden", "orphan", "orphaned")
        assert {name: found.pop(name) for name in well} == dict.fromkeys(well, 0), (out / "hidden.out").read_text()
        assert found == dict.fromkeys(("refused", "answered", "loop", "strict", "file"), 3)
        decided = made.events("decision.recorded")
        assert [event.data["text"] for event in decided] == [
            *("plain", "forged", "scrubbed", "setsid", "hidden", "orphan")
        ]
        assert {(e.actor, e.subject, e.run) for e in decided} == {("executor-01-1", "prompt:1", "run-1")}
        denied = [(event.data["actor"], event.data["kind"]) for event in made.events("access.denied")]
        assert ("executor-01-1", "prompt.created") in denied
        assert ("executor-01-1", "intent.set") not in denied
        assert not any("shadow" in path.read_text() for path in out.glob("*.out"))


def undisturbed(
    words: Sequence[str], folder: Path, environ: Mapping[str, str]
) -> subprocess.CompletedProcess[str] | None:
    """How a program ended; None when another test, whose project has the same users, ended all that was theirs."""
    done = subprocess.run(words, cwd=folder, env=environ, capture_output=True, text=True, check=False)
    return None if done.returncode == -signal.SIGKILL else done


def test_somebody_else_is_not_let_in(out: Path) -> None:
    with strict_project({1: []}) as made:
        (made.layout.scripts / "01.sh").write_text(made.until() + WRITE)
        made.start_loop()
        made.wait_for(1, "running")
        coord = str(made.repository.root.parent / "bin" / "coord")
        user, taken = find_user("nobody"), holder(made, 1)
        for uid in (user.uid, user.uid - 1, next(find_user(name).uid for name in AGENTS if name != taken)):
            words = as_user(user, (coord, "decide", "from outside"))
            others = {f"--reuid={user.uid}": f"--reuid={uid}", "--init-groups": "--clear-groups"}
            words = tuple(others.get(word, word) for word in words)
            root = str(made.layout.root)
            environ = made.environment(COORD_AGENT="executor-01-1", COORD_ROLE="executor", COORD_ROOT=root)
            done = wait_until(partial(undisturbed, words, made.repository.root, environ))
            assert (done.returncode, "belongs to no agent" in done.stderr) == (3, True), done.stderr
        assert made.events("decision.recorded") == []
        assert len(made.events("access.denied")) >= 3


@pytest.mark.slow
def test_a_question_outlives_the_loop_that_carried_it(out: Path) -> None:
    script = "answer=$(coord ask 'Which?' --wait 2>/dev/null)\necho \"$answer\" >answer.txt\n" + WRITE
    with strict_project({1: []}, {1: script}) as made:
        loop = made.start_loop()
        (asked,) = wait_until(lambda: made.events("question.asked"), message="the question")
        loop.kill()
        loop.wait()
        made.start_loop()
        made.coord("answer", str(asked.seq), "this")
        made.wait_for(1, "merged")
        assert made.repository.git("show", "main:answer.txt") == "this"
        assert len(made.events("question.asked")) == 1


def test_an_agent_that_is_killed_takes_its_commands_with_it() -> None:
    with strict_project({1: []}, {1: "coord ask 'Which?' --wait\n" + WRITE}) as made:
        made.start_loop()
        wait_until(lambda: made.events("question.asked"), message="the question")
        assert made.agents(1)
        made.coord("kill", "1", "--yes")
        wait_until(lambda: not made.agents(1), message="the end of everything of the agent")


@pytest.mark.slow
def test_an_agent_over_its_budget_is_paused_and_goes_on_though_it_is_another_user() -> None:
    with strict_project({1: []}, budget_time=1) as made:
        (made.layout.scripts / "01.sh").write_text("setsid sleep 1000 &\n" + made.until() + WRITE)
        loop = made.start_loop("--until-idle")
        wait_until(lambda: "its budget is used up" in made.said(), message="the pause")
        launcher = int((made.layout.attempt("run-1", prompt_work(1), 1) / "started/pid").read_text())
        found = {pid: process for pid, process in processes().items() if pid in made.agents(1) and pid != launcher}
        assert len(found) >= 2
        assert {Path(f"/proc/{pid}").stat().st_uid for pid in found} == {find_user(holder(made, 1)).uid}
        assert all(process.stopped for process in found.values())
        made.release()
        assert made.answer_until_over(loop) == 0, made.said()
        assert made.states() == {1: "merged"}


def test_the_loop_does_not_start_where_strict_mode_can_not_be_had() -> None:
    with strict_project({1: []}) as made:
        made.layout.config.write_text(made.layout.config.read_text().replace("nobody,", "no-such-user,"))
        assert made.run_loop() == 1
        assert "no-such-user" in made.said()
        assert "coord strict setup" in made.said()
        status = made.coord("strict", "status", check=False)
        assert (status.returncode, "no-such-user" in status.stdout) == (1, True)


@pytest.mark.skipif(find_gid("sync") != find_gid("nobody"), reason="no two users here share a group")
def test_users_who_could_write_where_another_works_are_refused() -> None:
    with strict_project({1: []}, agent_user="[games, sync, nobody]", max_parallel=1) as made:
        assert made.run_loop() == 1
        assert "is in the group of" in made.said()
        status = made.coord("strict", "status", check=False)
        assert (status.returncode, "could write where it works" in status.stdout) == (1, True)


def test_the_loop_does_not_start_where_root_would_run_what_an_agent_commits() -> None:
    with strict_project({1: []}) as made:
        made.repository.git("config", "filter.fmt.clean", "sh tools/fmt.sh")
        made.repository.commit({"tools/fmt.sh": "cat\n", ".gitattributes": "*.txt filter=fmt\n"})
        assert made.run_loop() == 1
        assert "filter.fmt.clean is sh tools/fmt.sh" in made.said()
        status = made.coord("strict", "status", check=False)
        assert (status.returncode, "filter.fmt.clean" in status.stdout) == (1, True)


def test_setup_turns_it_on_and_corrects_permissions() -> None:
    with strict_project({1: []}, max_parallel=2) as made:
        lines = made.layout.config.read_text().splitlines(keepends=True)
        made.layout.config.write_text("".join(line for line in lines if "agent_user" not in line) + "# agent_user: x\n")
        made.layout.prompts.chmod(0o777)
        assert "strict mode is off" in made.coord("strict", "status").stdout
        setup = ("strict", "setup", *(word for name in IDLE for word in ("--user", name)))
        done = made.coord(*setup).stdout
        assert f"agents run as {', '.join(IDLE[1:])}" in done
        assert made.layout.config.read_text().endswith(f"\nagent_user: [{', '.join(IDLE)}]\n")
        assert made.layout.prompts.stat().st_mode & 0o777 == 0o755
        assert made.coord(*setup).returncode == 0
        made.layout.prompts.chmod(0o777)
        status = made.coord("strict", "status", check=False)
        assert (status.returncode, "nobody can write it" in status.stdout) == (1, True)


@pytest.mark.slow
def test_an_agent_reaches_nothing_of_another_agents(out: Path) -> None:
    with strict_project({1: [], 2: []}) as made:
        (made.layout.scripts / "01.sh").write_text("id -un >who; sleep 1000 &\n" + made.until() + WRITE)
        waits = made.until("second")
        (made.layout.scripts / "02.sh").write_text(waits + f'. "{out}/try.sh"\n' + WRITE)
        loop = made.start_loop("--until-idle")
        made.wait_for(1, "running")
        made.wait_for(2, "running")
        victim = wait_until(lambda: [pid for pid in made.agents(1) if runs(pid, holder(made, 1))], message="agent 1")
        tree, own = made.layout.worktree(prompt_work(1), 1), made.layout.attempt("run-1", prompt_work(1), 1)
        git = made.repository.root / ".git"
        tries = {
            "write": f"sh -c 'echo x >\"{tree}/mine.txt\"'",
            "look": f'ls "{tree}"',
            "read": f'cat "{tree}/who"',
            "commit": f'git -C "{tree}" commit -q --allow-empty -m forged',
            "branch": f'git --git-dir="{git}" update-ref refs/heads/coord/01-1 HEAD',
            "store": f'git --git-dir="{store_of(tree)}" rev-parse HEAD',
            "object": f'touch "{store_of(tree)}/objects/x"',
            "kill": f"kill -9 {' '.join(map(str, victim))}",
            "attempt": f'cat "{own}/prompt.txt"',
            "hand-off": f"sh -c 'echo x >>\"{own}/status.jsonl\"'",
            "memory": f"cat /proc/{victim[0]}/environ",
        }
        lines = "".join(f"try {name} {command}\n" for name, command in tries.items())
        speaks = "try speaks env COORD_AGENT=executor-01-1 COORD_PROMPT=1 COORD_ATTEMPT=1 coord decide 'as another'\n"
        (out / "try.sh").write_text(TRY.format(out=out) + "git commit -q --allow-empty -m own\n" + lines + speaks)
        made.release("second")
        made.wait_for(2, "merged")
        found = ends(out)
        assert {name: code for name, code in found.items() if code == 0} == {"speaks": 0}
        assert found.keys() == {*tries, "speaks"}
        assert [event.actor for event in made.events("decision.recorded")] == ["executor-02-1"]
        assert set(victim) <= set(made.agents(1))
        made.release()
        assert loop.wait(90) == 0
        assert made.states() == {1: "merged", 2: "merged"}
        assert made.repository.git("show", "main:who") in AGENTS


@pytest.mark.slow
def test_a_user_is_given_to_another_agent_when_nothing_of_the_one_before_is_left() -> None:
    """Its background processes are ended, and its worktree is taken back, before its change is looked at."""
    script = "id -un >who; setsid sh -c 'trap \"\" TERM HUP; env -i sleep 1000' >/dev/null 2>&1 &\n" + WRITE
    with strict_project({1: [], 2: [1]}, {1: script}, gate="review") as made:
        made.start_loop()
        made.wait_for(1, "change-open")
        wait_until(lambda: holder(made, 1) == "", message="the user to be given back")
        who = find_user(made.repository.git("show", "coord/01-1:who"))
        assert processes_of(who) == []
        tree = made.layout.worktree(prompt_work(1), 1)
        assert {path.lstat().st_uid for path in (tree, *tree.rglob("*"))} == {0}
        assert tree.stat().st_mode & 0o077 == 0
        made.coord("review", "1", "--approve")
        made.wait_for(2, "change-open")


@pytest.mark.slow
def test_an_agent_keeps_its_user_while_the_loop_is_started_again_and_no_other_project_takes_it() -> None:
    with strict_project({1: []}) as made:
        (made.layout.scripts / "01.sh").write_text(
            "coord decide before\n" + made.until() + "coord decide after\n" + WRITE
        )
        loop = made.start_loop()
        wait_until(lambda: made.events("decision.recorded"), message="the agent")
        user = holder(made, 1)
        loop.kill()
        loop.wait()
        with strict_project(
            {1: []}, {1: "id -un >who\n" + WRITE}, agent_user=f"[nobody, {user}]", max_parallel=1
        ) as other:
            other.start_loop()
            wait_until(lambda: "no user is free" in other.said(), message="word of why it waits")
            made.start_loop("--until-idle")
            made.release()
            made.wait_for(1, "merged")
            other.wait_for(1, "merged")
            assert other.repository.git("show", "main:who") == user
        assert {event.actor for event in made.events("decision.recorded")} == {"executor-01-1"}


def test_a_loop_does_not_start_with_fewer_users_than_agents() -> None:
    with strict_project({1: []}, agent_user="[nobody, games]", max_parallel=2) as made:
        assert made.run_loop() == 1
        assert "coord strict setup --agents 2" in made.said()
        status = made.coord("strict", "status", check=False)
        assert (status.returncode, "there are users for 1" in status.stdout) == (1, True)
        made.layout.config.write_text(made.layout.config.read_text().replace("[nobody, games]", "nobody"))
        assert made.run_loop() == 1
        assert "there is no nobody-1" in made.said()


@pytest.mark.skipif(
    subprocess.run(["unshare", "-m", "true"], check=False).returncode != 0, reason="needs mount namespaces"
)
def test_setup_makes_the_user(tmp_path: Path) -> None:
    """In a file system whose /etc and /home are copies, so that nothing stays."""
    with strict_project({1: []}) as made:
        lines = made.layout.config.read_text().splitlines(keepends=True)
        made.layout.config.write_text("".join(line for line in lines if "agent_user" not in line))
        mounts = 'for d in etc home; do cp -a /$d $0/$d && mount --bind $0/$d /$d; done; exec "$@"'
        coord = [sys.executable, "-m", "coordinator.cli.main", "-C", str(made.layout.root), "strict", "setup", "--json"]
        coord += ["--agents", "3"]
        done = subprocess.run(
            ["unshare", "-m", "sh", "-c", mounts, str(tmp_path), *coord, "--user", "coord-made"],
            env=made.environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        told = json.loads(done.stdout)
        assert (told["user"], told["agents"]) == ("coord-made", ["coord-made-1", "coord-made-2", "coord-made-3"])
        assert os.path.isdir(tmp_path / "home" / "coord-made-2")
        assert "coord-made" not in Path("/etc/passwd").read_text()


def test_what_was_interrupted_goes_on_as_a_user_who_has_its_files(out: Path) -> None:
    script = (
        f"""\
if [ "$COORD_ATTEMPT" = 1 ]; then
  echo one >one; git add -A; git commit -qm First; echo half >half
  touch {out}/half
  sleep 600
fi
"""
        + WRITE
    )
    with strict_project({1: []}, {1: script}) as made:
        loop = made.start_loop()
        wait_until((out / "half").exists, message="the first half")
        os.kill(made.terminals.process(), signal.SIGKILL)
        loop.kill()
        loop.wait()
        for pid in made.agents(1):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        made.start_loop("--until-idle")
        made.wait_for(1, "merged", timeout=60)
        assert made.repository.git("show", "main:half") == "half"
        assert (
            json.loads((made.layout.attempt("run-1", prompt_work(1), 2) / "step.json").read_text())["state"] == "merged"
        )
        wait_until(lambda: holder(made, 1) == "", message="the user to be given back")
        assert not made.agents(1)
