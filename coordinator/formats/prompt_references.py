"""Prompts that others call by name: `setup-database`, `prompts/01-setup.md`, `02-01`."""

from collections.abc import Iterable
from functools import cached_property

from coordinator.formats.prompt_schema import bare_name, number_in_name
from coordinator.lazy import regex

_TWOFOLD = regex.compile(r"(\d+-\d+)(?!\d)")


class Names:
    """What the prompt files of a project may be called by; looked into only when somebody asks."""

    def __init__(self, paths: Iterable[str]) -> None:
        self._paths = paths
        self.asked = False

    def find(self, text: str) -> int | None:
        """The number of the one prompt that is called so; None when there is none, or more than one."""
        self.asked = True
        numbers = self._known.get(text.strip().rpartition("/")[2].lower(), set()) or self._known.get(
            bare_name(text.strip().rpartition("/")[2])[0].lower(), set()
        )
        return next(iter(numbers)) if len(numbers) == 1 else None

    @cached_property
    def _known(self) -> dict[str, set[int]]:
        known: dict[str, set[int]] = {}
        for path in self._paths:
            name = path.rpartition("/")[2]
            number = number_in_name(name)
            if number is None:
                continue
            stem, slug = bare_name(name)
            twofold = _TWOFOLD.match(stem)
            for called in {stem, slug, twofold[1] if twofold else stem}:
                if called:
                    known.setdefault(called.lower(), set()).add(number)
        return known
