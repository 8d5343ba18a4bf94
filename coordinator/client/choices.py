"""What a person chose on the screen, for all of their projects: the theme, and how large panels are."""

from collections.abc import Mapping

from coordinator.client.ports import Sizes
from coordinator.lazy.typing import Any
from coordinator.storage.user_state import keep, kept

_FILE = "screen.json"
_MOST = 1000
"""Lines or percent that are a size at all."""


def chosen_theme() -> str:
    """The theme's name; empty where none was chosen."""
    found = kept(_FILE).get("theme")
    return found if isinstance(found, str) else ""


def chosen_sizes() -> Mapping[str, Sizes]:
    """Layout of the screen → sizes of its panels; a layout without them has its own."""
    found = kept(_FILE).get("sizes")
    return {name: _sizes(values) for name, values in found.items()} if isinstance(found, dict) else {}


def keep_theme(name: str) -> None:
    """Begin with this theme from now on, where settings name none."""
    keep(_FILE, lambda before: before | {"theme": name})


def keep_sizes(layout: str, sizes: Sizes) -> None:
    """Begin with panels of these sizes in a layout of the screen; `Sizes()`: with its own."""

    def change(before: dict[str, Any]) -> dict[str, Any]:
        there = before.get("sizes")
        others = there if isinstance(there, dict) else {}
        return before | {"sizes": {**others, layout: {k: v for k, v in zip(Sizes._fields, sizes, strict=True) if v}}}

    keep(_FILE, change)


def _sizes(values: object) -> Sizes:
    if not isinstance(values, dict):
        return Sizes()
    sound = {k: v for k, v in values.items() if k in Sizes._fields and type(v) is int and 0 <= v <= _MOST}
    return Sizes(**sound)
