"""What an engineer sees before saying yes to a plan: its files, the lines that change, the order. Pure."""

from collections.abc import Sequence

from coordinator.model.plan import FileEdit, Plan
from coordinator.views.import_text import is_import, task_lines
from coordinator.views.plan_preview import Outlook, changed_lines
from coordinator.views.spans import Span
from tui.forms.message import Line
from tui.paint.ink import Spans

_FEW = 4
"""Changed lines of a file that are shown without asking for the diff."""
_ORDER = 9
"""Prompts of the order that are shown around what changes."""
_TASKS = 14
"""Imported tasks that are listed without asking for the diff."""
_SIGNS = {"create": "+", "modify": "~", "delete": "-"}
_VERBS = {"create": "new", "modify": "", "delete": "taken away"}


def review_lines(outlook: Outlook) -> list[Line]:
    """The plan in a handful of lines."""
    plan = outlook.plan
    lines = [Line(Span(""), [Span(plan.summary, "strong")])]
    if is_import(plan):
        lines += [Line(Span("  "), spans) for spans in task_lines(plan, _TASKS)]
    else:
        lines += [line for edit in plan.edits for line in file_lines(edit)]
    if plan.order_before != plan.order_after:
        lines.append(Line(Span("  order  ", "quiet"), order_spans(plan)))
    lines += [Line(Span("  "), outlook.effect)] if outlook.effect and not is_import(plan) else []
    return lines + [Line(Span("! ", "need"), [Span(alarm, "need")]) for alarm in outlook.alarms]


def file_lines(edit: FileEdit) -> list[Line]:
    """A file with what it gains and loses; the lines themselves when they are few."""
    changed = changed_lines(edit.diff)
    added = sum(line.startswith("+") for line in changed)
    removed = len(changed) - added
    head = [Span(edit.path)]
    head += [Span(f"  +{added}", "added")] if added else []
    head += [Span(f" -{removed}", "removed")] if removed else []
    head += [Span(f"  {_VERBS[edit.change]}", "quiet")] if _VERBS[edit.change] else []
    lines = [Line(Span(f"  {_SIGNS[edit.change]} ", "badge"), head)]
    if edit.change == "modify" and len(changed) <= _FEW:
        lines += [Line(Span(" " * 6), [Span(c, "added" if c.startswith("+") else "removed")]) for c in changed]
    return lines


def order_spans(plan: Plan) -> list[Span]:
    """The order as it is going to be, around the first prompt whose place is another one."""
    after, before = plan.order_after, plan.order_before
    fresh = frozenset(after) - frozenset(before)
    first = next((i for i, n in enumerate(after) if i >= len(before) or before[i] != n), len(after))
    start = max(0, min(first - _ORDER // 2, len(after) - _ORDER))
    spans = [Span("… → ", "quiet")] if start else []
    for place, number in enumerate(after[start : start + _ORDER]):
        spans += [Span(" → ", "quiet")] if place else []
        moved = start + place >= len(before) or before[start + place] != number
        spans.append(Span(f"{number:02d}", "badge" if number in fresh else "text" if moved else "quiet"))
    return [*spans, *([Span(" → …", "quiet")] if start + _ORDER < len(after) else [])]


def diff_lines(plan: Plan) -> list[Spans]:
    """Every diff of the plan, for reading."""
    lines: list[Spans] = []
    for edit in plan.edits:
        lines += [[]] if lines else []
        lines += [[Span(line, _diff_ink(line))] for line in edit.diff.splitlines()]
    return lines or [[Span("No file changes.", "quiet")]]


def _diff_ink(line: str) -> str:
    if line.startswith(("+++ ", "--- ")):
        return "strong"
    return {"+": "good", "-": "failed", "@": "badge"}.get(line[:1], "quiet")


def stale_sentence(before: Sequence[FileEdit], after: Sequence[FileEdit]) -> str:
    """Which files of a plan were not any more what they had been when it was made."""
    old = {edit.path: edit.before for edit in before}
    changed = [edit.path.rpartition("/")[2] for edit in after if edit.path in old and old[edit.path] != edit.before]
    return f"{', '.join(changed)} changed meanwhile" if changed else "the project changed meanwhile"
