"""Every path of a project, in one place."""

import os
from collections.abc import Iterable
from pathlib import Path

from coordinator.errors import CoordError, Refused
from coordinator.lazy.dataclass import dataclass, field
from coordinator.model.text import plain
from coordinator.model.work import WorkId
from coordinator.storage.root import COORD, find_root
from coordinator.storage.worktrees_place import worktrees_of


@dataclass(frozen=True, slots=True)
class Layout:
    """Where things are: `root` is the main checkout, `coord` the folder with everything of the loop."""

    root: Path
    coord: Path = field(default=Path())

    def __post_init__(self) -> None:
        object.__setattr__(self, "root", Path(os.path.abspath(self.root)))
        given = self.coord if self.coord.parts else Path(COORD)
        object.__setattr__(self, "coord", Path(os.path.abspath(self.root / given)))

    @property
    def prompts(self) -> Path:
        return self.coord / "prompts"

    @property
    def runs(self) -> Path:
        return self.coord / "runs"

    @property
    def worktrees(self) -> Path:
        """Where the agents' worktrees lie: below `.coord/`, unless the setting `worktrees` names another place."""
        return worktrees_of(self.root, self.coord)

    @property
    def events_db(self) -> Path:
        return self.coord / "events.db"

    @property
    def loop_json(self) -> Path:
        return self.coord / "loop.json"

    @property
    def loop_lock(self) -> Path:
        """Held (flock) by the live loop process."""
        return self.coord / "loop.lock"

    @property
    def door(self) -> Path:
        """The socket over which agents speak in strict mode; `coordinator.cli.remote_command` knows its name too."""
        return self.coord / "log.sock"

    @property
    def mcp_socket(self) -> Path:
        """The socket of the server behind `coord mcp`; `coordinator.mcp_server.wire` knows its name too."""
        return self.coord / "mcp.sock"

    @property
    def question_lock(self) -> Path:
        """Held (flock) while somebody looks whether a question was asked before, and asks it."""
        return self.coord / "question.lock"

    @property
    def config(self) -> Path:
        return self.coord / "coord.yaml"

    @property
    def settings_in_force(self) -> Path:
        """What coord.yaml held when the living loop read it last."""
        return self.runs / "coord.yaml"

    @property
    def milestone(self) -> Path:
        return self.coord / "milestone.md"

    @property
    def milestones(self) -> Path:
        """`ID.md`: earlier milestones as they were when the next one began; `ID-handover.md`: how each came out."""
        return self.coord / "milestones"

    @property
    def alignment(self) -> Path:
        return self.coord / "alignment.md"

    @property
    def learnings(self) -> Path:
        return self.coord / "learnings.md"

    @property
    def feedback(self) -> Path:
        return self.coord / "feedback"

    @property
    def flows(self) -> Path:
        return self.coord / "flows"

    @property
    def pipelines(self) -> Path:
        return self.flows / "pipelines"

    @property
    def scripts(self) -> Path:
        """`NN.sh`: what the scripted runtime runs."""
        return self.coord / "scripts"

    @property
    def suites(self) -> Path:
        """`NAME.md`: validation suites, each with a `command` in its frontmatter."""
        return self.coord / "suites"

    @property
    def journal(self) -> Path:
        """Plans that are being applied; empty at rest."""
        return self.coord / "journal"

    @property
    def plans(self) -> Path:
        """Applied plans with what they replaced: what `coord undo` goes by."""
        return self.coord / "plans"

    @property
    def counter(self) -> Path:
        """The highest prompt number that was ever claimed here."""
        return self.coord / "highest-number"

    def run(self, run_id: str) -> Path:
        return self.runs / run_id

    def attempt(self, run_id: str, work: WorkId, attempt: int) -> Path:
        return self.runs / run_id / work.directory(attempt)

    def worktree(self, work: WorkId, attempt: int) -> Path:
        """Where the worktree of an attempt is, or is going to be: one from before the setting changed stays there."""
        place, before = self.worktrees / work.checkout(attempt), self.coord / "worktrees" / work.checkout(attempt)
        return before if place != before and os.path.lexists(before) and not os.path.lexists(place) else place

    def rel(self, path: Path | str) -> str:
        """The path relative to the root, POSIX separators; unchanged when it lies outside."""
        text, root = str(path), str(self.root)
        if text.startswith(root + os.sep):
            return text[len(root) + 1 :].replace(os.sep, "/")
        return text


def state_folder() -> Path:
    """Where this user keeps what is outside of every project."""
    given = os.environ.get("XDG_STATE_HOME", "")
    home = Path(given) if os.path.isabs(given) else Path(os.path.expanduser("~")) / ".local" / "state"
    return home / "coord"


def config_folder() -> Path:
    """Where this user keeps settings of coord that hold in every project."""
    given = os.environ.get("XDG_CONFIG_HOME", "")
    home = Path(given) if os.path.isabs(given) else Path(os.path.expanduser("~")) / ".config"
    return home / "coord"


def find_project(start: Path) -> Layout:
    """Find the project that `start` lies in, walking up.

    From within an agent's worktree that is the main project, not the copy of `.coord` that the worktree may contain.
    Raises CoordError when there is none.
    """
    root = find_root(str(start))
    if root is None:
        shown = os.path.abspath(start)
        raise CoordError(f"no coord project in {shown} or above it", "run `coord init` in the root of your repository")
    return Layout(Path(root))


def places_within(layout: Layout, paths: Iterable[str]) -> list[str]:
    """The absolute paths of files to be written; Refused when one leads out, by `..` or by a symbolic link.

    Only the folders are followed: what stands in the place of a file itself is for its writer to judge.
    """
    homes = [os.path.realpath(layout.root), os.path.realpath(layout.coord)]
    real: dict[str, str] = {}
    """Folder → what it is without links, looked at once."""
    found: list[str] = []
    for path in paths:
        above, name = os.path.split(os.path.normpath(os.path.join(layout.root, path)))
        folder = real.get(above) or real.setdefault(above, os.path.realpath(above))
        if not any(folder == home or folder.startswith(home + os.sep) for home in homes):
            raise Refused(f"{plain(path)} lies outside of the project", "coord changes only files of its project")
        found.append(os.path.join(folder, name))
    return found


def folder_within(layout: Layout, folder: Path) -> Path:
    """A folder whose files are the project's, without links. Raises like `places_within`."""
    (inside,) = places_within(layout, [str(folder / "x")])
    return Path(inside).parent
