"""The settings of a project for those who look at them, and the plan that makes one of them another."""

import re

from coordinator.client.choices import chosen_theme
from coordinator.errors import Refused, UsageError
from coordinator.formats.flat_yaml import Nested
from coordinator.formats.yaml_patch import NewValue
from coordinator.formats.yaml_reader import YamlError, read_yaml
from coordinator.lazy.dataclass import replace
from coordinator.model.ids import uuid7
from coordinator.model.plan import Plan
from coordinator.model.setting import Setting
from coordinator.model.text import clip, plain
from coordinator.observe.project import Project
from coordinator.services.planning import file_edit
from coordinator.storage.config import config_of, read_settings
from coordinator.storage.paths import Layout
from coordinator.storage.settings_shown import shown_settings, shown_value
from coordinator.storage.settings_text import with_setting

_NUMBER = re.compile(r"0|[1-9][0-9]{0,14}(\.[0-9]{1,9})?")


def settings(project: Project) -> tuple[Setting, ...]:
    """Every setting with the value in force. Raises CoordError while coord.yaml can't be read."""
    chosen = chosen_theme()
    return tuple(_as_chosen(one, chosen) for one in shown_settings(project.layout, read_settings(project.layout)))


def _as_chosen(setting: Setting, theme: str) -> Setting:
    if setting.name != "theme" or setting.origin == "project":
        return setting
    return replace(setting, value=theme or "as the terminal is", origin="you" if theme else "default")


def plan_setting(project: Project, name: str, typed: str) -> Plan:
    """The plan that writes a value into coord.yaml, empty: that takes it out again.

    UsageError for a value that `coord validate` would refuse; Refused when nothing would change, or more than that.
    """
    layout = project.layout
    data = read_settings(layout)
    known = {one.name: one for one in shown_settings(layout, data)}
    if name not in known:
        raise UsageError(f"there is no setting `{clip(plain(name), 40)}`", "`,` on the screen lists them")
    setting, text = known[name], data.decode()
    if not setting.in_place:
        raise Refused(f"{name} is a mapping", f"edit it in {layout.rel(layout.config)}")
    mark, text = ("\ufeff", text[1:]) if text.startswith("\ufeff") else ("", text)
    value = _value(typed.strip())
    after = (mark + with_setting(text, name, value, setting.default)).encode()
    _check(layout, data, after, setting)
    if after == data:
        raise Refused(f"{name} is that already", "give it another value")
    new = shown_value(getattr(config_of(layout, after), name))
    said = f"{name}: {new}" if value is not None else f"{name}: the default again"
    before = data if data or layout.config.exists() else None
    edit = file_edit(layout.rel(layout.config), before, after)
    return Plan(id=uuid7(), service="setting", summary=clip(plain(said), 200), edits=(edit,))


def _value(typed: str) -> NewValue:
    """What was typed, as YAML has it: a number, a flag, a text, or a list in brackets. None for nothing."""
    if not typed:
        return None
    if typed in ("true", "false"):
        return typed == "true"
    if _NUMBER.fullmatch(typed):
        return float(typed) if "." in typed else int(typed)
    if typed[0] not in "[\"'":
        return typed
    try:
        value = read_yaml(f"typed: {typed}\n")[0].value
    except YamlError as error:
        raise UsageError(error.message, 'close each quote and bracket, as in [a, "b c"]') from None
    if isinstance(value, Nested):
        raise UsageError("that is a mapping", "write a text, or a list such as [a, b]")
    return value


def _check(layout: Layout, before: bytes, after: bytes, setting: Setting) -> None:
    """UsageError for settings that can't be read any more; Refused where another one would change as well."""
    try:
        now = shown_settings(layout, after)
    except UsageError as error:
        raise UsageError(error.message.partition(": ")[2] or error.message, error.remedy) from None
    others = [one.value for one in now if one.name != setting.name]
    if others != [one.value for one in shown_settings(layout, before) if one.name != setting.name]:
        raise Refused(f"{setting.name} can't be changed by itself", f"edit {layout.rel(layout.config)}")
