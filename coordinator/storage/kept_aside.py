"""Versions that are nobody's any more, kept beside the file for people; no reader takes one for a prompt."""

import os
from collections.abc import Iterable

from coordinator.errors import StalePlan
from coordinator.lazy import regex
from coordinator.model.problem import Problem
from coordinator.model.text import plain
from coordinator.storage.files import digest_of, discard, install, sha256, stage

_KEPT = regex.compile(r"(?P<of>.+)\.kept-[0-9A-Za-z-]+")


def keep_aside(target: str, content: bytes, plan_id: str) -> str:
    """Keep a version at a free name beside `target`, once; return that name. Call under the lock of the folder."""
    digest = sha256(content)
    for aside in _names(target, plan_id):
        if os.path.lexists(aside):
            if os.path.isfile(aside) and not os.path.islink(aside) and digest_of(aside) == digest:
                return os.path.basename(aside)
            continue
        staged = stage(aside, content)
        try:
            install(staged, aside, None)
            return os.path.basename(aside)
        except StalePlan:
            continue
        finally:
            discard(staged)
    raise AssertionError("there is always a free name")


def move_aside(target: str, plan_id: str) -> str:
    """Move what stands at `target` to a free name beside it; return that name."""
    aside = next(name for name in _names(target, plan_id) if not os.path.lexists(name))
    os.rename(target, aside)
    return os.path.basename(aside)


def kept_in(folder: str, shown: str) -> list[Problem]:
    """A problem for each version that was kept in a folder, called `shown`."""
    try:
        names = os.listdir(folder)
    except OSError:
        return []
    return [problem for name in sorted(names) if (problem := _problem(name, shown)) is not None]


def is_kept(name: str) -> bool:
    return _KEPT.fullmatch(name) is not None


def _problem(name: str, shown: str) -> Problem | None:
    match = _KEPT.fullmatch(name) if ".kept-" in name else None
    if match is None:
        return None
    of = plain(match["of"])
    message = f"a plan was finished after {of} had been changed: not all of it is in there"
    remedy = f"take what you want from here into {of}, or patch it if it is done; then delete this file"
    return Problem(f"{shown}/{plain(name)}", 0, "kept-aside", message, remedy)


def _names(target: str, plan_id: str) -> Iterable[str]:
    first = f"{target}.kept-{plan_id[-8:]}"
    yield first
    count = 0
    while True:
        count += 1
        yield f"{first}-{count}"
