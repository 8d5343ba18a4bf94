"""Runs a command where it can do nothing: bubblewrap, with no network and nothing writable but one checkout.

What it could reach by other ways than files and network is not there either: sockets of services, other processes,
the project's own folder with its log and the other worktrees, this user's keys. What it may read is what is left.
"""

import os
import shlex
import shutil
import subprocess
from contextlib import suppress
from functools import cache
from pathlib import Path

from coordinator.changes.folders import Places
from coordinator.changes.git import Git
from coordinator.lazy.dataclass import dataclass
from coordinator.safefiles.regular import read_part
from coordinator.secrets.patterns import secrets_of

_ALTERNATES_LIMIT = 64 * 1024
_EMPTY = ("/tmp", "/var/tmp", "/run", "/var/run")
"""Folders in which services have their sockets, and agents may have put something."""
_HIDDEN_AT_HOME = (
    *(".ssh", ".gnupg", ".aws", ".azure", ".kube", ".docker", ".password-store", ".local/share/keyrings"),
    *(".config/gh", ".config/glab-cli", ".config/gcloud"),
    *(".claude", ".codex", ".gemini", ".local/share/opencode", ".config/opencode"),
)
_FILES_AT_HOME = (
    *(".netrc", ".git-credentials", ".config/git/credentials", ".npmrc", ".pypirc", ".claude.json"),
    *(".cargo/credentials", ".cargo/credentials.toml", ".gem/credentials"),
    *(".m2/settings.xml", ".m2/settings-security.xml", ".gradle/gradle.properties"),
)
_TOOLS_AT_HOME = (
    *(".gitconfig", ".config/git", ".local/bin", ".local/lib", ".local/pipx"),
    *(".local/share/uv", ".local/share/mise", ".local/share/pnpm", ".local/share/pipx", ".local/share/virtualenvs"),
    *(".pyenv", ".rbenv", ".nvm", ".volta", ".asdf", ".sdkman", ".rustup", ".cargo", "go", ".m2", ".gradle", ".gem"),
    *(".bun", ".deno", ".ghcup", ".cabal", ".stack", ".opam", ".elan", ".nix-profile"),
    *("miniconda3", "anaconda3", "miniforge3", "mambaforge"),
)
"""What programs need that people install for themselves. Nothing else of a home directory is shown."""
_BESIDE = ("lib", "lib64", "libexec", "share", "include", "pyvenv.cfg")
"""What programs in a `bin` need of what stands beside it; anything else there may be a service's socket."""
_UNSET = (
    *("SSH_AUTH_SOCK", "SSH_AGENT_PID", "GPG_AGENT_INFO", "DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR"),
    *("TMUX", "TMUX_PANE", "TMUX_TMPDIR", "DISPLAY", "WAYLAND_DISPLAY", "DOCKER_HOST"),
)
_APART = ("--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL")
_PROBE = 10.0
"""Seconds."""


@dataclass(frozen=True, slots=True)
class Sandbox:
    """Bubblewrap as it is here."""

    program: str

    def wrap(self, command: str, git: Git, places: Places, checkout: Path, *, own: bool = True) -> str:
        """The command for a shell that runs `command` in the project's folder of a checkout, and nowhere else.

        `own`: it runs as this user. Another one may not read what of this user's home directory is shown to programs:
        the rights of that directory keep it out.
        """
        cwd = checkout / git.place.prefix
        words = [self.program, *_APART, "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc"]
        words += _emptied(git, places, own)
        words += ["--bind", str(checkout), str(checkout), "--chdir", str(cwd)]
        secret = {value for _, value in secrets_of(os.environ)}
        for name in (*_UNSET, *(name for name, value in os.environ.items() if value.strip() in secret)):
            words += ["--unsetenv", name]
        words += ["--setenv", "TMPDIR", "/tmp", "--setenv", "XDG_CACHE_HOME", "/tmp/cache"]
        return shlex.join([*words, "--", "sh", "-c", command])


def find_sandbox(words: tuple[str, ...] = ()) -> Sandbox | None:
    """The sandbox of this machine; None where it has none that works. `words`: what makes it run as another user."""
    program = shutil.which("bwrap")
    return Sandbox(program) if program and _works(program, words) else None


@cache
def _works(program: str, words: tuple[str, ...]) -> bool:
    """Whether it keeps from writing, and from the network: some kernels and containers do not let it."""
    probe = '[ "$(wc -l </proc/net/route)" -le 1 ] && ! (: >/coord-probe) 2>/dev/null'
    try:
        done = subprocess.run(
            [*words, program, *_APART, "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc", "sh", "-c", probe],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=_PROBE,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def _emptied(git: Git, places: Places, own: bool) -> list[str]:
    """What is hidden, and what of it is shown all the same: repository and programs that lie in such a folder."""
    project = [git.place.top, git.place.common, places.root]
    homes = _homes()
    gone = [Path(folder) for folder in _EMPTY if os.path.isdir(folder) and not os.path.islink(folder)]
    gone += [Path(given) for name in ("XDG_RUNTIME_DIR", "TMUX_TMPDIR") if (given := os.environ.get(name))]
    shown = [*project, *_borrowed(git), *_programs()]
    if own:
        hidden = [home for home in homes if not any(home.is_relative_to(place) for place in project)]
        gone += hidden
        shown += [home / name for home in hidden for name in _TOOLS_AT_HOME]
    words = _hide(gone)
    for place in dict.fromkeys(shown):
        if place.exists() and any(place.is_relative_to(one) and place != one for one in gone):
            words += ["--ro-bind", str(place), str(place)]
    words += _closed([home / name for home in homes for name in _FILES_AT_HOME])
    return words + _hide([places.coord, places.worktrees, *(home / name for home in homes for name in _HIDDEN_AT_HOME)])


def _homes() -> list[Path]:
    """This user's home directory, and the one that the system has for it where that is another one."""
    import pwd

    found = [os.path.expanduser("~")]
    with suppress(KeyError):
        found.append(pwd.getpwuid(os.getuid()).pw_dir)
    real = (Path(os.path.realpath(folder)) for folder in found if os.path.isabs(folder))
    return [folder for folder in dict.fromkeys(real) if folder.is_dir() and folder != Path(folder.anchor)]


def _borrowed(git: Git) -> list[Path]:
    """Where else the repository has its objects."""
    try:
        lines = os.fsdecode(read_part(git.place.common / "objects/info/alternates", _ALTERNATES_LIMIT)).splitlines()
    except OSError:
        return []
    return [Path(line) for line in lines if os.path.isabs(line)]


def _hide(folders: list[Path]) -> list[str]:
    return [word for folder in folders if folder.is_dir() for word in ("--tmpfs", str(folder))]


def _closed(files: list[Path]) -> list[str]:
    """A device in the place of each file, which nobody in there may open."""
    real = dict.fromkeys(os.path.realpath(file) for file in files if file.is_file())
    return [word for file in real for word in ("--ro-bind", "/dev/null", file)]


def _programs() -> list[Path]:
    """Where programs are, with what they need of what stands beside them."""
    folders = [Path(folder) for folder in os.environ.get("PATH", "").split(os.pathsep) if os.path.isabs(folder)]
    # what stands beside ~/.local/bin is shown by name: much of ~/.local/share is private
    apart = [home / ".local/bin" for home in _homes()]
    beside = [folder.parent / name for folder in folders if folder.name == "bin" for name in _BESIDE]
    return [*folders, *(place for place in beside if place.parent / "bin" not in apart)]
