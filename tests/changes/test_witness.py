"""What is claimed runs on exactly the commit, and where it is nobody's words that were allowed, it can do nothing."""

import os
import socket
import subprocess
from pathlib import Path

import pytest
from support.repository import Repository

from coordinator.changes.sandbox import find_sandbox
from coordinator.changes.setup import Wanted
from coordinator.changes.witness import BLANK, NO_SANDBOX, Ran, Unasked, WitnessRequest, run_witness
from coordinator.model.witnesses import NOT_READY, TIMED_OUT

_REACH = """
import os, socket, sys
for kind, at in ((socket.AF_INET, ("127.0.0.1", int(sys.argv[1]))), (socket.AF_UNIX, sys.argv[2])):
    try:
        socket.socket(kind).connect(at)
        print("reached", at)
    except OSError:
        print("no")
print(sorted(name for name in os.environ if name in ("SERVICE_API_KEY", "SSH_AUTH_SOCK")))
"""
boxed = pytest.mark.skipif(find_sandbox() is None, reason="bubblewrap is not there, or does not work here")


def run(repo: Repository, command: str, *, allowed: bool = True, **more: object) -> Ran | Unasked:
    given = {"commit": repo.git("rev-parse", "main"), "mark": "witness-SC-1", "seconds": 30.0, **more}
    return run_witness(repo.layout, WitnessRequest(command, allowed=allowed, **given))  # type: ignore[arg-type]


def ended(found: Ran | Unasked) -> tuple[int, str]:
    assert isinstance(found, Ran), found
    return found.exit, found.output


def leftovers(repo: Repository) -> list[str]:
    return [name for name in os.listdir(repo.layout.worktrees) if name.startswith("witness-")]


def test_a_command_runs_on_the_commit_and_sees_nothing_that_was_not_committed(repo: Repository) -> None:
    (repo.root / "src/app.py").write_text("changed\n")
    (repo.root / "new.txt").write_text("not committed\n")
    found = run(repo, "git rev-parse HEAD; head -1 src/app.py; ls new.txt")
    status, output = ended(found)
    assert status != 0
    assert output.startswith(repo.git("rev-parse", "main") + "\nline 1\n")
    assert leftovers(repo) == []
    assert isinstance(found, Ran)
    assert len(found.digest) == 64
    assert not found.sandboxed


def test_what_a_command_does_to_its_checkout_stays_there(repo: Repository) -> None:
    assert ended(run(repo, "rm -r src; echo x >README.md"))[0] == 0
    assert (repo.root / "src/app.py").exists()
    assert ended(run(repo, "test -f src/app.py"))[0] == 0


def test_its_end_is_known_and_nothing_of_it_is_left(repo: Repository) -> None:
    assert ended(run(repo, "exit 3"))[0] == 3
    assert ended(run(repo, "sleep 60", seconds=0.3))[0] == TIMED_OUT
    left = repo.root.parent / "left"
    assert (
        ended(run(repo, f"setsid sh -c 'echo $$ >{left}; exec sleep 600' & while ! [ -s {left} ]; do :; done"))[0] == 0
    )
    state = subprocess.run(
        ["ps", "-o", "stat=", "-p", left.read_text().strip()], capture_output=True, text=True, check=False
    )
    assert state.stdout.strip()[:1] in ("", "Z")


def test_a_checkout_that_cannot_be_made_ready_shows_nothing(repo: Repository) -> None:
    (repo.layout.coord / "setup.sh").write_text("echo broken; exit 1\n")
    assert ended(run(repo, "true", setup=Wanted())) == (NOT_READY, "broken\n")


def test_a_checkout_of_a_killed_run_is_cleared_away(repo: Repository) -> None:
    repo.git("worktree", "add", "-q", "--detach", str(repo.layout.worktrees / "witness-old"), "main")
    repo.git("worktree", "add", "-q", "--detach", str(repo.layout.worktrees / "gate-other"), "main")
    run(repo, "true")
    assert sorted(os.listdir(repo.layout.worktrees)) == ["gate-other"]


def test_without_a_sandbox_an_agents_words_do_not_run(repo: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("coordinator.changes.witness.find_sandbox", lambda words: None)
    assert run(repo, f"touch {repo.root}/ran", allowed=False) == Unasked(NO_SANDBOX)
    assert not (repo.root / "ran").exists()


@boxed
def test_in_the_sandbox_nothing_can_be_written_but_the_checkout(repo: Repository, tmp_path: Path) -> None:
    before = repo.git("for-each-ref")
    places = (repo.root / "x", repo.root / ".git/x", repo.layout.coord / "x", tmp_path / "x", Path.home() / "coord-x")
    tries = "; ".join(f"echo x >{place}" for place in places)
    command = f"grep -q 'line 1' src/app.py || exit 9; {tries}; git branch evil && echo branched; echo x >here"
    found = run(repo, command, allowed=False)
    status, output = ended(found)
    assert status == 0
    assert "branched" not in output
    assert not any(place.exists() for place in places)
    assert repo.git("for-each-ref") == before
    assert isinstance(found, Ran)
    assert found.sandboxed


@boxed
def test_in_the_sandbox_there_is_no_network_no_socket_of_a_service_and_no_key(
    repo: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SERVICE_API_KEY", "abcdef0123456789abcdef")
    monkeypatch.setenv("SSH_AUTH_SOCK", str(tmp_path / "agent.sock"))
    (repo.layout.coord / "log.txt").write_text("secret of the log\n")
    with socket.socket(socket.AF_INET) as server, socket.socket(socket.AF_UNIX) as service:
        server.bind(("127.0.0.1", 0))
        server.listen()
        service.bind(str(tmp_path / "agent.sock"))
        service.listen()
        repo.commit({"reach.py": _REACH})
        reach = f"python3 reach.py {server.getsockname()[1]} {tmp_path / 'agent.sock'}"
        command = f"{reach} && ls {repo.layout.coord} && ls /proc | grep -c '^[0-9]'"
        status, output = ended(run(repo, command, allowed=False))
    lines = output.splitlines()
    assert status == 0, output
    assert lines[:3] == ["no", "no", "[]"]
    assert "log.txt" not in output
    assert int(lines[-1]) < 12


@boxed
@pytest.mark.parametrize(
    "command",
    [
        "true",
        ":",
        "echo all tests pass; exit 0",
        "make test || true",
        "test -d /",
        "cd /usr && test -d bin",
        "git archive agents-own | tar x && sh check.sh",
        "git cat-file -p agents-own:check.sh | sh",
        "! grep -rq TODO nowhere",
    ],
)
def test_what_holds_without_the_commit_is_no_evidence(repo: Repository, command: str) -> None:
    start = repo.git("rev-parse", "main")
    repo.git("checkout", "-q", "-b", "agents-own")
    repo.commit({"check.sh": "exit 0\n"})
    repo.git("checkout", "-q", "main")
    assert run(repo, command, allowed=False, start=start) == Unasked(BLANK)


@boxed
def test_that_something_is_gone_is_shown_by_what_was_there_before(repo: Repository) -> None:
    start = repo.git("rev-parse", "main")
    repo.git("rm", "-q", "src/app.py")
    repo.git("commit", "-q", "-m", "Remove it")
    assert ended(run(repo, "! test -e src/app.py", allowed=False, start=start))[0] == 0
    assert run(repo, "! test -e src/app.py", allowed=False) == Unasked(BLANK)


@boxed
def test_a_command_that_fails_in_the_sandbox_is_a_witness_against_it(repo: Repository) -> None:
    assert ended(run(repo, "test -f missing", allowed=False))[0] == 1
    assert ended(run(repo, "sleep 60", allowed=False, seconds=0.5))[0] == TIMED_OUT


def test_what_held_before_the_work_is_told(repo: Repository) -> None:
    start = repo.git("rev-parse", "main")
    repo.commit({"new.txt": "new\n"})
    told = {"test -f new.txt": False, "test -f README.md": True, "! test -f new.txt": None}
    for command, before in told.items():
        found = run(repo, command, start=start)
        assert isinstance(found, Ran)
        assert found.held_before is before, command
    tries = f"echo x >>{repo.root.parent}/tried; true"
    assert run(repo, tries, start=start, known_before=True).held_before  # type: ignore[union-attr]
    assert run(repo, tries, start=start, looks_before=False).held_before is None  # type: ignore[union-attr]
    assert run(repo, tries, start="f" * 40).held_before is None  # type: ignore[union-attr]
    assert (repo.root.parent / "tried").read_text() == "x\n" * 3
    assert leftovers(repo) == []


def test_what_could_not_be_made_ready_before_the_work_did_not_hold_there(repo: Repository) -> None:
    start = repo.git("rev-parse", "main")
    (repo.layout.coord / "setup.sh").write_text("test -f new.txt\n")
    repo.commit({"new.txt": "new\n"})
    found = run(repo, "true", start=start, setup=Wanted())
    assert isinstance(found, Ran)
    assert (found.exit, found.held_before) == (0, None)


def test_the_checkout_is_what_was_committed_whatever_the_settings_say(repo: Repository) -> None:
    (repo.root / "link").symlink_to("right")
    repo.git("add", "link")
    repo.commit({"broken.txt": "x\n", "word.txt": "物杨琊"})
    repo.git("config", "core.symlinks", "false")
    repo.git("config", "core.sparseCheckout", "true")
    info = repo.root / ".git/info"
    (info / "sparse-checkout").write_text("/*\n!/broken.txt\n")
    found = run(repo, "test -e broken.txt && test -L link")
    assert isinstance(found, Ran)
    assert (found.exit, found.doubts) == (0, ())
    (info / "attributes").write_text("word.txt working-tree-encoding=UTF-16BE\n")
    found = run(repo, "grep -q right word.txt")
    assert isinstance(found, Ran)
    (doubt,) = found.doubts
    assert "info/attributes of the repository sets an encoding" in doubt
