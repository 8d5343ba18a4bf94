"""Projects in strict mode: agents run as users that every system has and no program runs as; they must be able to reach
the project and a Python."""

import contextlib
import functools
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from shlex import quote

import pytest
from support.project import ROOT, Project

from coordinator.agents.user import as_user, find_user, find_users, is_user
from coordinator.errors import CoordError

USER = "nobody"
"""The gate's user."""
AGENTS = ("bin", "sys", "games", "lp", "news", "uucp", "proxy", "backup", "list", "irc")
"""Users of agents: tests that run at the same time take what others have not."""


@functools.cache
def missing() -> str:
    """Why strict mode can't be tested here; empty when it can."""
    try:
        users()
    except CoordError as error:
        return error.message
    return "" if python() else "nobody but root can run a Python 3.11 here"


@functools.cache
def users() -> tuple[str, ...]:
    """The setting `agent_user` of the tests' projects. CoordError where strict mode can't be had."""
    found = (USER, *filter(is_user, AGENTS))
    find_users(found)
    return found


@functools.cache
def python() -> str:
    """A Python that the agents' user can run; empty when there is none."""
    check = "import sys; sys.exit(sys.version_info < (3, 11))"
    for found in (sys.executable, shutil.which("python3", path="/usr/local/bin:/usr/bin:/bin")):
        if (
            found
            and subprocess.run(as_user(find_user(USER), (found, "-c", check)), cwd="/", check=False).returncode == 0
        ):
            return found
    return ""


needs_strict = pytest.mark.skipif(bool(missing()), reason=f"strict mode: {missing()}")


def copy_package(library: Path) -> None:
    """Put the package where the agents' user can read it: a checkout may lie in a folder of its owner alone."""
    shutil.copytree(ROOT / "coordinator", library / "coordinator", ignore=shutil.ignore_patterns("__pycache__"))


class StrictProject(Project):
    """Its `coord`, run as another user, needs neither this checkout nor this Python."""

    @property
    def library(self) -> Path:
        """Where the agents' user finds the package."""
        self.environment()
        return self._folder / "lib"

    def environment(self, **more: str) -> dict[str, str]:
        environ = super().environment(**more)
        library = self._folder / "lib"
        if not library.exists():
            copy_package(library)
            ours = f"PYTHONPATH={quote(str(ROOT))} exec {quote(sys.executable)}"
            theirs = f"PYTHONPATH='{library}' PYTHONDONTWRITEBYTECODE=1 exec {python()}"
            lines = ("#!/bin/sh", f'[ "$(id -u)" = 0 ] && {ours} -P -m coordinator.cli.main "$@"')
            (self._folder / "bin" / "coord").write_text(
                "\n".join((*lines, f'{theirs} -P -m coordinator.cli.main "$@"')) + "\n"
            )
        return environ


@contextlib.contextmanager
def strict_project(
    prompts: Mapping[int, Sequence[int]], scripts: Mapping[int, str] | None = None, **settings: object
) -> Iterator[StrictProject]:
    """A project whose agents run as other users; in a folder that everybody can enter, unlike those of pytest."""
    folder = Path(tempfile.mkdtemp(prefix="coord strict "))
    folder.chmod(0o755)
    before = os.umask(0o022)
    try:
        made = StrictProject(folder, prompts, scripts or {}, {"agent_user": f"[{', '.join(users())}]", **settings})
        try:
            yield made
        finally:
            made.close()
    finally:
        os.umask(before)
        shutil.rmtree(folder, ignore_errors=True)
