"""Which changes of a turn are not its own: what its flow may not write, and what stands in the way of that. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from posixpath import relpath

from coordinator.lazy.typing import NamedTuple
from coordinator.model.globs import matches

_CACHES = frozenset(
    (
        "__pycache__",
        ".pytest_cache",
        ".mypy_cache",
        ".ruff_cache",
        ".hypothesis",
        ".tox",
        ".nox",
        ".DS_Store",
        ".coverage",
    )
)
"""What tools leave behind as they run, whoever runs them."""


class Touched(NamedTuple):
    """What became of a file, or of what else has a path in git."""

    before: bool
    """It was there when the turn began."""
    after: bool
    """It is there now."""


def is_owned(writes: Sequence[str], path: str, prefix: str = "") -> bool:
    """Whether a flow may change a path of the repository; `prefix`: the project's folder in it, empty for all of it."""
    return matches(writes, relpath(path, prefix) if prefix else path)


def is_cache(path: str) -> bool:
    """Whether an untracked file is what a tool leaves behind: no change of anybody's."""
    return not _CACHES.isdisjoint(path.split("/")) or path.endswith(".pyc")


def not_owned(touched: Mapping[str, Touched], writes: Sequence[str], prefix: str = "") -> frozenset[str]:
    """The paths that are to be as they were before.

    Of those that the flow may write the ones in the way too: a link in the place of a folder that it may not change, or
    a folder in the place of such a file.
    """
    foreign = {path for path in touched if not is_owned(writes, path, prefix)}
    back = {path for path in foreign if touched[path].before}
    above = {folder for path in back for folder in folders_above(path)}
    in_the_way = {
        path
        for path, what in touched.items()
        if what.after and path not in foreign and (path in above or not back.isdisjoint(folders_above(path)))
    }
    return frozenset(foreign | in_the_way)


def folders_above(path: str) -> Iterator[str]:
    """`a/b`, `a` for `a/b/c`."""
    while "/" in path:
        path = path.rpartition("/")[0]
        yield path
