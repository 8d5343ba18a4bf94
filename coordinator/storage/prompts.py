"""The prompt files of a project: read once, then only what changed; one bad file never hides the others."""

import os
import re
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from fnmatch import fnmatchcase
from pathlib import Path

from coordinator.formats.frontmatter import Frontmatter, parse
from coordinator.formats.prompt_references import Names
from coordinator.formats.prompt_schema import number_in_name, to_prompt
from coordinator.lazy import regex
from coordinator.lazy.dataclass import dataclass, replace
from coordinator.lazy.typing import NamedTuple
from coordinator.model.problem import Problem
from coordinator.model.prompt import Prompt
from coordinator.model.settings import BRANCH
from coordinator.model.text import plain
from coordinator.storage.config import Config
from coordinator.storage.files import FileKey, NotAFile, TooLarge, file_key, hasher, is_settled, read_regular, sha256
from coordinator.storage.gc_pause import no_collection
from coordinator.storage.paths import Layout

SIZE_LIMIT = 4 * 1024 * 1024
"""Bytes of a prompt file; a larger one is not read."""

_OURS = regex.compile(r"\.prompt(-done)?\.md(-done)?$", re.IGNORECASE)
_STRAY = regex.compile(r"\d.*\.md(-done)?$", re.IGNORECASE)
"""Called like a prompt of another harness; in our own folder people who write so wait for it in vain."""
_MARKDOWN = regex.compile(r"\.md(-done)?$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class PromptSet:
    """All prompts of a project, and what is wrong with those that are not among them."""

    prompts: Mapping[int, Prompt]
    """By number, ascending."""
    problems: tuple[Problem, ...] = ()
    highest: int = 0
    """Highest number of any file, bad ones included; 0 when there is none."""
    warnings: tuple[Problem, ...] = ()
    """What nothing waits for, in files that are read."""


def read_prompt(path: Path | str, rel: str) -> Prompt | Problem:
    """Read one file; `rel` is its path relative to the project root. Never raises for what a file may be."""
    return _read(str(path), rel, sha256, Names(()), foreign=False)[0]


def remarks(front: Frontmatter, prompt: Prompt) -> tuple[Problem, ...]:
    """What is odd about a file that can be read all the same."""
    return tuple(
        Problem(
            prompt.path,
            line,
            "duplicate-key",
            f"`{plain(key)}` stands here and in line {front.lines[key]}, with the same value",
            "keep one of the two",
            (prompt.number,),
            warning=True,
        )
        for key, line in front.again.items()
    )


def _read(
    path: str, rel: str, digest: Callable[[bytes], str], names: Names, *, foreign: bool
) -> tuple[Prompt | Problem, FileKey | None, tuple[Problem, ...]]:
    shown = plain(rel)
    number = number_in_name(rel.rpartition("/")[2])
    numbers = () if number is None else (number,)
    if shown != rel:
        message, remedy = "the file name has undecodable or invisible characters", "rename it: letters, digits, hyphens"
        return Problem(shown, 0, "bad-name", message, remedy, numbers), None, ()
    try:
        source, status = read_regular(path, SIZE_LIMIT)
    except TooLarge as error:
        return Problem(shown, 0, "too-large", "the file is larger than 4 MiB", error.remedy, numbers), None, ()
    except NotAFile as error:
        code, what = ("symlink", "a symbolic link") if os.path.islink(path) else ("not-a-file", "not a regular file")
        return Problem(shown, 0, code, f"this is {what}", error.remedy, numbers), None, ()
    except OSError as error:
        reason = (error.strerror or "it can't be read").lower()
        return Problem(shown, 0, "unreadable", reason, "check the file and its permissions", numbers), None, ()
    front = parse(source, rel, mend=foreign)
    if isinstance(front, Problem):
        return replace(front, numbers=numbers), file_key(status), ()
    read = to_prompt(front, rel, source, digest(source), find=names.find, foreign=foreign)
    return read, file_key(status), remarks(front, read) if isinstance(read, Prompt) else ()


class _Entry(NamedTuple):
    key: FileKey | None
    """None: to be read again at the next look."""
    result: Prompt | Problem | None
    """None: not a prompt, such as a README in a configured folder."""
    by_name: bool = False
    """It calls other prompts by name: another one when there are other files."""
    warnings: tuple[Problem, ...] = ()
    beside: bool = False
    """It is no prompt if a prompt has its number: notes that belong to it."""


class PromptReader:
    """Reads the prompt folders of a project and keeps what it read. Not thread-safe."""

    def __init__(self, layout: Layout, config: Config) -> None:
        self._layout = layout
        self._entries: dict[str, _Entry] = {}
        self._folders: dict[str, bool] = {}
        self._pattern = ""
        self._missing: list[Problem] = []
        self._outside: set[str] = set()
        """Folders that a link leads out of the project."""
        self._last: PromptSet | None = None
        self._names = Names(())
        self.configure(config)

    def configure(self, config: Config) -> None:
        """Take the folders of a changed configuration; the next `refresh` has to be a full one to see them."""
        folders = {str(self._layout.prompts): False}
        for folder in config.prompt_folders:
            folders[os.path.normpath(os.path.join(self._layout.root, folder))] = True
        if (folders, config.prompts_pattern) != (self._folders, self._pattern):
            self._folders, self._pattern = folders, config.prompts_pattern
            self._entries.clear()
            self._last = None

    def refresh(self, changed: Collection[Path] | None = None) -> PromptSet:
        """Look again at the changed paths, or at everything for None.

        The very same set is returned when nothing is new, and prompts that did not change are the same objects.
        """
        if changed is None or self._last is None or any(self._covers_folder(str(path)) for path in changed):
            news = self._look_at_all()
        else:
            paths = [str(path) for path in changed if self._concerns(str(path))]
            before = [path in self._entries for path in paths]
            news = [self._look_at(path) for path in paths]
            if before != [path in self._entries for path in paths]:
                self._names = Names(self._entries)
                news += [self._take(path, sha256) for path in self._by_name()]
        if self._last is None or any(news):
            self._last = _compose(self._entries, self._missing)
        return self._last

    def _covers_folder(self, path: str) -> bool:
        return any(folder == path or folder.startswith(path + os.sep) for folder in self._folders)

    def _concerns(self, path: str) -> bool:
        folder, _, name = path.rpartition(os.sep)
        if folder not in self._folders or folder in self._outside:
            return False
        return self._is_prompt_name(name, self._folders[folder])

    def _look_at_all(self) -> list[bool]:
        missing: list[Problem] = []
        found: dict[str, FileKey | None] = {}
        self._outside = {folder for folder in self._folders if not self._is_inside(folder)}
        for folder, any_markdown in self._folders.items():
            if folder in self._outside:
                missing.append(_outside_problem(self._layout.rel(folder)))
                continue
            try:
                found |= self._list(folder, any_markdown)
            except OSError as error:
                if any_markdown or not isinstance(error, FileNotFoundError):
                    missing.append(_folder_problem(self._layout.rel(folder), error))
        others: list[str] = []
        if found.keys() != self._entries.keys():
            self._names = Names(found)
            others = self._by_name()
        gone = self._entries.keys() - found.keys()
        for path in gone:
            del self._entries[path]
        entries = self._entries
        todo = [path for path, key in found.items() if key is None or path not in entries or entries[path].key != key]
        todo += [path for path in others if path in entries and entries[path].key == found[path]]
        make_hash = hasher(len(todo))
        with no_collection(len(todo)):
            news = [self._take(path, lambda data: make_hash(data).hexdigest()) for path in todo]
        news.append(bool(gone) or missing != self._missing)
        self._missing = missing
        return news

    def _is_inside(self, folder: str) -> bool:
        """Nothing on the way to the folder leads out of the project: files elsewhere are nobody's prompts."""
        real = os.path.realpath(folder)
        homes = (os.path.realpath(self._layout.root), os.path.realpath(self._layout.coord))
        return any(real == home or real.startswith(home + os.sep) for home in homes)

    def _look_at(self, path: str) -> bool:
        """Look at one path; True when it is news."""
        try:
            key = file_key(os.lstat(path))
        except OSError:
            return self._entries.pop(path, None) is not None
        if path in self._entries and self._entries[path].key == key:
            return False
        return self._take(path, sha256)

    def _take(self, path: str, digest: Callable[[bytes], str]) -> bool:
        folder = path.rpartition(os.sep)[0]
        start = time.time_ns()
        foreign = self._folders[folder]
        if not foreign and not _OURS.search(path):
            return self._put(path, _Entry(None, _stray(self._layout.rel(path))))
        self._names.asked = False
        result, key, warnings = _read(path, self._layout.rel(path), digest, self._names, foreign=foreign)
        if key is not None and not is_settled(key.newest, start):
            key = None
        kept: Prompt | Problem | None = result
        if foreign and isinstance(result, Problem) and not result.numbers:
            kept = None
        beside = foreign and isinstance(result, Problem) and result.code == "no-frontmatter"
        return self._put(path, _Entry(key, kept, self._names.asked, warnings, beside))

    def _put(self, path: str, entry: _Entry) -> bool:
        """Keep what was read; True when it is news. What did not change stays the same object."""
        before = self._entries.get(path)
        same = before is not None and (before.result, before.warnings) == (entry.result, entry.warnings)
        self._entries[path] = entry._replace(result=before.result) if before is not None and same else entry
        return not same

    def _list(self, folder: str, any_markdown: bool) -> dict[str, FileKey | None]:
        found: dict[str, FileKey | None] = {}
        with os.scandir(folder) as entries:
            for entry in entries:
                if self._is_prompt_name(entry.name, any_markdown):
                    try:
                        found[entry.path] = file_key(entry.stat(follow_symlinks=False))
                    except OSError:
                        found[entry.path] = None
        return found

    def _is_prompt_name(self, name: str, any_markdown: bool) -> bool:
        if any_markdown and self._pattern and not fnmatchcase(name, self._pattern):
            return False
        if (_MARKDOWN if any_markdown else _OURS).search(name):
            return not name.startswith(".")
        return bool(_STRAY.match(name) and number_in_name(name))

    def _by_name(self) -> list[str]:
        return [path for path, entry in self._entries.items() if entry.by_name]


def _stray(rel: str) -> Problem:
    """A file that nobody reads, though its writer may think so."""
    shown = plain(rel)
    name = shown.rpartition("/")[2]
    meant = f"{_MARKDOWN.sub('', name)}.prompt.md"
    message = "not read: the name of a prompt ends in .prompt.md"
    numbers = tuple(n for n in (number_in_name(name),) if n is not None)
    return Problem(
        shown, 0, "not-a-prompt-name", message, f"rename it to {meant}, or to a name without number", numbers
    )


def _folder_problem(shown: str, error: OSError) -> Problem:
    if BRANCH in shown:
        return Problem(
            plain(shown), 0, "no-branch", "no branch is checked out", f"check one out, or write it for {BRANCH}"
        )
    reason = (error.strerror or "it can't be read").lower()
    return Problem(plain(shown), 0, "no-folder", reason, "make the folder, or correct `prompt_folders` in coord.yaml")


def _outside_problem(shown: str) -> Problem:
    message, remedy = "a symbolic link leads it out of the project", "put the folder itself there, or correct the link"
    return Problem(plain(shown), 0, "folder-outside", message, remedy)


def _compose(entries: Mapping[str, _Entry], missing: Iterable[Problem]) -> PromptSet:
    prompts: dict[int, Prompt] = {}
    twins: dict[int, list[str]] = {}
    beside: list[Problem] = []
    problems = list(missing)
    highest = 0
    for entry in entries.values():
        result = entry.result
        if isinstance(result, Prompt):
            number = result.number
            if number in prompts:
                twins.setdefault(number, [prompts[number].path]).append(result.path)
            else:
                prompts[number] = result
        elif result is not None:
            (beside if entry.beside else problems).append(result)
            highest = max(highest, *result.numbers, 0)
    highest = max(highest, max(prompts, default=0))
    problems += [problem for problem in beside if prompts.keys().isdisjoint(problem.numbers)]
    warnings = sorted(warning for entry in entries.values() for warning in entry.warnings)
    for number, paths in twins.items():
        del prompts[number]
        problems.append(_duplicate(number, sorted(paths)))
    return PromptSet(
        {number: prompts[number] for number in sorted(prompts)}, tuple(sorted(problems)), highest, tuple(warnings)
    )


def _duplicate(number: int, paths: list[str]) -> Problem:
    others = " and ".join(paths)
    remedy = "give the newer one a number of its own, or say by `prompts_pattern` which is the prompt"
    return Problem(paths[0], 0, "duplicate-number", f"number {number} is used by {others}", remedy, (number,))
