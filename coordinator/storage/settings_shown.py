"""Every setting as people read it: what coord.yaml says, what holds where it is silent, what else may stand there."""

import re
from collections.abc import Mapping

from coordinator.formats.flat_yaml import Nested
from coordinator.formats.scalars import flow_list, scalar
from coordinator.lazy.dataclass import replace
from coordinator.lazy.typing import Any
from coordinator.model.setting import Setting
from coordinator.storage.config import config_of, entries_of
from coordinator.storage.config_sample import sample
from coordinator.storage.paths import Layout
from coordinator.storage.setting_values import READERS

_LINE = re.compile(r"^# ([a-z_]+):(?: (.*?))?(?:\s+# (.*))?$")
_MORE = re.compile(r"^#\s{2,}# ?(.*)$")
_EXAMPLES = ("project", "tmux_socket", "base_branch", "theme", "worktrees")
"""Settings of which the sample shows an example, since their default depends on the project or the terminal."""
_ODD = Nested("?")
"""No setting takes it: each says of it what it does take."""


def shown_settings(layout: Layout, data: bytes) -> tuple[Setting, ...]:
    """Every setting, in the order of the sample, for a coord.yaml with this content. Raises like `config_of`."""
    config = config_of(layout, data)
    silent = config_of(layout, b"")
    said = {entry.key: entry.line for entry in entries_of(layout, data)}
    found = (
        replace(
            setting,
            value=shown_value(getattr(config, setting.name)),
            default=setting.default if setting.name not in _EXAMPLES else shown_value(getattr(silent, setting.name)),
            origin="project" if setting.name in said else "default",
            line=said.get(setting.name, 0),
            path=layout.rel(layout.config),
        )
        for setting in _documented()
    )
    return tuple(found)


def shown_value(value: Any) -> str:
    """A value as it would be written in coord.yaml, on one line."""
    if isinstance(value, Mapping) and value:
        return ", ".join(f"{key}: {words}" for key, words in value.items())
    if isinstance(value, tuple):
        return flow_list([str(one) for one in value])
    if value is None or value == {}:
        return "none"
    return f"{value:g}" if isinstance(value, float) else scalar(value) if isinstance(value, bool) else str(value)


def _documented() -> list[Setting]:
    """What the sample says of each: a line with its default, and perhaps lines that go on about it."""
    found: list[Setting] = []
    for line in sample().splitlines():
        if match := _LINE.match(line):
            default, takes = (match[2] or "").strip(), _takes(match[1])
            found.append(Setting(match[1], "", default, "", match[3] or "", takes, in_place="mapping" not in takes))
        elif found and (match := _MORE.match(line)):
            found[-1] = replace(found[-1], about=f"{found[-1].about} {match[1].strip()}".strip())
    return found


def _takes(name: str) -> str:
    try:
        READERS[name](_ODD)
    except ValueError as error:
        return str(error)
    return "a text"
