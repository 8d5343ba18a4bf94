"""Setting up strict mode, and telling what is still missing for it."""

import os
import re
import shutil
import stat
import subprocess
from collections.abc import Sequence
from pathlib import Path

from coordinator.agents.launch import coord_folder
from coordinator.agents.user import AgentUser, AgentUsers, as_user, find_users, is_user
from coordinator.changes.git import Git
from coordinator.errors import CoordError
from coordinator.lazy import regex
from coordinator.model.problem import Problem
from coordinator.model.text import plain
from coordinator.observe.project import Project
from coordinator.storage.config import SIZE_LIMIT
from coordinator.storage.files import read_limited, sha256, write_atomic
from coordinator.storage.paths import Layout

DEFAULT_USER = "coord-agent"
_SETTING = regex.compile(r"^#?\s*agent_user:.*$", re.MULTILINE)
_OTHERS_WRITE = stat.S_IWGRP | stat.S_IWOTH


def set_up(layout: Layout, names: Sequence[str], agents: int = 0) -> list[str]:
    """Make the users that are not there, and have the project's agents run as them, each as one of its own.

    names: the gate's user and those of agents; one alone: agents get `NAME-1`, `NAME-2`, … `agents`: how many of these
    there are to be; 0: as many as may work at the same time. Returns a sentence for each thing done. CoordError when
    strict mode can't be had here.
    """
    done = []
    count = agents or Project(layout).config.max_parallel
    numbered = [f"{names[0]}-{number}" for number in range(1, count + 1)] if len(names) == 1 else []
    for name in (*names, *numbered):
        if not is_user(name):
            _add_user(name)
            done.append(f"made the user {name}" + (f"; log its agent CLIs in once: su - {name}" * (name != names[0])))
    find_users(names)
    if _set(layout, tuple(names)):
        done.append(f"set agent_user: {_written(names)} in {layout.rel(layout.config)}")
    for path in (layout.coord, *layout.coord.iterdir()):
        mode = path.lstat().st_mode
        if mode & _OTHERS_WRITE and not stat.S_ISLNK(mode) and not stat.S_ISSOCK(mode):
            path.chmod(stat.S_IMODE(mode) & ~_OTHERS_WRITE)
            done.append(f"took the right to write {layout.rel(path)} from others")
    return done


def examine_strict(layout: Layout) -> tuple[AgentUsers | None, list[Problem]]:
    """The users that agents run as, and what keeps them from working, or from being kept out; None: it is off."""
    config = Project(layout).config
    if not config.agent_user:
        return None, []
    shown = layout.rel(layout.config)
    try:
        users = find_users(config.agent_user)
    except CoordError as error:
        return None, [Problem(shown, 0, "strict", error.message, error.remedy)]
    problems = []
    if (most := config.max_parallel) > len(users.agents):
        few = f"{most} agents may work at the same time, and there are users for {len(users.agents)}"
        problems.append(Problem(shown, 0, "too-few-users", few, f"`coord strict setup --agents {most}` makes them"))
    for user in (users.gate, *users.agents):
        problems += [*_reach(layout, user), *_coord(user), *_kept_out(layout, user)]
    problems += _committed_programs(layout)
    return users, problems


def _add_user(name: str) -> None:
    if os.geteuid() != 0:
        raise CoordError("only root can make a user", "run `coord strict setup` as root")
    words = ["useradd", "--system", "--user-group", "--create-home", "--shell", "/bin/sh", name]
    try:
        done = subprocess.run(words, capture_output=True, text=True, check=False)
    except OSError as error:
        raise CoordError(f"useradd can't be run: {error.strerror}", f"make the user {name} by hand") from error
    if done.returncode:
        raise CoordError(f"useradd failed: {done.stderr.strip()}", f"make the user {name} by hand")


def _written(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"[{', '.join(names)}]"


def _set(layout: Layout, names: tuple[str, ...]) -> bool:
    """Whether the setting had to be changed."""
    if Project(layout).config.agent_user == names:
        return False
    before = read_limited(layout.config, SIZE_LIMIT) if layout.config.exists() else None
    text, line = (before or b"").decode(), f"agent_user: {_written(names)}"
    found = _SETTING.search(text)
    if found:
        text = text[: found.start()] + line + text[found.end() :]
    else:
        text = text + ("" if text.endswith("\n") or not text else "\n") + line + "\n"
    write_atomic(layout.config, text.encode(), expect=None if before is None else sha256(before))
    return True


def _reach(layout: Layout, user: AgentUser) -> list[Problem]:
    """Folders that the user can't pass on the way to the project."""
    for folder in (*reversed(layout.root.parents), layout.root, layout.coord):
        if not _succeeds(user, "test", "-x", str(folder)):
            remedy = f"chmod o+x {folder}, or move the project"
            return [Problem(str(folder), 0, "out-of-reach", f"{user.name} can't enter it", remedy)]
    return []


def _coord(user: AgentUser) -> list[Problem]:
    folder = coord_folder()
    command = shutil.which("coord", path=None if folder is None else str(folder)) or "coord"
    if _succeeds(user, command, "--version"):
        return []
    remedy = "install coord where every user can run it, such as /opt or /usr/local"
    return [Problem(command, 0, "out-of-reach", f"{user.name} can't run it", remedy)]


def _kept_out(layout: Layout, user: AgentUser) -> list[Problem]:
    """What the user can write, and must not."""
    paths: tuple[Path, ...] = (layout.coord, layout.events_db, layout.config, layout.milestone, layout.prompts)
    found = (path for path in paths if _succeeds(user, "test", "-w", str(path)))
    return [
        Problem(layout.rel(path), 0, "not-kept-out", f"{user.name} can write it", "`coord strict setup` corrects that")
        for path in found
    ]


def _committed_programs(layout: Layout) -> list[Problem]:
    """Settings by which git would run, as root, what an agent committed."""
    git = Git(layout.root)
    found = git.programs_of_the_checkout() if git.is_repo() else ()
    return [
        Problem(
            ".git/config" if not one.own else "~/.gitconfig",
            0,
            "runs-commits",
            f"by {plain(one.key)} git would run, as root, what an agent committed: {plain(one.value)}",
            "name a program outside of the repository by its whole path (Python: with -P before -m)",
        )
        for one in found
    ]


def _succeeds(user: AgentUser, *words: str) -> bool:
    """Whether a command ends well, run as the user."""
    line = as_user(user, words)
    done = subprocess.run(line, cwd="/", env={"PATH": os.environ.get("PATH", os.defpath)}, capture_output=True)
    return done.returncode == 0
