"""Trust: what of a project's own files may start programs here, judged by what a human on this machine has seen."""

from collections.abc import Collection, Iterable, Mapping

from coordinator.lazy.typing import NamedTuple
from coordinator.model.problem import Problem
from coordinator.model.text import amount, plain

_GIST = 4
"""Lines."""
REMEDY = "`coord trust` shows what would run"


class Content(NamedTuple):
    """A file that decides what runs, in one version."""

    path: str
    """Relative to the project's root."""
    digest: str
    """SHA-256."""


GONE = ""
"""In place of a digest: the file is not there any more."""


class Shown(NamedTuple):
    """A file that a human is asked about."""

    path: str
    change: str
    """`new`, `changed` or `gone`."""
    diff: str

    @property
    def gist(self) -> str:
        """The first lines that are new in it and say something, on one line."""
        added = (line[1:].strip() for line in self.diff.splitlines() if line[:1] == "+" and line[:3] != "+++")
        return " · ".join([line for line in added if line and line[0] not in "#-"][:_GIST])


class Trusted(NamedTuple):
    """Everything may run."""

    own: tuple[Content, ...] = ()
    """Versions that are new and did not come with a commit from elsewhere: the engineer's own, to be noted as seen."""


class Ask(NamedTuple):
    """A human has to say so first."""

    first: bool
    """Nobody ever trusted this project here."""
    contents: tuple[Content, ...] = ()
    """What nobody has seen yet."""
    nobodys: tuple[str, ...] = ()
    """Files of a loop that git tracks: they are of another machine, and nothing is done while they are there."""

    direct: bool = False
    """They are at work already: they were changed past coord while agents were at work."""

    @property
    def problem(self) -> Problem:
        """For people: why nothing runs, and how to go on."""
        if self.nobodys:
            first, more = plain(self.nobodys[0]), len(self.nobodys) - 1
            message = f"git tracks {first}{f' and {more} more' if more else ''}: the state of a loop elsewhere"
            return Problem(self.nobodys[0], 0, "nobodys", message, f"`git rm -r --cached -- {first}` and delete it")
        if self.first:
            message = "this project came from elsewhere: nothing of it runs before you trust it"
            return Problem(".coord", 0, "untrusted", message, REMEDY)
        which = plain(self.contents[0].path)
        more = len(self.contents) - 1
        and_more = f" and {amount(more, 'more file')}" if more else ""
        if self.direct:
            message = f"{which}{and_more} changed past coord while agents were at work; it is in force"
            remedy = (
                "`coord trust` shows it, and that it is yours; `git diff` and `coord log --kind conflict.detected` too"
            )
            return Problem(which, 0, "changed-directly", message, remedy)
        return Problem(
            which, 0, "untrusted", f"{which}{and_more} came with a commit, and nobody here has seen it", REMEDY
        )


def unseen(contents: Iterable[Content], seen: Mapping[str, Collection[str]]) -> tuple[Content, ...]:
    """The versions that are not among those seen, path → digests."""
    return tuple(content for content in contents if content.digest not in seen.get(content.path, ()))


def judge_trust(
    contents: Collection[Content],
    seen: Mapping[str, Collection[str]] | None,
    arrived: Collection[str],
    nobodys: Collection[str] = (),
) -> Trusted | Ask:
    """Whether a project may run: `seen` is what a human saw of it here (path → digests), None where nobody ever did.

    `arrived`: paths whose present version came with a commit that was not made here. What the engineer writes, or
    commits here, is the engineer's word.
    """
    if nobodys:
        return Ask(seen is None, nobodys=tuple(sorted(nobodys)))
    if seen is None:
        return Ask(True, tuple(contents))
    new = unseen(contents, seen)
    asked = tuple(content for content in new if content.path in arrived)
    return Ask(False, asked) if asked else Trusted(new)


def ask_about(direct: Mapping[str, str]) -> Ask | None:
    """What to ask about files that were changed past coord, path → digest; None where there is none."""
    return Ask(False, tuple(Content(*item) for item in sorted(direct.items())), direct=True) if direct else None
