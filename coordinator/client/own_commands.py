"""Commands of one's own: made ready for somebody to look at, and run in a window of the agents' tmux server."""

import os

from coordinator.apply.humans import humans_only
from coordinator.errors import Refused
from coordinator.model.own_command import OwnCommand, Ready, Subject, fill, values_of, why_not
from coordinator.model.snapshot import Snapshot
from coordinator.observe.project import Project
from coordinator.observe.trust import require_trust
from coordinator.storage.files import sha256
from coordinator.storage.user_state import keep, kept

_FILE = "commands.json"
_MOST = 1000
"""Commands that are remembered; what falls out is asked about again."""


def ready(project: Project, command: OwnCommand, snapshot: Snapshot, subject: Subject) -> Ready:
    """A command with its values. Refused in a project that is not trusted, and where a value is missing."""
    require_trust(project.layout)
    reason = why_not(command, snapshot, subject)
    if reason:
        raise Refused(reason.rstrip("."), "select something else, or change the command in .coord/coord.yaml")
    root = str(project.layout.root)
    values = values_of(command, snapshot, subject)
    placed = {name: os.path.join(root, values[name]) for name in ("path", "worktree") if name in values}
    folder = placed.get("worktree", root) if command.on == "agent" else root
    words = fill(command.run, values | placed)
    asks = command.confirm or _known_by(root, command.run) not in _agreed()
    return Ready(command.name, words, folder, asks, command.run)


def run(project: Project, ready: Ready) -> str:
    """Run it; the window's id. From now on its words count as seen. Refused for an agent, and without trust."""
    from coordinator.terminals.own_window import open_own

    humans_only(project.layout, "run commands of the project's own")
    require_trust(project.layout)
    if not os.path.isdir(ready.folder):
        raise Refused(f"{ready.folder} is gone", "its work has ended: run it in another place")
    root = str(project.layout.root)
    window = open_own(project.terminals, ready.words, name=ready.name, root=root, folder=ready.folder)
    _agree(_known_by(root, ready.template))
    return window.id


def _known_by(root: str, template: str) -> str:
    """What stands for these very words in the settings of this very project."""
    return sha256(os.fsencode(f"{os.path.realpath(root)}\0{template}"))


def _agreed() -> list[str]:
    found = kept(_FILE).get("seen")
    return [one for one in found if isinstance(one, str)] if isinstance(found, list) else []


def _agree(known: str) -> None:
    keep(_FILE, lambda before: before | {"seen": [*(one for one in _agreed() if one != known), known][-_MOST:]})
