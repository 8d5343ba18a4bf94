"""`coord compound`: what the milestone taught, and what of it is kept in flows, suites and learnings."""

import time

from coordinator.cli import declared as click
from coordinator.cli.opened import project_of
from coordinator.cli.services import actor_name, plan_options
from coordinator.client.compounding import compounding, plan_compounding
from coordinator.lazy.typing import Any
from coordinator.model.clock import iso

_INK = {"brand": "bold", "strong": "bold", "quiet": "dim", "good": "green", "failed": "red", "need": "yellow"}


@click.command()
@click.option("--take", "ids", multiple=True, metavar="ID", help="Write this proposal; may be repeated.")
@click.option("--all", "every", is_flag=True, help="Write all that is proposed.")
@click.option("--words", default="", metavar="TEXT", help="Say the one that is taken in these words instead.")
@click.option("--reason", default="", help="Why; goes to the alignment document.")
@plan_options
@click.pass_context
def compound(
    ctx: click.Context,
    ids: tuple[str, ...],
    every: bool,
    words: str,
    reason: str,
    yes: bool,
    dry_run: bool,
    as_json: bool,
) -> Any:
    """What slipped through in this milestone, what let it through, and what would catch the next one.

    With --take or --all: those lines go into flows, suites and learnings, as a plan that is shown first.
    """
    project = project_of(ctx)
    if not ids and not every:
        return _show(compounding(project), as_json=as_json)
    from coordinator.cli.confirm import carry_out
    from coordinator.services.compounding import Take

    take = Take(ids, every, words, reason, who=actor_name(), at=iso(time.time()))
    planner = lambda snapshot: plan_compounding(project, snapshot, take)  # noqa: E731
    return carry_out(project, planner, yes=yes, dry_run=dry_run, as_json=as_json)


def _show(found: Any, *, as_json: bool) -> int:
    from coordinator.cli.report import emit, say, styled
    from coordinator.views.compound_page import compounding_json, report

    if as_json:
        emit(compounding_json(found))
        return 0
    for row in report(found):
        styled([(span.text, _INK.get(span.ink, "")) for span in row])
    if found.proposals:
        say("")
        styled(
            [("coord compound --take ID", "bold"), (" writes one of them, --all all; each shows its plan first", "")]
        )
    return 0
