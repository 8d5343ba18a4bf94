"""The tests say the same wherever they run: they take nothing from the environment, the home or the user."""

import grp
import os
import pwd
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
SOME = (
    "agents/test_launch.py",
    "agents/test_readiness.py",
    "changes/test_traps.py",
    "changes/test_branches.py",
    "cli/test_looking.py",
    "cli/test_as_of.py",
    "eventlog/test_identity.py",
    "eventlog/test_store.py",
    "formats/test_intent_text.py",
    "loop/test_ending.py",
    "loop/test_skipping.py",
    "model/test_replay.py",
    "observe/test_watch.py",
    "rights/test_trust.py",
    "secrets/test_patterns.py",
    "services/test_undo.py",
    "setup/test_locks.py",
    "storage/test_files.py",
    "terminals/test_server.py",
    "terminals/test_paste.py",
    "tui/test_header.py",
    "tui/test_ink.py",
    "views/test_graph_rails.py",
)
"""One or two files of a folder: those that look at times, colours, widths, modes, sockets, users, git's settings."""
STRANGE = {
    "TMUX": "/nowhere/tmux,1,0",
    "TMUX_PANE": "%7",
    "TMUX_TMPDIR": "/nowhere",
    "TERM": "dumb",
    "NO_COLOR": "1",
    "COLUMNS": "40",
    "LINES": "10",
    "LANG": "C",
    "LC_ALL": "C",
    "TZ": "Asia/Kolkata",
    "XDG_STATE_HOME": "/nowhere",
    "XDG_CONFIG_HOME": "/nowhere",
    "GIT_DIR": "/nowhere",
    "GIT_WORK_TREE": "/nowhere",
    "GIT_INDEX_FILE": "/nowhere",
    "GIT_AUTHOR_DATE": "no date",
    "GIT_CONFIG_COUNT": "1",
    "GIT_CONFIG_KEY_0": "core.hooksPath",
    "GIT_CONFIG_VALUE_0": "/nowhere",
    "GIT_EDITOR": "false",
    "EDITOR": "false",
    "COORD_ROOT": "/nowhere",
    "CLAUDE_CONFIG_DIR": "/nowhere",
    "CODEX_HOME": "/nowhere",
}
NOBODY = "nobody"
FOR_ALL = "/usr/local/bin:/usr/bin:/bin"


def run_some(argv: Sequence[str], checkout: Path, **environ: str) -> None:
    """Run these tests with a home that can't be written to, files that are private, and all that is strange."""
    plain = {"PATH": os.environ["PATH"], "HOME": "/proc", "PYTHONDONTWRITEBYTECODE": "1"}
    command = [*argv, "-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider", "--timeout", "300"]
    done = subprocess.run(
        [*command, *(f"tests/{name}" for name in SOME)],
        cwd=checkout,
        env=plain | STRANGE | environ,
        umask=0o077,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout[-8000:]}\n{done.stderr[-2000:]}"


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_they_pass_in_the_strangest_environment(tmp_path: Path) -> None:
    run_some([sys.executable], ROOT, TMPDIR=str(tmp_path))


def python_of(become: Sequence[str], folder: Path, checkout: Path) -> list[str]:
    """The command of a Python as this one that somebody else can run: with what is installed here, and the checkout."""
    check = f"import sys; sys.exit(sys.version_info[:2] != {sys.version_info[:2]})"
    for found in (sys.executable, shutil.which("python3", path=FOR_ALL)):
        if found and subprocess.run([*become, found, "-c", check], cwd="/", check=False).returncode == 0:
            break
    else:
        pytest.skip("nobody but root can run a Python of this version here")
    subprocess.run([found, "-m", "venv", "--without-pip", str(folder)], check=True)
    (place,) = folder.glob("lib/python*/site-packages")
    installed = Path(sysconfig.get_path("purelib"))
    if subprocess.run([*become, "test", "-x", str(installed)], cwd="/", check=False).returncode:
        installed = Path(shutil.copytree(installed, folder / "installed", symlinks=True))
    (place / "all.pth").write_text(f"{checkout}\n{installed}\n")
    return [*become, str(folder / "bin" / "python")]


@pytest.fixture
def world() -> Iterator[Path]:
    """A folder that everybody may enter, which pytest's are not."""
    made = Path(tempfile.mkdtemp(prefix="coord-world-", dir="/tmp"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.skipif(os.geteuid() != 0 or shutil.which("setpriv") is None, reason="needs root, to be somebody else")
def test_they_pass_as_a_user_who_owns_nothing_else(world: Path) -> None:
    user = pwd.getpwnam(NOBODY)
    checkout, scratch = world / "checkout", world / "tmp"
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(listing, cwd=ROOT, capture_output=True, check=True).stdout.decode().split("\0")
    for name in (name for name in listed if name and os.path.lexists(ROOT / name)):
        (checkout / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, checkout / name, follow_symlinks=False)
    scratch.mkdir()
    for path in (checkout, *checkout.rglob("*"), scratch):
        os.chown(path, user.pw_uid, user.pw_gid, follow_symlinks=False)
    group = grp.getgrgid(user.pw_gid).gr_name
    become = ["setpriv", "--reuid", NOBODY, "--regid", group, "--clear-groups", "--no-new-privs", "--"]
    become.append("env")  # setpriv itself still finds programs with root's rights
    run_some(python_of(become, world / "python", checkout), checkout, TMPDIR=str(scratch), USER=NOBODY, PATH=FOR_ALL)
