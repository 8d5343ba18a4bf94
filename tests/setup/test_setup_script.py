"""`.ci/setup` either makes things ready or says in one line what to install."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
TOOLS = ("sh", "awk", "cat", "cksum", "env", "id", "mktemp", "rm", "tail", "uname")


class Machine:
    """A PATH with hardly anything on it, and programs that a test puts there."""

    def __init__(self, folder: Path) -> None:
        self.bin = folder / "bin"
        self.bin.mkdir()
        self.venv = folder / "an environment"
        for tool in TOOLS:
            found = shutil.which(tool)
            assert found is not None
            (self.bin / tool).symlink_to(found)
        self.program("id", "echo 1000")
        self.program("git", "echo git version 2.39.5")
        self.program("tmux", "echo tmux 3.3a")

    def program(self, name: str, script: str) -> None:
        path = self.bin / name
        path.unlink(missing_ok=True)
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)

    def setup(self, what: str = "run", **environ: str) -> tuple[int, list[str]]:
        env = {"PATH": str(self.bin), "VENV": str(self.venv), **environ}
        done = subprocess.run(
            ["/bin/sh", ".ci/setup", what], cwd=ROOT, env=env, capture_output=True, text=True, timeout=60, check=False
        )
        return done.returncode, done.stderr.splitlines()


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


@pytest.mark.parametrize(
    ("version", "fits"),
    [("tmux 3.1c", False), ("tmux 2.9a", False), ("tmux 3.2", True), ("tmux next-3.4", True), ("tmux master", True)],
)
def test_an_old_tmux_is_named_in_one_line(machine: Machine, version: str, fits: bool) -> None:
    machine.program("tmux", f"echo {version}")
    code, said = machine.setup()
    assert code == 1
    assert len(said) == 1
    assert ("needs tmux 3.2 or newer" in said[0]) is not fits


@pytest.mark.parametrize(("version", "fits"), [("1.9.1", False), ("2.29.7", False), ("2.30.0", True), ("3.0.0", True)])
def test_an_old_git_is_named_in_one_line(machine: Machine, version: str, fits: bool) -> None:
    machine.program("git", f"echo git version {version}")
    code, said = machine.setup()
    assert code == 1
    assert len(said) == 1
    assert ("needs git 2.30 or newer" in said[0]) is not fits


def test_without_a_new_enough_python_it_says_so(machine: Machine) -> None:
    machine.program("python3", "exit 1")
    assert machine.setup() == (1, ["coord set-up: needs Python 3.11 or newer: install it, or set PYTHON to one"])


def test_without_ensurepip_it_names_the_package(machine: Machine) -> None:
    machine.program("python3", "case $2 in *ensurepip*) exit 1 ;; *print*) echo python3.12-venv ;; esac")
    code, said = machine.setup()
    assert code == 1
    assert len(said) == 1
    assert "install python3.12-venv" in said[0]


def test_root_gets_a_missing_tmux_from_the_package_manager(machine: Machine) -> None:
    (machine.bin / "tmux").unlink()
    machine.program("id", "echo 0")
    machine.program("chmod", f'exec {shutil.which("chmod")} "$@"')
    machine.program(
        "apt-get", f'[ "$3" = tmux ] && echo "echo tmux 3.5" >"{machine.bin}/tmux" && chmod +x "{machine.bin}/tmux"'
    )
    _, said = machine.setup()
    assert said[0] == "coord set-up: installed tmux"
    assert "tmux" not in said[-1]


def test_without_passwordless_sudo_nothing_is_installed(machine: Machine) -> None:
    (machine.bin / "tmux").unlink()
    machine.program("sudo", "exit 1")
    machine.program("apt-get", f"echo ran >'{machine.bin}/ran'")
    code, said = machine.setup()
    assert (code, len(said)) == (1, 1)
    assert not (machine.bin / "ran").exists()


def test_a_folder_that_is_no_environment_is_left_alone(machine: Machine) -> None:
    machine.program("python3", "exit 0")
    machine.venv.mkdir()
    (machine.venv / "precious").touch()
    code, said = machine.setup()
    assert code == 1
    assert "is no virtual environment" in said[-1]
    assert (machine.venv / "precious").exists()


def test_an_environment_that_is_ready_is_left_as_it_is(machine: Machine) -> None:
    machine.program("python3", "exit 0")
    (machine.venv / "bin").mkdir(parents=True)
    (machine.venv / "pyvenv.cfg").touch()
    calls = machine.bin / "calls"
    python = machine.venv / "bin/python"
    python.write_text(f"#!/bin/sh\necho \"$*\" >>'{calls}'\n")
    python.chmod(0o755)
    assert machine.setup()[0] == 0
    assert "--require-hashes -r requirements.lock" in calls.read_text()
    calls.unlink()
    assert machine.setup() == (0, [])
    assert "pip" not in calls.read_text()
    assert machine.setup("dev")[0] == 0
    assert "--require-hashes -r requirements-dev.lock" in calls.read_text()
