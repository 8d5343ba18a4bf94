"""What an import makes of the tasks that it read, for people: a line a task. Pure."""

from collections.abc import Mapping

from coordinator.model.plan import Plan
from coordinator.model.text import amount, plain
from coordinator.views.spans import Span

_MARKS = {"new": "+", "changed": "~", "same": "=", "kept": "="}


def is_import(plan: Plan) -> bool:
    return plan.service == "import" and isinstance(plan.more.get("items"), list)


def task_lines(plan: Plan, most: int = 0) -> list[list[Span]]:
    """A line for each prompt that is new or changes: what it is called there, and what it says here.

    `most`: how many lines at most; 0: all.
    """
    rows = [row for row in _rows(plan) if row["change"] in ("new", "changed")]
    shown = rows if not most or len(rows) <= most else rows[: most - 1]
    lines = [_line(row) for row in shown]
    if len(shown) < len(rows):
        lines.append([Span(f"  and {len(rows) - len(shown)} more", "quiet")])
    return lines


def _rows(plan: Plan) -> list[Mapping[str, object]]:
    rows = plan.more.get("items")
    return rows if isinstance(rows, list) else []


def _line(row: Mapping[str, object]) -> list[Span]:
    key = str(row["source"]).partition(":")[2]
    spans = [
        Span(f"{_MARKS[str(row['change'])]} ", "good"),
        Span(f"{_number(row['number'])} ", "strong"),
        Span(plain(str(row["title"]))),
        Span(f"   {plain(key)}", "quiet"),
    ]
    return [*spans, Span("".join(f" · {word}" for word in _words(row)), "quiet")]


def _words(row: Mapping[str, object]) -> list[str]:
    """What there is to say of a prompt besides its title."""
    words: list[str] = []
    changed = row["changed"]
    if isinstance(changed, list) and changed:
        words.append(f"changes {', '.join(changed)}")
    if row["status"] != "pending":
        words.append(str(row["status"]))
    if row["priority"] != "medium":
        words.append(str(row["priority"]))
    for name, key in (("after", "dependencies"), ("done already:", "satisfied")):
        values = row[key]
        if isinstance(values, list) and values:
            words.append(f"{name} {', '.join(_number(value) for value in values)}")
    if isinstance(row["criteria"], int) and row["criteria"]:
        words.append(amount(row["criteria"], "criterion").replace("criterions", "criteria"))
    if row["parent"]:
        words.append(f"part of {_number(row['parent'])}")
    return words


def _number(value: object) -> str:
    return f"{value:02d}" if isinstance(value, int) else plain(str(value))
