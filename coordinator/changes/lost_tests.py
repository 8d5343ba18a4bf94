"""Which tests were taken out between two commits: files that are gone, halved, or skipped by now; links out of it all.

That a check holds shows little where what it checks was taken out on the way, or lies elsewhere: a human is to look.
What the check itself runs is looked at like a test, whatever it is called.
"""

import os
import posixpath
import shlex
from collections.abc import Iterator

from coordinator.changes.git import Git
from coordinator.lazy import regex
from coordinator.lazy.typing import NamedTuple
from coordinator.model.text import clip, plain

_TEST = regex.compile(
    r"(?:^|/)(?:tests?|specs?|__tests__|e2e)/|(?:^|/)(?:test_[^/]*|conftest\.py|[^/]*(?:[._-]test|[._-]spec|Tests?)\.\w+)\Z"
)
_SKIP = regex.compile(
    r"@?\bpytest\.(?:mark\.(?:skip|skipif|xfail)|skip|importorskip)\b|@(?:unittest\.)?(?:skip|skipIf|skipUnless|expectedFailure)\b"
    r"|\bself\.skipTest\(|\b(?:x(?:it|describe|test)|(?:it|test|describe)\.(?:skip|todo|only))\s*\(|\bt\.Skip(?:f|Now)?\("
    r"|\bcollect_ignore(?:_glob)?\b|#\[ignore|@(?:Ignore|Disabled)\b|\[(?:Ignore|Skip)\b|\bpending\s*\(|^\s*exit 0\s*$"
)
_INTERPRETERS = regex.compile(
    r"(?:ba|da|z|k)?sh|python[0-9.]*|node|deno|bun|perl|ruby|php|env|time|exec|command|nice|timeout"
)
"""Programs that run another one, which their words name."""
_READ_BY = {
    "make": ("GNUmakefile", "makefile", "Makefile"),
    **dict.fromkeys(("npm", "pnpm", "yarn", "bun"), ("package.json",)),
    "just": ("justfile", "Justfile"),
}
"""Program → files that tell it what it runs, where its words name none."""
_SCRIPT = regex.compile(r"\.[cm]?[jt]sx?\Z")
"""Suffixes that stand for one language: a test that is renamed from one to the other is still run."""
_MOST = 20
"""Findings that are told."""
_MOST_FILES = 1000
"""Changed files of tests that are compared; a git process each."""
_OUTPUT = 8 << 20
"""Bytes of the difference of one file that are read."""
_LONGEST_LINK = 4096
_SMALL = 4
"""Lines of a file that are too few to be halved."""


class _Change(NamedTuple):
    """A file that differs between the two commits."""

    status: str
    """Git's letter: A, D, M, R, T."""
    old: str
    """Blob of before."""
    new: str
    before: str
    """Path of before; the same as `path` but for a file that moved."""
    path: str


def lost_tests(git: Git, start: str, commit: str, command: str = "") -> tuple[str, ...]:
    """What became of tests from one commit to another that a human should see; a file that only moved is none.

    `command`: the check, in the project's folder; files that it runs count as tests.
    """
    if not start:
        return ()
    if git.run("cat-file", "-e", f"{start}^{{commit}}", ok=None).status:
        return (f"the commit that it began on is not there any more ({_shown(start[:10])})",)
    own = frozenset(posixpath.normpath(posixpath.join(git.place.prefix, word)) for word in run_by(command))
    return tuple(found for found, _ in zip(_lost(git, start, commit, own), range(_MOST), strict=False))


def run_by(command: str) -> Iterator[str]:
    """What may be files among the words of a shell command that it runs: `check.sh` of `sh check.sh && echo ok`."""
    lexer = shlex.shlex(command, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    at_start = True
    try:
        for word in lexer:
            if set(word) <= set("();<>|&"):
                at_start = True
            elif at_start and not (word[:1] in "-0123456789" or "=" in word):
                name = posixpath.basename(word)
                at_start = bool(_INTERPRETERS.fullmatch(name))
                yield from _READ_BY.get(name, (word,))
    except ValueError:  # quotes that are not closed: a shell would refuse them
        return


def _lost(git: Git, start: str, commit: str, own: frozenset[str]) -> Iterator[str]:
    compared: list[_Change] = []
    for change in _changes(git, start, commit):
        if change.status == "A" or not (_TEST.search(change.before) or change.before in own):
            continue
        if change.status == "D":
            yield f"{_shown(change.before)} is gone"
        elif change.status == "T":
            yield f"{_shown(change.path)} is no file any more"
        elif not (change.path in own or _still_run(change.before, change.path)):
            yield f"{_shown(change.before)} is now {_shown(change.path)}, where it may not run"
        else:
            compared.append(change)
    for change in compared[:_MOST_FILES]:
        yield from _weakened(git, change)
    if len(compared) > _MOST_FILES:
        yield f"{len(compared)} files of tests changed: more than are looked at"
    yield from _links(git, start, commit)


def _changes(git: Git, start: str, commit: str) -> Iterator[_Change]:
    """All files that differ. By their blobs alone: no attribute that was committed has a say in it."""
    told = git.main.run("diff", "-M", "--raw", "--no-abbrev", "-z", start, commit, "--")
    fields = iter(told.fields)
    for head in fields:
        _, _, old, new, status = head.split(" ")
        before = next(fields)
        yield _Change(status[0], old, new, before, next(fields) if status[0] in "RC" else before)


def _still_run(before: str, path: str) -> bool:
    """What moved is found as a test as it was before: by its folder, its name and its suffix."""
    if before == path:
        return True
    old, new = posixpath.basename(before), posixpath.basename(path)
    by_name = not _TEST.search(old) or bool(_TEST.search(new))
    suffixes = _SCRIPT.sub(".js", posixpath.splitext(old)[1]), _SCRIPT.sub(".js", posixpath.splitext(new)[1])
    return bool(_TEST.search(path)) and by_name and suffixes[0] == suffixes[1]


def _weakened(git: Git, change: _Change) -> Iterator[str]:
    """Lines that a file of tests lost, and those by which it is left out now."""
    if change.old == change.new:
        return
    done = git.main.run("diff", "--text", "--no-color", "-U0", change.old, change.new, "--", limit=_OUTPUT)
    if done.cut:
        yield f"{_shown(change.path)} changed more than is looked at"
        return
    lines = done.out.partition(b"\n@@")[2].split(b"\n")
    added = [line[1:].decode("utf-8", "replace") for line in lines if line.startswith(b"+")]
    removed = sum(line.startswith(b"-") for line in lines)
    if removed > _SMALL and len(added) < removed // 2:
        before = git.main.run("cat-file", "blob", change.old, limit=_OUTPUT).out.count(b"\n")
        if removed > before // 2:
            yield f"{_shown(change.path)} lost {removed} of {before} lines"
    yield from (f"{_shown(change.path)}: {clip(plain(line.strip()), 60)}" for line in added if _SKIP.search(line))


def _links(git: Git, start: str, commit: str) -> Iterator[str]:
    """Links that lead out of the checkout: what is found there was never committed."""
    raw = git.main.run(
        "diff", "--no-renames", "--diff-filter=d", "--raw", "--abbrev=64", "-z", start, commit, "--"
    ).fields
    for told, path in zip(raw[::2], raw[1::2], strict=False):
        mode, blob = told.split(" ")[1], told.split(" ")[3]
        if mode != "120000":
            continue
        target = git.main.run("cat-file", "blob", blob, limit=_LONGEST_LINK).text
        if os.path.isabs(target) or os.path.normpath(os.path.join(os.path.dirname(path), target)).startswith(".."):
            yield f"{_shown(path)} leads to {_shown(target)}, out of the checkout"


def _shown(path: str) -> str:
    return clip(plain(path), 80)
