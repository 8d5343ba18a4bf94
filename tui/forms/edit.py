"""Editing a prompt: single values in place, the whole file in $EDITOR; nothing is saved before it was validated."""

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import ClassVar

from coordinator.errors import CoordError, Refused
from coordinator.formats.prompt_body import CRITERIA, items
from coordinator.formats.prompt_text import parse_prompt
from coordinator.lazy.dataclass import replace
from coordinator.model.plan import Plan
from coordinator.model.prompt import Prompt, PromptStatus, PromptType
from coordinator.model.snapshot import Snapshot
from coordinator.services.edit import RUNNING, Edit, edited_source
from coordinator.services.interjection import PRIORITY
from coordinator.services.planning import is_done
from coordinator.services.registry import SERVICES
from coordinator.views.plan_preview import Planner
from tui.forms.fields import ChoiceField, Row, TextField
from tui.forms.file_field import FileField, Written
from tui.forms.host import Draft, FormHost
from tui.forms.prompt_form import PromptForm
from tui.forms.prompts_field import PromptsField
from tui.forms.service_form import NO_YES
from tui.forms.stages import Offer
from tui.messages import Remark
from tui.widgets.footer import Hint

STATUSES = {
    PromptStatus.PENDING: ("pending", "p"),
    PromptStatus.BLOCKED: ("blocked", "b"),
    PromptStatus.CANCELLED: ("cancelled", "c"),
}
_SIMPLE = {"title": "title", "after": "dependencies", "priority": "priority", "status": "status"}
"""Id of a field → the frontmatter key that it changes."""


class EditForm(PromptForm):
    """The values of one prompt. Only what was changed is written; every other byte of the file stays."""

    SERVICE = "edit"
    HELP: ClassVar[str] = (
        "Changes a prompt that is not done: its values here, its text in $EDITOR with ctrl+e. A running agent finishes "
        "with the old text, is told, or starts again, as you choose. A user-patch says whose work it corrects."
    )

    def __init__(self, host: FormHost, draft: Draft | None = None) -> None:
        super().__init__(host, draft)
        self._was: Mapping[str, object] = {}
        """What the fields held when they showed the prompt as it is."""

    # ── the fields

    def rows(self) -> Iterable[Row]:
        prompt = self.prompt
        if prompt is None or self._ended:
            return
        start = self.start_with
        self._was = _shown(prompt)
        yield Row("Title", TextField(start("title", prompt.title), id="title"))
        after = PromptsField(start("after", prompt.dependencies), empty="nothing: it is ready at once", id="after")
        yield Row("Run after", after)
        yield Row(
            "Priority", ChoiceField(PRIORITY["about"].choices, start("priority", prompt.priority.value), id="priority")
        )
        yield Row("Status", ChoiceField(_statuses(prompt), start("status", prompt.status.value), id="status"))
        yield Row("User-patch", ChoiceField(NO_YES, start("patch", self._was["patch"]), id="patch"))
        yield self.row("mark_user_patch", prompt.patches_prompts)
        yield self.row("went_wrong")
        yield self.row("issues")
        yield Row("Text", FileField(start("file", None), _counted(prompt), id="file"))
        yield self.row("running")
        yield self.row("feedback")

    @property
    def _ended(self) -> bool:
        """It is done: there is nothing to fill in."""
        snapshot = self.host.snapshot
        return snapshot is not None and self.number in snapshot.prompts and is_done(snapshot, self.number)

    def start(self) -> None:
        super().start()
        self._show_rows()
        if self._ended:
            self.go_on()

    def field_changed(self) -> None:
        self._show_rows()
        super().field_changed()

    def _show_rows(self) -> None:
        """Only what has a meaning for this prompt as it is going to be."""
        snapshot, fields = self.host.snapshot, self.fields
        if snapshot is None or not fields:
            return
        step = snapshot.steps.get(self.number)
        patch = fields["patch"].value == "yes"
        marked = patch and self._was["patch"] == "no"
        shown = {
            "mark_user_patch": patch,
            "went_wrong": marked,
            "issues": marked,
            "running": step is not None and step.state.live,
        }
        for row in self.query(Row):
            row.display = shown.get(str(row.field.id), True)

    # ── the request

    def request(self, snapshot: Snapshot) -> Planner | str:
        prompt = snapshot.prompts.get(self.number)
        if prompt is None:
            return f"The file of {self.number:02d} is gone."
        if not self.fields or is_done(snapshot, self.number):
            return partial(_plan, Edit(self.number, values={"title": prompt.title}))
        if self.field("patch").value == "yes" and not self.field("mark_user_patch").value:
            return "Name the prompts that it corrects."
        values, file = self._changes(), self.field("file").value
        if not values and file is None and not self._marks() and not self.field("feedback").value.strip():
            return "Nothing is changed yet."
        if file is not None and file.digest != prompt.digest:
            return partial(_outdated, prompt)
        try:
            asked = self._edit()
        except CoordError as error:
            return partial(_refused, error)
        if file is None:
            return partial(_plan, replace(asked, values=values))
        return partial(_plan_whole, asked, file, values)

    def _changes(self) -> dict[str, str]:
        """Frontmatter values that are not as they were shown; unchanged ones stay whatever the file says by now."""
        changes = {}
        for name, key in _SIMPLE.items():
            value = self.field(name).value
            if value != self._was[name]:
                changes[key] = ", ".join(map(str, value)) if isinstance(value, tuple) else value
        if self.field("patch").value == "no" and self._was["patch"] == "yes":
            changes |= {"type": PromptType.PLANNED.value, "patches_prompts": ""}
        return changes

    def _marks(self) -> tuple[int, ...]:
        """The prompts that it becomes a user-patch of, unless it is that already."""
        fixes: tuple[int, ...] = self.field("mark_user_patch").value
        yes = self.field("patch").value == "yes"
        return fixes if yes and (self._was["patch"] == "no" or fixes != self._was["mark_user_patch"]) else ()

    def _edit(self) -> Edit:
        """What is asked for besides values and text."""
        given = {**self.given(), "mark_user_patch": self._marks()}
        asked: Edit = self.service.ask(given, who=self.host.engineer, at=self.at)
        return asked

    # ── the editor

    def extra_hints(self) -> tuple[Hint, ...]:
        return (("^e", "file in $EDITOR", "form.editor"),) if self.fields else ()

    def edit_body(self) -> None:
        """Open the whole file as the fields have it; what comes back is what the fields show."""
        prompt, field = self.prompt, self.fields.get("file")
        if prompt is None or field is None:
            return
        base = field.value.text.encode() if field.value is not None else prompt.source
        try:
            content = edited_source(replace(prompt, source=base), Edit(self.number, self._changes()))
        except CoordError as error:
            self.app.post_message(Remark(error.message))
            return
        edited = self.host.edit_text(content.decode(), prompt.path.rpartition("/")[2])
        if edited is not None:
            self.show_file(prompt, edited)

    def show_file(self, prompt: Prompt, text: str) -> None:
        snapshot = self.host.snapshot
        others = (other.path for other in snapshot.prompts.values()) if snapshot is not None else ()
        read = parse_prompt(text.encode(), prompt.path, others)
        if isinstance(read, Prompt):
            self._was = _shown(read)
            for name in ("title", "after", "priority", "status", "patch", "mark_user_patch"):
                self.field(name).value = self._was[name]
        self.field("file").write(prompt.digest, text, _counted(read) if isinstance(read, Prompt) else "not readable")

    # ── what is allowed instead

    def offers(self) -> Sequence[Offer]:
        if not isinstance(self.found, CoordError):
            return ()
        if self._ended:
            return (Offer("p", "patch it instead", partial(self.host.change_form, "patch"), retry=False),)
        file = self.field("file").value
        if isinstance(self.found, Outdated):
            return (
                Offer("o", "write yours over it", self._overwrite),
                Offer("t", "take theirs, drop your text", self._take_theirs),
            )
        if self._runs and not self.field("running").value:
            choose = lambda value: setattr(self.field("running"), "value", value)  # noqa: E731
            return tuple(Offer(key, words, partial(choose, value)) for value, words, key in RUNNING["about"].choices)
        return (Offer("e", "edit the text again", self.edit_body, retry=False),) if file is not None else ()

    @property
    def _runs(self) -> bool:
        snapshot = self.host.snapshot
        return snapshot is not None and snapshot.steps[self.number].state.live

    def _overwrite(self) -> None:
        prompt, file = self.prompt, self.field("file").value
        if prompt is not None and file is not None:
            self.field("file").write(prompt.digest, file.text, self.field("file").words)

    def _take_theirs(self) -> None:
        prompt = self.prompt
        if prompt is not None:
            self._was = _shown(prompt)
            for name, value in self._was.items():
                self.field(name).value = value
            self.field("file").forget(_counted(prompt))


class Outdated(Refused):
    """Another editor saved the file while this one had it open."""


def _outdated(prompt: Prompt, snapshot: Snapshot) -> Plan:
    raise Outdated(
        f"{prompt.path.rpartition('/')[2]} was saved by somebody else since you opened it",
        "take theirs, or write yours over it after a look at the diff",
    )


def _plan(asked: Edit, snapshot: Snapshot) -> Plan:
    return SERVICES["edit"].plan(snapshot, asked)


def _refused(error: CoordError, snapshot: Snapshot) -> Plan:
    raise error


def _plan_whole(asked: Edit, file: Written, values: Mapping[str, str], snapshot: Snapshot) -> Plan:
    """The file as the editor left it, with what was changed in the fields after that."""
    text = file.text.encode()
    prompt = snapshot.prompts.get(asked.number)
    if prompt is None or prompt.digest != file.digest:
        return _plan(replace(asked, source=text), snapshot) if prompt is None else _outdated(prompt, snapshot)
    content = edited_source(replace(prompt, source=text), Edit(asked.number, values)) if values else text
    return _plan(replace(asked, source=content), snapshot)


def _shown(prompt: Prompt) -> dict[str, object]:
    """What the fields show of a prompt."""
    return {
        "title": prompt.title,
        "after": prompt.dependencies,
        "priority": prompt.priority.value,
        "status": prompt.status.value,
        "patch": "yes" if prompt.type is PromptType.USER_PATCH else "no",
        "mark_user_patch": prompt.patches_prompts,
    }


def _statuses(prompt: Prompt) -> list[tuple[str, str, str]]:
    """What an engineer may set, and what it is now."""
    own = [] if prompt.status in STATUSES else [(prompt.status.value, prompt.status.value.replace("_", " "), "")]
    return [*own, *((status.value, words, key) for status, (words, key) in STATUSES.items())]


def _counted(prompt: Prompt) -> str:
    text = prompt.source.decode("utf-8", "replace")
    tasks, criteria = items(text, "tasks"), items(text, CRITERIA)
    return f"{tasks} task{'' if tasks == 1 else 's'}, {criteria} criteri{'on' if criteria == 1 else 'a'}"
