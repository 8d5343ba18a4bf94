"""A setting of the project: another value for it, and what that makes of coord.yaml."""

from collections.abc import Iterable
from functools import partial
from typing import ClassVar

from coordinator.model.plan import Plan
from coordinator.model.setting import Setting
from coordinator.model.snapshot import Snapshot
from coordinator.model.text import plain
from coordinator.views.plan_preview import Outlook, Planner
from coordinator.views.spans import Span
from tui.forms.fields import ChoiceField, Row, TextField
from tui.forms.host import FormHost
from tui.forms.message import Line
from tui.forms.plan_form import PlanForm
from tui.forms.stages import SHOWS_PLAN, labelled


class SettingForm(PlanForm):
    """One value, among its choices where these are a few; nothing typed is its default."""

    SERVICE = "setting"
    ASIDE = True
    HELP: ClassVar[str] = (
        "Writes one setting into coord.yaml; comments and order of the file stay. Without a value the default holds "
        "again. What `coord validate` would refuse can't be written; `u` takes it back."
    )

    def __init__(self, host: FormHost, setting: Setting) -> None:
        self._setting = setting
        super().__init__(host)

    def name_of(self, host: FormHost) -> str:
        return f"Setting {self._setting.name}"

    def rows(self) -> Iterable[Row]:
        setting = self._setting
        if setting.choices:
            options = [(each, each, str(place)) for place, each in enumerate(setting.choices, 1)]
            yield Row("Value", ChoiceField(options, setting.value, id="value"))
        else:
            shown = setting.value if setting.origin == "project" else ""
            yield Row("Value", TextField(shown, placeholder=setting.default or setting.takes, id="value"))

    def request(self, snapshot: Snapshot) -> Planner | str:
        return partial(self._plan, self.field("value").value)

    def _plan(self, typed: str, snapshot: Snapshot) -> Plan:
        return self.host.source.plan_setting(self._setting.name, typed)

    def more_lines(self) -> list[Line]:
        if self.stage in SHOWS_PLAN:
            return []
        about = plain(self._setting.about)
        said = [labelled("", "quiet", [Span(about, "quiet")])] if about else []
        if isinstance(self.found, Outlook):
            return [labelled("Writes", "quiet", [Span(plain(self.found.plan.summary), "strong")]), *said]
        return said

    def arranged(self, effect: list[Line], more: list[Line]) -> list[Line]:
        return [*more[:1], *effect, *more[1:]] if isinstance(self.found, Outlook) else [*effect, *more]
