"""Building a merge result as objects only: no checkout and no ref changes."""

from coordinator.changes.command import GitError
from coordinator.changes.folders import Places
from coordinator.changes.git import Git
from coordinator.changes.outcome import Conflict, Waiting
from coordinator.changes.temporary_checkout import temporary_checkout
from coordinator.model.text import plain

_FALLBACK_IDENTITY = {
    "GIT_AUTHOR_NAME": "coord",
    "GIT_AUTHOR_EMAIL": "coord@localhost",
    "GIT_COMMITTER_NAME": "coord",
    "GIT_COMMITTER_EMAIL": "coord@localhost",
}
_NO_IDENTITY = (
    "tell me who you are",
    "empty ident",
    "unable to auto-detect",
    "no email was given",
    "no name was given",
)
_MESSAGE_LINES = 40
SIGNING = 30.0
"""Seconds that the engineer's signing program gets: it may wait for a passphrase that nobody is there to give."""


def build(
    git: Git, places: Places, base: str, tip: str, message: str, *, try_only: bool = False
) -> str | Conflict | Waiting:
    """Merge two commits into a new commit that no branch points at yet; its id, or what conflicts.

    It is signed if the engineer's setting commit.gpgSign says so, unless it is to try only; Waiting when that fails.
    """
    tree = _merged_tree(git, places, base, tip)
    if isinstance(tree, Conflict):
        return tree
    signs = not try_only and _signs(git)
    args = ("commit-tree", tree, "-p", base, "-p", tip, *(("-S",) if signs else ()), "-F", "-")
    seconds = SIGNING if signs else None
    try:
        return _committed(git, args, message, seconds)
    except GitError as error:
        if not signs:
            raise
        return Waiting(
            f"the merge can't be signed, as commit.gpgSign wants it ({error.message}): unlock the key, for instance "
            "by `git commit --allow-empty -S -m x` on a branch aside, or `git config commit.gpgSign false`"
        )


def _committed(git: Git, args: tuple[str, ...], message: str, seconds: float | None) -> str:
    try:
        return git.run(*args, stdin=message.encode(), writes=True, seconds=seconds).text
    except GitError as error:
        if not any(mark in error.stderr for mark in _NO_IDENTITY):
            raise
    return git.run(*args, stdin=message.encode(), writes=True, seconds=seconds, env=_FALLBACK_IDENTITY).text


def _signs(git: Git) -> bool:
    return git.run("config", "--type=bool", "--get", "commit.gpgSign", ok=None).text == "true"


def _merged_tree(git: Git, places: Places, base: str, tip: str) -> str | Conflict:
    done = git.run("merge-tree", "--write-tree", "--name-only", "-z", base, tip, ok=(0, 1, 129), writes=True)
    if done.status == 129:  # git before 2.38
        return _tree_by_checkout(git, places, base, tip)
    fields = done.fields
    if done.status == 0:
        return fields[0]
    end = fields.index("") if "" in fields else len(fields)
    return Conflict(tuple(fields[1:end]), _explain(_messages(fields[end + 1 :])))


def _messages(fields: list[str]) -> list[str]:
    """The texts of merge-tree's message section: each is a count, that many paths, a type and a text."""
    texts, at = [], 0
    while at < len(fields) and fields[at].isdigit():
        at += int(fields[at]) + 3
        texts += fields[at - 1 : at]
    return texts


def _tree_by_checkout(git: Git, places: Places, base: str, tip: str) -> str | Conflict:
    with temporary_checkout(git, places, base) as folder:
        quiet = ("--no-stat", "--no-squash", "--no-autostash", "--no-verify-signatures")
        done = git.run("merge", "--no-commit", "--no-ff", *quiet, tip, cwd=folder, ok=(0, 1), writes=True)
        if done.status == 0:
            return git.run("write-tree", cwd=folder, writes=True).text
        files = git.run("diff", "--name-only", "--diff-filter=U", "-z", cwd=folder).fields
        return Conflict(tuple(files), _explain(done.text.splitlines()))


def _explain(messages: list[str]) -> str:
    lines = [plain(text.strip()) for text in messages if text.startswith("CONFLICT")]
    more = [f"… and {len(lines) - _MESSAGE_LINES} more"] if len(lines) > _MESSAGE_LINES else []
    return "\n".join(lines[:_MESSAGE_LINES] + more)
