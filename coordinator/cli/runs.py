"""`coord runs`: what was run, how it ended, how long it took and what it cost."""

import time

from coordinator.cli import declared as click
from coordinator.cli.opened import json_option, project_of
from coordinator.cli.report import emit, say, styled
from coordinator.cli.status import GLYPHS
from coordinator.client.foreign import foreign_run, foreign_runs
from coordinator.client.history import History
from coordinator.client.look import look
from coordinator.lazy.typing import TYPE_CHECKING
from coordinator.model.run import RunReport
from coordinator.model.step import StepState
from coordinator.model.text import age, clip, plain, width
from coordinator.model.usage import Spent
from coordinator.views.runs import RunPage, became, run_json, state, took

if TYPE_CHECKING:
    from coordinator.model.foreign_run import ForeignRun, ForeignRuns

_STYLES = {"running": "blue", "waiting": "yellow", "unknown": "red"}
_SHOWN = 20
"""Runs that people are shown; with --json they get all."""


@click.command()
@click.argument("run", required=False, metavar="[N|NAME]")
@json_option
@click.pass_context
def runs(ctx: click.Context, run: str | None, as_json: bool) -> None:
    """The runs, the newest first, and those of other tools; with a number or a name, one of them in detail."""
    project, now = project_of(ctx), time.time()
    if run is not None and not _is_own(run):
        _print_foreign(foreign_run(project, run), as_json)
        return
    with History(project) as history:
        if run is not None:
            page = history.run(look(project), run, now)
            emit(page.to_json(now)) if as_json else _print_page(page, now)
            return
        found = history.runs(look(project), now)
    foreign = foreign_runs(project)
    if as_json:
        emit({"runs": [run_json(report, now) for report in found], "foreign": _foreign_json(foreign)})
        return
    if found:
        _print_list(found, now)
    elif foreign is None or not foreign.runs:
        say("no run yet: `coord loop` starts one")
    if foreign is not None:
        _print_others(foreign)


def _is_own(name: str) -> bool:
    """Whether a run is called as those of coord are: `3`, `run-3`."""
    return name.removeprefix("run-").isdecimal()


def _print_list(found: tuple[RunReport, ...], now: float) -> None:
    names = max(len(report.run.id) for report in found[:_SHOWN])
    for report in found[:_SHOWN]:
        _print_run(report, now, names)
    if len(found) > _SHOWN:
        say(f"and {len(found) - _SHOWN} before: `coord runs --json` has all")


def _print_run(report: RunReport, now: float, column: int = 0) -> None:
    run, word = report.run, state(report)
    word = run.outcome or word if word == "ended" else word
    styled(
        [
            (f"{run.id:<{column}}  ", "bold"),
            (f"{word:<8}", _STYLES.get(word, "green" if word == "done" else "")),
            (f"  {run.started[:16].replace('T', ' '):<16}", "dim"),
            (f"  {clip(plain(run.milestone), 48)}", ""),
            (f"  {took(report, now)}", "dim"),
        ]
    )


def _print_page(page: RunPage, now: float) -> None:
    _print_run(page.report, now)
    if not page.worked:
        say("nothing was started in it")
    titles = [clip(plain(one.attempt.title), 48) for one in page.worked]
    column = max(map(width, titles), default=0)
    names = max((len(one.attempt.agent) for one in page.worked), default=0)
    for one, title in zip(page.worked, titles, strict=True):
        attempt = one.attempt
        glyph, colour = GLYPHS[attempt.state]
        styled(
            [
                (f" {glyph} ", colour),
                (f"{attempt.prompt:02d}  " if attempt.prompt else "--  ", "dim"),
                (title + " " * (column - width(title)), ""),
                (f"  {attempt.agent:<{names}}", "dim"),
                (f"  {_took(one.spent)}", "dim"),
            ]
        )
        if attempt.state is not StepState.MERGED:
            styled([(f"       {clip(plain(became(one)), 100)}", "dim")])


def _took(spent: Spent) -> str:
    return ", ".join(filter(None, (age(spent.seconds) if spent.seconds else "", spent.words)))


# ── of other tools


def _foreign_json(foreign: "ForeignRuns | None") -> "list[dict[str, object]]":
    if foreign is None:
        return []
    from coordinator.views import foreign_runs as views

    return [views.run_json(run) for run in foreign.runs]


def _print_others(foreign: "ForeignRuns") -> None:
    from coordinator.views import foreign_runs as views

    shown = foreign.runs[:_SHOWN]
    if shown:
        say("of other tools:")
    names = max((min(32, width(plain(run.id))) for run in shown), default=0)
    for run in shown:
        name, at = clip(plain(run.id), 32), clip(plain(run.at), 16)
        styled(
            [
                (f"{name}{' ' * (names - width(name))}  ", "bold"),
                (f"{clip(plain(run.status), 14) or '–':<14}", _KINDS[views.kind_of(run.status)]),
                (f"  {at:<16}  {plain(views.when(run)):<16}", "dim"),
                (f"  {clip(plain(run.title), 48)}", ""),
                (f"  {views.left(run)}", "dim"),
            ]
        )
    if len(foreign.runs) > len(shown):
        say(f"and {len(foreign.runs) - len(shown)} more: `coord runs --json` has all")
    for line in views.problem_lines(foreign.problems):
        styled([(line, "red")])


def _print_foreign(run: "ForeignRun", as_json: bool) -> None:
    from coordinator.views import foreign_runs as views

    if as_json:
        emit(views.run_json(run, whole=True))
        return
    for row in views.page(run):
        styled([("  " * row.indent + row.text, _KINDS[row.kind])])


_KINDS = {"": "", "good": "green", "bad": "red", "dim": "dim", "bold": "bold"}
