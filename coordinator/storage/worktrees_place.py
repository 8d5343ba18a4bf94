"""Where the agents' worktrees lie: below `.coord/`, or where the setting `worktrees` says."""

import os
from pathlib import Path

from coordinator.formats.digest import sha256
from coordinator.lazy import regex
from coordinator.safefiles.regular import read_part

_SETTING = regex.compile(r"""(?m)^worktrees:[ \t]*(?:"([^"\n]*)"|'([^'\n]*)'|([^#\n]*?))[ \t]*(?:[ \t]#.*)?\r?$""")
_LIMIT = 256 * 1024
_KNOWN: dict[str, tuple[tuple[int, ...], Path]] = {}
"""`.coord/` of a project → its settings as they were read, and what came of it."""


def worktrees_of(root: Path, coord: Path) -> Path:
    """The folder of all worktrees of a project. Read again only when its settings changed."""
    config = coord / "coord.yaml"
    try:
        status = os.stat(config)
    except OSError:
        return coord / "worktrees"
    stamp = (status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino)
    known = _KNOWN.get(str(coord))
    if known is not None and known[0] == stamp:
        return known[1]
    place = coord / "worktrees"
    try:
        match = _SETTING.search(read_part(config, _LIMIT).decode("utf-8", "replace"))
    except OSError:
        match = None
    given = next(filter(None, match.groups()), "").strip() if match is not None else ""
    if given:
        place = elsewhere(root, given)
    _KNOWN[str(coord)] = (stamp, place)
    return place


def elsewhere(root: Path, given: str) -> Path:
    """The project's own folder below the one that the setting names: absolute, `~/…`, or relative to the root."""
    name = f"{root.name}-{sha256(os.fsencode(root))[:8]}"
    return Path(os.path.abspath(root / os.path.expanduser(given))) / name
