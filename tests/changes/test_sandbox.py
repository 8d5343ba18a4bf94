"""What the sandbox hides: by the words of its command line, and by what a command finds in there."""

import shlex
import socket
import subprocess
from pathlib import Path

import pytest
from support.repository import Repository

from coordinator.changes.git import Git
from coordinator.changes.sandbox import Sandbox, find_sandbox

KEYS = (".netrc", ".git-credentials", ".npmrc", ".cargo/credentials.toml", ".gemini/oauth.json")
KEYS += (".local/share/opencode/auth.json", ".ssh/id")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "home"
    for name in KEYS:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("a key\n")
    monkeypatch.setenv("HOME", str(folder))
    return folder


def words(repo: Repository, command: str = "true", program: str = "bwrap") -> list[str]:
    made = Sandbox(program).wrap(command, Git(repo.root), repo.layout, repo.root)
    return shlex.split(made)


def mounts(given: list[str], option: str) -> list[str]:
    """Where things are mounted by an option."""
    after = 1 if option == "--tmpfs" else 2
    return [given[place + after] for place, word in enumerate(given) if word == option]


def test_files_and_folders_with_keys_are_hidden_where_they_are_there(repo: Repository, home: Path) -> None:
    (home / ".pypirc").symlink_to(home / "kept-elsewhere")
    (home / "kept-elsewhere").write_text("a key\n")
    given = words(repo)
    files = [".netrc", ".git-credentials", ".npmrc", "kept-elsewhere", ".cargo/credentials.toml"]
    closed = [given[place + 1] for place, word in enumerate(given) if word == "/dev/null"]
    assert sorted(one for one in closed if one.startswith(str(home))) == sorted(str(home / name) for name in files)
    for name in (".gemini", ".local/share/opencode", ".ssh"):
        assert str(home / name) in mounts(given, "--tmpfs")
    assert str(home / ".aws") not in given


def test_of_what_stands_beside_programs_in_tmp_only_what_they_need_is_there(
    repo: Repository, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("bin", "lib", "run"):
        (tmp_path / "x" / name).mkdir(parents=True)
    monkeypatch.setattr("coordinator.changes.sandbox._EMPTY", (str(tmp_path),))
    monkeypatch.setenv("PATH", str(tmp_path / "x/bin"), prepend=":")
    shown = mounts(words(repo), "--ro-bind")
    assert {str(tmp_path / "x/bin"), str(tmp_path / "x/lib")} <= set(shown)
    assert not {str(tmp_path / "x"), str(tmp_path / "x/run")} & set(shown)


def test_of_a_home_directory_only_programs_and_the_project_are_there(
    repo: Repository, home: Path, tmp_path: Path
) -> None:
    for name in (".cargo/bin", ".local/share/uv", "letters"):
        (home / name).mkdir(parents=True, exist_ok=True)
    given = words(repo)
    assert given.index("--tmpfs") < given.index(str(home)) < given.index(str(home / ".cargo"))
    shown = mounts(given, "--ro-bind")
    assert {str(home / ".cargo"), str(home / ".local/share/uv")} <= set(shown)
    assert not [
        place for place in (home, home / "letters", home / ".local", home / ".local/share") if str(place) in shown
    ]


def test_a_home_directory_that_is_in_the_project_or_another_user_s_stays_as_it_is(
    repo: Repository, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = Sandbox("bwrap").wrap("true", Git(repo.root), repo.layout, repo.root, own=False)
    assert str(home) not in mounts(shlex.split(made), "--tmpfs")
    assert str(home / ".ssh") in mounts(shlex.split(made), "--tmpfs")
    for inside in (repo.root, repo.root / "home"):
        inside.mkdir(exist_ok=True)
        monkeypatch.setenv("HOME", str(inside))
        assert str(inside) not in mounts(words(repo), "--tmpfs")


@pytest.mark.skipif(find_sandbox() is None, reason="bubblewrap is not there, or does not work here")
def test_in_there_a_command_sees_the_project_and_its_programs_and_nothing_else_of_the_home_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox, home = find_sandbox(), tmp_path / "home"
    assert sandbox is not None
    project = Repository(home / "code/project")
    (home / ".local/bin").mkdir(parents=True)
    (home / ".local/bin/hello").write_text("#!/bin/sh\necho hello\n")
    (home / ".local/bin/hello").chmod(0o755)
    (home / ".local/share/notes").mkdir(parents=True)
    (home / "code/other").mkdir()
    (home / "letters.txt").write_text("dear Jo\n")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("PATH", str(home / ".local/bin"), prepend=":")
    with socket.socket(socket.AF_UNIX) as service:
        service.bind(str(home / "agent.sock"))
        seen = "find ~ ! -path '*/project/*' ! -path '*/.ssh*' -type f -o -type s -o -path '*/notes' -o -path '*/other'"
        command = f"hello && git log --format=%s -1 && echo x >~/new && rm ~/new && {seen}"
        done = subprocess.run(
            words(project, command, sandbox.program), capture_output=True, text=True, check=False, cwd=project.root
        )
    lines = done.stdout.splitlines()
    assert lines[:2] == ["hello", project.git("log", "--format=%s", "-1")], done.stderr
    assert lines[2:] == [str(home / ".local/bin/hello")]
    assert not (home / "new").exists()


@pytest.mark.skipif(find_sandbox() is None, reason="bubblewrap is not there, or does not work here")
def test_in_there_no_key_can_be_read_and_no_socket_beside_programs_reached(
    repo: Repository, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox = find_sandbox()
    assert sandbox is not None
    monkeypatch.setattr("coordinator.changes.sandbox._EMPTY", (str(tmp_path / "x"),))
    (tmp_path / "x/bin").mkdir(parents=True)
    (tmp_path / "x/bin/hello").write_text("#!/bin/sh\necho hello\n")
    (tmp_path / "x/bin/hello").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path / "x/bin"), prepend=":")
    with socket.socket(socket.AF_UNIX) as service:
        service.bind(str(tmp_path / "x/service"))
        keys = " ".join(str(home / name) for name in KEYS)
        command = f"hello; cat {keys} 2>/dev/null; ls {tmp_path / 'x'}"
        done = subprocess.run(
            words(repo, command, sandbox.program), capture_output=True, text=True, check=False, cwd=repo.root
        )
    assert done.stdout == "hello\nbin\n"
