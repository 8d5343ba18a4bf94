"""Whether a project may run here, as a human on this machine has said: kept per user, outside of every project.

A record is for a project at its path, and for the very `.coord/` that was there: a random word in `.coord/identity`,
which git does not carry, tells it from another one that takes its place. Looking at a project needs no trust, and
starts nothing that its settings name.
"""

import json
import os
import stat
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from coordinator.errors import CoordError, Refused
from coordinator.lazy.typing import Any, NamedTuple
from coordinator.model.event import Actor, ActorKind, Draft
from coordinator.model.text import plain
from coordinator.model.trust import GONE, Ask, Content, Shown, Trusted, judge_trust, unseen
from coordinator.safefiles.regular import read_line, replace_file
from coordinator.storage.files import ANY, failure, is_settled, read_limited, sha256, write_atomic
from coordinator.storage.paths import Layout, state_folder

FOLDERS = "folders"
"""In the folder of records: paths, one a line; whatever project lies below one of them is trusted. For containers."""
_FILES = ("coord.yaml", "setup.sh", "teardown.sh")
_TREES = ("suites", "scripts", "flows")
"""What decides which programs run, in `.coord/`. A prompt only chooses among them."""
_STATE = ("journal", "runs", "plans", "worktrees", "loop.json", "identity", "highest-number")
_DATABASE = ("events.db", "events.db-wal", "events.db-shm", "events.db-journal")
_LIMIT = 64 * 1024 * 1024
_MOST = 20_000
"""Files that are looked at; a project with more than that is asked about again and again."""
_COPY_LIMIT = 256 * 1024
"""Bytes of a version that is kept, to show later what changed."""
_Stat = tuple[int, int, int, int]


class _Record(NamedTuple):
    """What one user has seen of one project."""

    identity: str
    seen: Mapping[str, list[str]]
    """Path → digests, the newest last."""
    stats: Mapping[str, list[Any]]
    """Path → the file's status and its digest then, which spares reading it again."""


def judgement(layout: Layout) -> Trusted | Ask:
    """Whether the project may run; a look, which notes nothing. Well below a millisecond where nothing is new."""
    if _is_below(layout):
        return Trusted()
    record = _read(layout)
    contents = [Content(layout.rel(path), digest) for path, digest in _contents(layout, record)]
    nobodys = _nobodys(layout)
    new = unseen(contents, record.seen) if record is not None and not nobodys else ()
    came = _came(layout, new)
    return judge_trust(contents, None if record is None else record.seen, came, nobodys)


def require_trust(layout: Layout) -> None:
    """Refused unless the project may run. What the engineer wrote meanwhile counts as seen from now on."""
    found = judgement(layout)
    if isinstance(found, Ask):
        raise Refused(found.problem.message, found.problem.remedy)
    if found.own:
        record = _read(layout)
        if record is not None:
            _note(layout, record, found.own)


def require_known(layout: Layout, actor: Actor | None = None) -> None:
    """Refused in a project that nobody here ever trusted: nothing is written there; agents are none of its business.

    Enough for words that start nothing, such as a pause: they are heard also while something that came since is not
    trusted.
    """
    if actor is not None and actor.kind is not ActorKind.HUMAN:
        return
    found = judgement(layout)
    if isinstance(found, Ask) and found.first:
        raise Refused(found.problem.message, found.problem.remedy)


def is_trusted(layout: Layout) -> bool:
    """Whether the project may run."""
    return isinstance(judgement(layout), Trusted)


def give_trust(layout: Layout, actor: Actor, seen: Ask) -> None:
    """Let the project run as it was shown: the human's word, on the log.

    Raises Refused for an agent, while git tracks the state of a loop, and when the project is another one by now.
    """
    now = judgement(layout)
    if isinstance(now, Trusted):
        if seen.direct:
            _say(layout, actor, seen)
        return
    if now.nobodys:
        raise Refused(now.problem.message, now.problem.remedy)
    if now != seen:
        raise Refused("the project changed since it was shown", "look again: coord trust")
    _say(layout, actor, now)
    record = _Record(_identify(layout), {}, {}) if now.first else _read(layout)
    assert record is not None, "it was trusted before"
    _note(layout, record, now.contents)


def _say(layout: Layout, actor: Actor, asked: Ask) -> None:
    from coordinator.eventlog.store import EventLog

    told: dict[str, object] = {"first": asked.first, "contents": {one.path: one.digest for one in asked.contents}}
    told |= {"direct": True} if asked.direct else {}
    with EventLog.open(layout.events_db, create=True) as log:
        log.append([Draft("trust.given", "milestone", told)], actor)


def trust_own(layout: Layout) -> None:
    """Trust a project that is made here and now: whatever is in it is the engineer's."""
    if _is_below(layout):
        return
    contents = tuple(Content(layout.rel(path), digest) for path, digest in _contents(layout, None))
    _note(layout, _Record(_identify(layout), {}, {}), contents)


def forget_trust(layout: Layout) -> None:
    """Drop what is known of a project that goes away."""
    path = _path(layout)
    path.unlink(missing_ok=True)
    copies = path.with_suffix("")
    with suppress(OSError):
        for copy in copies.iterdir():
            copy.unlink()
        copies.rmdir()


def show(layout: Layout, asked: Ask) -> tuple[Shown, ...]:
    """What a human is asked about, as differences from what was seen last."""
    record = _read(layout)
    return tuple(_show(layout, record, content) for content in asked.contents)


def _show(layout: Layout, record: _Record | None, content: Content) -> Shown:
    from coordinator.model.textdiff import unified_diff

    before = _seen_last(layout, record, content.path)
    if content.digest == GONE:
        return Shown(content.path, "gone", unified_diff(content.path, before or b"", b""))
    try:
        after = read_limited(os.path.realpath(layout.root / content.path), _COPY_LIMIT)
    except (OSError, CoordError) as error:
        return Shown(content.path, "new" if before is None else "changed", f"can't be shown: {plain(str(error))}\n")
    return Shown(content.path, "new" if before is None else "changed", unified_diff(content.path, before or b"", after))


def _seen_last(layout: Layout, record: _Record | None, path: str) -> bytes | None:
    """The version of a file that was seen last; None where none was, or it was too large to keep."""
    digests = record.seen.get(path, []) if record is not None else []
    if not digests:
        return None
    try:
        return read_limited(_path(layout).with_suffix("") / digests[-1], _COPY_LIMIT)
    except (OSError, CoordError):
        return None


# ── what decides what runs


def _contents(layout: Layout, record: _Record | None) -> Iterator[tuple[Path, str]]:
    """Every file that decides what runs, with its digest."""
    known = record.stats if record is not None else {}
    for path in _files(layout):
        shown = layout.rel(path)
        status = _status(path)
        before = known.get(shown)
        if status is not None and before is not None and before[:-1] == list(status):
            yield path, str(before[-1])
        else:
            yield path, _digest(path)


def _files(layout: Layout) -> Iterator[Path]:
    for name in _FILES:
        if os.path.lexists(layout.coord / name):
            yield layout.coord / name
    count = 0
    for tree in _TREES:
        for folder, folders, names in os.walk(layout.coord / tree, followlinks=True):
            folders.sort()
            for name in sorted(names):
                count += 1
                if count > _MOST:
                    return
                yield Path(folder) / name


def _status(path: Path) -> _Stat | None:
    """What tells one version of a regular file from the next; None for what has to be looked at each time."""
    try:
        status = os.lstat(path)
    except OSError:
        return None
    if not stat.S_ISREG(status.st_mode):
        return None
    return status.st_mtime_ns, status.st_ctime_ns, status.st_size, status.st_ino


def _digest(path: Path) -> str:
    try:
        return sha256(read_limited(os.path.realpath(path), _LIMIT))
    except (OSError, CoordError) as error:
        return f"unreadable: {type(error).__name__}"


def _nobodys(layout: Layout) -> list[str]:
    """State of a loop that git tracks. A look into the index spares asking git where there is none."""
    top, index = _index_of(Path(os.path.realpath(layout.coord)))
    try:
        data = read_limited(index, _LIMIT) if index is not None else b""
    except (OSError, CoordError):
        data = b""
    names = (*_STATE, *_DATABASE)
    real = os.path.realpath(layout.coord)
    before = b"" if str(top) == real else os.fsencode(os.path.basename(real)) + b"/"
    if index is None or not data:
        return []
    if _lists_whole_paths(index, data) and not any(before + name.encode() in data for name in names):
        return []
    from coordinator.changes.arrived import tracked

    return [layout.rel(layout.coord / name) for name in tracked(layout.coord, names)]


def _came(layout: Layout, contents: tuple[Content, ...]) -> set[str]:
    """Paths of those that came with a commit from elsewhere."""
    if not contents:
        return set()
    from coordinator.changes.arrived import arrived

    return {layout.rel(path) for path in arrived(layout.root / one.path for one in contents)}


def _index_of(folder: Path) -> tuple[Path, Path | None]:
    """The top of the checkout that a folder lies in, and its index, found without git; None where there is none."""
    for above in (folder, *folder.parents):
        place = above / ".git"
        if place.is_dir():
            return above, place / "index"
        if place.is_file():
            return above, above / read_line(place).removeprefix("gitdir: ") / "index"
    return folder, None


def _lists_whole_paths(index: Path, data: bytes) -> bool:
    """It is of a version that does not shorten paths, and not split into two files."""
    whole = data[:8] in (b"DIRC\0\0\0\2", b"DIRC\0\0\0\3")
    return whole and not any(name.startswith("sharedindex.") for name in os.listdir(index.parent))


# ── what is kept


def _store() -> Path:
    return state_folder() / "trust"


def _path(layout: Layout) -> Path:
    return _store() / f"{sha256(os.fsencode(os.path.realpath(layout.root)))[:24]}.json"


def _is_below(layout: Layout) -> bool:
    """The project lies below a folder of which everything is trusted."""
    try:
        lines = _own(_store() / FOLDERS).decode().splitlines()
    except (OSError, CoordError, UnicodeDecodeError):
        return False
    root = os.path.realpath(layout.root)
    folders = [os.path.realpath(line) for line in lines if os.path.isabs(line)]
    return any(f"{root}/".startswith(f"{folder.rstrip('/')}/") for folder in folders)


def _own(path: Path) -> bytes:
    """A file that is ours, and that nobody else can write. Raises OSError for any other."""
    status = os.lstat(path)
    if status.st_uid != os.geteuid() or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise PermissionError(f"{path} is not ours alone")
    return read_limited(path, _LIMIT)


def _read(layout: Layout) -> _Record | None:
    """What was seen of the project, if it is still the one that it was."""
    try:
        values = json.loads(_own(_path(layout)))
        record = _Record(str(values["identity"]), values["seen"], values["stats"])
        identity = read_limited(_identity(layout), 256).decode().strip()
    except (OSError, CoordError, ValueError, KeyError, TypeError):
        return None
    return record if record.identity and record.identity == identity else None


def _identity(layout: Layout) -> Path:
    return layout.coord / "identity"


def _identify(layout: Layout) -> str:
    """Mark this very `.coord/` as the one that is meant."""
    word = os.urandom(16).hex()
    write_atomic(_identity(layout), f"{word}\n".encode(), expect=ANY)
    return word


def _note(layout: Layout, record: _Record, contents: tuple[Content, ...]) -> None:
    """Keep that these versions were seen. Raises CoordError when that can't be kept."""
    seen = {path: list(digests) for path, digests in record.seen.items()}
    stats = {path: list(values) for path, values in record.stats.items()}
    path = _path(layout)
    try:
        copies = path.with_suffix("")
        copies.mkdir(mode=0o700, parents=True, exist_ok=True)
        for content in contents:
            seen[content.path] = [*(d for d in seen.get(content.path, ()) if d != content.digest), content.digest]
            _keep(layout.root / content.path, content, copies, stats)
        text = json.dumps({"root": str(layout.root), "identity": record.identity, "seen": seen, "stats": stats})
        write_atomic(path, text.encode("utf-8", "replace"), expect=ANY)
        path.chmod(0o600)
    except OSError as error:
        raise failure("keep what you trust in", str(path), error) from error


def _keep(file: Path, content: Content, copies: Path, stats: dict[str, list[Any]]) -> None:
    status = _status(file)
    try:
        data = read_limited(os.path.realpath(file), _LIMIT)
    except (OSError, CoordError):
        return
    if sha256(data) != content.digest:
        return  # it is yet another one by now, to be judged by itself
    settled = status is not None and is_settled(max(status[:2]), time.time_ns())
    if status is not None and settled and _status(file) == status:
        stats[content.path] = [*status, content.digest]
    if len(data) <= _COPY_LIMIT:
        replace_file(copies / content.digest, data, 0o600)
