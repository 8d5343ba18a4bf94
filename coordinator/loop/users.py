"""Strict mode: which agent has which user. A user is one attempt's until all of it is over, also after a restart.

The claim is in the attempt's `step.json`, and in a file of the machine's beside those of other projects, which names
that `step.json`: two projects never let the same user work at the same time.
"""

import json
import stat
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from coordinator.agents.launch import environment
from coordinator.agents.user import AgentUser, AgentUsers, end_all, find_users, processes_of
from coordinator.changes.git import Git
from coordinator.errors import CoordError
from coordinator.model.step import Attempt
from coordinator.model.text import plain
from coordinator.safefiles.regular import read_part
from coordinator.storage.attempts import all_attempts
from coordinator.storage.config import Config
from coordinator.storage.files import Lock, write_atomic
from coordinator.storage.paths import Layout
from coordinator.storage.runs import read_loop
from coordinator.storage.stage_attempts import turns_on_disk

CLAIMS = Path("/var/lib/coord/users")
_READ_BY_OTHERS = stat.S_IRGRP | stat.S_IROTH
_LIMIT = 4 * 1024 * 1024  # bytes of a record
_PATIENCE = 5.0
"""Seconds in which another loop may choose."""


class Users:
    """The users of one project's agents, and who has them. Thread-safe."""

    def __init__(self, layout: Layout, users: AgentUsers) -> None:
        self._layout = layout
        self._agents = {user.name: user for user in users.agents}
        self.gate = users.gate
        self._held = {attempt.user: attempt for attempt in _recorded(layout)}
        self._guard = threading.Lock()

    def of(self, attempt: Attempt) -> AgentUser | None:
        """The user that an attempt has; None when it has none any more."""
        return self._agents.get(attempt.user)

    def agent_at(self, uid: int) -> dict[str, str]:
        """The `COORD_…` variables of the agent that has a user id; empty when nobody has."""
        with self._guard:
            held = dict(self._held)
        for name, attempt in held.items():
            if name in self._agents and self._agents[name].uid == uid:
                acting = self._acting(attempt)
                return environment(acting, self._layout.root) if acting is not None else {}
        return {}

    def _acting(self, attempt: Attempt) -> Attempt | None:
        """Whoever works as the user of an attempt: one with a pipeline has the turn that is at work, one at a time."""
        if not attempt.pipeline:
            return attempt
        live = [turn for turn in turns_on_disk(self._layout, attempt) if turn.state.live]
        return live[0] if len(live) == 1 else None

    def held(self) -> list[Attempt]:
        """The attempts that have a user, or had one that was not given back."""
        with self._guard:
            return list(self._held.values())

    @contextmanager
    def free(self) -> Iterator[AgentUser | None]:
        """A user that nobody on this machine has, while `hold` writes down who gets it; None: all are taken."""
        try:
            CLAIMS.mkdir(mode=0o755, parents=True, exist_ok=True)
            _shut(CLAIMS, CLAIMS.parent)
        except OSError as error:
            raise CoordError(f"can't note whose {CLAIMS} are: {error.strerror}", "make that folder, as root") from error
        lock = Lock(CLAIMS.parent)
        if not lock.acquire(wait=False, patience=_PATIENCE):
            raise CoordError("another loop is choosing a user for its agent", f"look at who holds {lock.path}: lslocks")
        try:
            yield next((user for user in self._agents.values() if self._is_free(user)), None)
        finally:
            lock.release()

    def hold(self, user: AgentUser, attempt: Attempt) -> None:
        """Note that an attempt, whose `step.json` says so, has a user; inside of `free`."""
        step = self._layout.attempt(attempt.run, attempt.work, attempt.attempt) / "step.json"
        write_atomic(CLAIMS / str(user.uid), json.dumps({"user": user.name, "step": str(step)}).encode())
        with self._guard:
            self._held[user.name] = attempt

    def give_back(self, attempt: Attempt) -> None:
        """Note that an attempt has its user no more."""
        with self._guard:
            user = self._agents.get(attempt.user)
            self._held.pop(attempt.user, None)
        if user is not None:
            with suppress(FileNotFoundError):
                (CLAIMS / str(user.uid)).unlink()

    def clear(self, attempt: Attempt) -> None:
        """End everything that still runs as an attempt's user. CoordError when something would not end."""
        user = self.of(attempt)
        if user is not None:
            end_all(user)

    def _is_free(self, user: AgentUser) -> bool:
        with self._guard:
            if user.name in self._held:
                return False
        return not _claimed(user) and not processes_of(user)


def users_for(layout: Layout, config: Config) -> Users | None:
    """Strict mode: who agents run as. CoordError when there are fewer users than agents may work at the same time."""
    if not config.agent_user:
        return None
    found = find_users(config.agent_user)
    most = read_loop(layout)[0].max_parallel or config.max_parallel
    if most > len(found.agents):
        raise CoordError(
            f"{most} agents at the same time need a user each, and there are {len(found.agents)}",
            f"`coord strict setup --agents {most}` makes them, or `coord loop --max-parallel {len(found.agents)}`",
        )
    git = Git(layout.root)
    for one in git.programs_of_the_checkout() if git.is_repo() else ():
        raise CoordError(
            f"git would run, as root, what an agent committed: {plain(one.key)} is {plain(one.value)}",
            "name a program outside of the repository; `coord strict status` tells all that is missing",
        )
    return Users(layout, found)


def hold_no_locks(layout: Layout, prompt_folders: Sequence[str], directory: Path) -> None:
    """Keep agents from holding the locks of folders for good, those of the attempt in this directory too.

    Whoever may read a folder may lock it, and the loop would wait. They go through them all the same. Raises OSError.
    """
    below = [folder for folder in (directory, *directory.parents) if folder.is_relative_to(layout.coord)]
    beside = [folder for folder in layout.coord.iterdir() if folder.is_dir() and folder != layout.worktrees]
    prompts = [folder for name in prompt_folders if (folder := layout.root / name).is_dir()]
    _shut(*below, *beside, *prompts)


def _shut(*folders: Path) -> None:
    """Let nobody but their owner read folders."""
    for folder in folders:
        mode = stat.S_IMODE(folder.lstat().st_mode)
        if mode & _READ_BY_OTHERS and not folder.is_symlink():
            folder.chmod(mode & ~_READ_BY_OTHERS)


def _claimed(user: AgentUser) -> bool:
    """Whether an attempt of some project says that it has the user."""
    try:
        claim = json.loads(read_part(CLAIMS / str(user.uid), _LIMIT))
        step = json.loads(read_part(Path(claim["step"]), _LIMIT))
        return bool(step.get("user") == user.name)
    except FileNotFoundError:
        return False  # never claimed, or its project is gone
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return True  # it can't be told: somebody may be at work


def _recorded(layout: Layout) -> Iterator[Attempt]:
    """The attempts of all runs that say they have a user."""
    return (attempt for attempt in all_attempts(layout) if attempt.user)
