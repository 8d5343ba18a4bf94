"""What waits for what among imported tasks: dependencies found by their keys, and none that would never end."""

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence

from coordinator.lazy.dataclass import dataclass
from coordinator.model.imported import Item, TaskStatus
from coordinator.model.problem import Problem
from coordinator.model.text import clip, plain

MOST = 1_000
"""Dependencies of one task."""
_WHOLES = 16
"""How many wholes, each a part of the next, a task waits with."""
ENDED = (TaskStatus.DONE, TaskStatus.CANCELLED)
_SHOWN = 8
"""Keys of a cycle that are written out."""


@dataclass(frozen=True, slots=True)
class Links:
    """The dependencies of the tasks that have a prompt, or get one."""

    waits: Mapping[str, tuple[str, ...]]
    """Key → keys of such tasks that come first. Never closes a cycle."""
    satisfied: Mapping[str, tuple[str, ...]]
    """Key → keys of tasks that it depends on and that are done already."""
    left_out: tuple[Problem, ...]
    """Dependencies that were not taken over, and why."""


def link(items: Mapping[str, Item], has_prompt: Callable[[str], bool]) -> Links:
    """Link tasks by their keys. `has_prompt`: one of that key is a prompt, or becomes one.

    A part waits for what its whole waits for, and a whole for its parts, unless the tasks say otherwise themselves.
    """
    folded = _folded(items)
    waits: dict[str, list[str]] = {}
    satisfied: dict[str, tuple[str, ...]] = {}
    left_out: list[Problem] = []
    for key, item in items.items():
        if not has_prompt(key):
            continue
        done: list[str] = []
        waits[key] = []
        stated_by = tuple(dict.fromkeys(item.dependencies))
        if len(stated_by) > MOST:
            message = f"{shown(key)} depends on {len(stated_by):,} tasks"
            left_out.append(_problem(item, "too-many-dependencies", message, f"it waits for the first {MOST:,}"))
        for stated in stated_by[:MOST]:
            found = stated if stated in items else folded.get(stated.casefold(), "")
            problem = _refusal(item, stated, items.get(found), has_prompt(found) if found else False)
            if problem is not None:
                left_out.append(problem)
            elif has_prompt(found):
                waits[key].append(found)
            else:
                done.append(found)
        if done:
            satisfied[key] = tuple(done)
    left_out += _cut_cycles(waits, items)
    _add_implied(waits, items)
    return Links({key: tuple(before) for key, before in waits.items()}, satisfied, tuple(left_out))


def shown(key: str) -> str:
    """A key for people."""
    return clip(plain(key), 60)


def _folded(items: Mapping[str, Item]) -> dict[str, str]:
    """Keys by what they are whatever their case, where that is clear."""
    found: dict[str, str] = {}
    for key in items:
        found[key.casefold()] = "" if key.casefold() in found else key
    return found


def _refusal(item: Item, stated: str, other: Item | None, has_prompt: bool) -> Problem | None:
    """Why a dependency is not taken over; None: it is, or it is done already."""
    if other is None:
        code, why = "dangling", f"depends on {shown(stated)}, which is not there"
    elif other.key == item.key:
        code, why = "self-dependency", "depends on itself"
    elif other.status is TaskStatus.CANCELLED and not has_prompt:
        code, why = "dependency-cancelled", f"depends on {shown(stated)}, which is cancelled"
    else:
        return None
    return _problem(item, code, f"{shown(item.key)} {why}", "it does not wait for it")


def _problem(item: Item, code: str, message: str, remedy: str) -> Problem:
    return Problem(plain(item.path), item.line, code, message, remedy, warning=True)


# ── cycles


def _cut_cycles(waits: dict[str, list[str]], items: Mapping[str, Item]) -> Iterator[Problem]:
    """Take out each dependency that closes a cycle on a walk in the order of the source."""
    finished: set[str] = set()
    for start in waits:
        path: dict[str, Iterator[str]] = {} if start in finished else {start: iter(list(waits[start]))}
        while path:
            node, left = next(reversed(path.items()))
            before = next(left, None)
            if before is None:
                finished.add(node)
                del path[node]
            elif before in path:
                waits[node].remove(before)
                yield _cycle(items[node], before, list(path))
            elif before not in finished:
                path[before] = iter(list(waits[before]))


def _cycle(item: Item, before: str, path: Sequence[str]) -> Problem:
    around = [shown(key) for key in path[path.index(before) :]]
    drawn = around if len(around) <= _SHOWN else [*around[: _SHOWN - 1], "…", around[-1]]
    message = f"{' → '.join((*drawn, shown(before)))} is a cycle"
    return _problem(item, "cycle", message, f"{shown(item.key)} does not wait for {shown(before)}")


# ── wholes and their parts


def _add_implied(waits: dict[str, list[str]], items: Mapping[str, Item]) -> None:
    """Add what follows from parts and wholes, but for what would close a cycle."""
    implied: dict[str, list[str]] = {}
    stated = {key: set(before) for key, before in waits.items()}
    for key in waits:
        whole = items[key].parent
        if whole in waits and whole != key and key not in stated[whole]:
            implied.setdefault(whole, []).append(key)
        waits_for_sibling = any(items[before].parent == whole for before in stated[key])
        if whole and not waits_for_sibling:
            inherited = [each for each in _of_wholes(key, waits, items) if each not in stated[key] and each != key]
            implied.setdefault(key, []).extend(inherited)
    knotted = _knotted({key: [*before, *implied.get(key, ())] for key, before in waits.items()})
    for key, more in implied.items():
        waits[key] += [each for each in dict.fromkeys(more) if not (key in knotted and each in knotted)]


def _of_wholes(key: str, waits: Mapping[str, Sequence[str]], items: Mapping[str, Item]) -> list[str]:
    """What the wholes wait for that a task is a part of, the nearest first."""
    found: list[str] = []
    seen = {key}
    while (key := items[key].parent) in items and key not in seen and len(seen) <= _WHOLES:
        seen.add(key)
        found += [each for each in waits.get(key, ()) if items[each].parent != key]
    return found


def _knotted(waits: Mapping[str, Sequence[str]]) -> frozenset[str]:
    """What lies on a cycle, or between two."""
    left = frozenset(waits)
    for neighbours in (waits, _turned(waits)):
        counts = {key: sum(other in left for other in neighbours[key]) for key in left}
        back = _turned({key: neighbours[key] for key in left})
        free = deque(key for key in left if counts[key] == 0)
        gone = set(free)
        while free:
            for other in back.get(free.popleft(), ()):
                if other in counts:
                    counts[other] -= 1
                    if counts[other] == 0 and other not in gone:
                        gone.add(other)
                        free.append(other)
        left -= gone
    return left


def _turned(waits: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    turned: dict[str, list[str]] = {key: [] for key in waits}
    for key, before in waits.items():
        for other in before:
            turned.setdefault(other, []).append(key)
    return turned
