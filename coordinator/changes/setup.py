"""Makes a new checkout ready to work in, as its project wants it, and clears up behind it.

`copy:` brings untracked files along, `.coord/setup.sh` does the rest; `.coord/teardown.sh` runs before the checkout
goes. What runs there may be what an agent wrote: in strict mode it runs as a user of the agents.
"""

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from coordinator.changes.agent_user import hand_over, reclaim
from coordinator.changes.copying import Stopped, bring, told
from coordinator.changes.folders import Places
from coordinator.changes.git import Git
from coordinator.changes.guarded import Halt
from coordinator.changes.lending import Guest
from coordinator.changes.scripts import SETUP, TEARDOWN, Ended, find_script, run_script
from coordinator.errors import CoordError
from coordinator.lazy.dataclass import dataclass
from coordinator.model.text import plain_lines, without_escapes
from coordinator.safefiles.regular import open_to_append

_TAIL = 1500
"""Characters of a script's output that a reason has."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the project's settings say about new worktrees."""

    copy: tuple[str, ...] = ()
    """Untracked files to bring along: paths and patterns, relative to the project's root."""
    copy_limit: int = 2 << 30
    """Bytes that all of them may have."""
    seconds: float = 900.0
    """That `setup.sh`, and `teardown.sh`, may take."""


class SetupFailed(CoordError):
    """A worktree is not ready to work in."""

    def __init__(self, message: str, remedy: str = "", ended: Ended | None = None) -> None:
        super().__init__(message, remedy)
        self.ended = ended
        """How `setup.sh` ended; None where it was not begun."""


class CutShort(Exception):
    """This process is to end: what was begun is done again by the next one."""


def copy_files(places: Places, tree: Path, wanted: Wanted, log: Path, halt: Halt | None = None) -> str:
    """Bring along what is wanted; what was left out, one line. Raises SetupFailed and CutShort."""
    if not wanted.copy:
        return ""
    note(log, f"copying {', '.join(wanted.copy)}")
    going = (lambda: True) if halt is None else (lambda: not halt.is_set)
    try:
        brought = bring(Git(places.root), tree, wanted.copy, wanted.copy_limit, going)
    except Stopped:
        raise CutShort from None
    except CoordError as error:
        raise SetupFailed(error.message, error.remedy) from error
    note(log, "\n".join((told(brought), *brought.left_out)))
    return brought.warning


def run_setup(
    places: Places,
    cwd: Path,
    wanted: Wanted,
    env: Mapping[str, str],
    log: Path,
    *,
    guest: Guest | None = None,
    halt: Halt | None = None,
) -> None:
    """Run `setup.sh` where there is one. Raises SetupFailed with the end of its output, and CutShort."""
    try:
        script = find_script(places.coord, SETUP)
    except CoordError as error:
        raise SetupFailed(error.message, error.remedy) from error
    if script is None:
        return
    ended = _run(script, cwd, wanted, env, log, guest, halt)
    if halt is not None and halt.is_set:
        raise CutShort
    if not ended.ok:
        raise SetupFailed(_how(SETUP, ended, wanted), "correct it, and restart the prompt", ended)


def run_teardown(
    places: Places, tree: Path, wanted: Wanted, env: Mapping[str, str], log: Path, guest: Guest | None = None
) -> str:
    """Run `teardown.sh` in a worktree that is about to go, where there is one; how it failed, else nothing.

    `guest`: whom the worktree is handed to meanwhile.
    """
    try:
        script, cwd = find_script(places.coord, TEARDOWN), tree / Git(places.root).place.prefix
        if script is None or not cwd.is_dir():
            return ""
        if guest is not None:
            hand_over(tree, guest)
        try:
            ended = _run(script, cwd, wanted, env, log, guest, None)
        finally:
            if guest is not None:
                reclaim(tree)
    except CoordError as error:
        return error.message
    except OSError as error:
        return f".coord/{TEARDOWN} can't be run: {(error.strerror or str(error)).lower()}"
    return "" if ended.ok else _how(TEARDOWN, ended, wanted)


@contextmanager
def set_up_checkout(
    places: Places, checkout: Path, wanted: Wanted, env: Mapping[str, str], guest: Guest | None, port: int
) -> Iterator[dict[str, str]]:
    """Make a checkout of the merge gate ready as a worktree is, and clear up behind it; gives what its suites get.

    It is handed to the guest, if there is one. Raises SetupFailed.
    """
    own = {"COORD_WORKTREE": str(checkout), **({"COORD_PORT": str(port)} if port else {})}
    given = {**env, **own, **(guest.env if guest is not None else {})}
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:
        log = Path(folder) / "log"
        copy_files(places, checkout, wanted, log)
        if guest is not None:
            hand_over(checkout, guest)
        run_setup(places, checkout / Git(places.root).place.prefix, wanted, given, log, guest=guest)
        try:
            yield given
        finally:
            run_teardown(places, checkout, wanted, given, log, guest)


def note(log: Path, text: str) -> None:
    """Add lines to the log of a set-up."""
    fd = open_to_append(log)
    try:
        os.write(fd, f"{text}\n".encode("utf-8", "replace"))
    finally:
        os.close(fd)


def _run(
    script: Path,
    cwd: Path,
    wanted: Wanted,
    env: Mapping[str, str],
    log: Path,
    guest: Guest | None,
    halt: Halt | None,
) -> Ended:
    words = guest.words if guest is not None else ()
    env = {**env, **guest.env} if guest is not None else env
    return run_script(script, cwd, env, log, wanted.seconds, words=words, halt=halt)


def _how(name: str, ended: Ended, wanted: Wanted) -> str:
    how = f"took longer than {wanted.seconds:g} s" if ended.timed_out else f"failed with exit status {ended.status}"
    tail = "\n".join(plain_lines(without_escapes(ended.output).strip()[-_TAIL:]))
    return f".coord/{name} {how}" + (f":\n{tail}" if tail else ", and said nothing")
