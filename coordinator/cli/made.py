"""`coord artifacts` and `coord ledger`: what pipelines made, who sealed it, and whether that is so."""

from coordinator.cli import declared as click
from coordinator.cli.opened import json_option, project_of
from coordinator.cli.report import emit, say, styled
from coordinator.client.made import made
from coordinator.model.ledger import State
from coordinator.model.made import LedgerRow, MadeFile, MadeReceipt
from coordinator.model.text import clip, plain, width

_GLYPHS = {
    State.PASSED: ("✓", "green"),
    State.FAILED: ("✗", "red"),
    State.OPEN: ("○", "dim"),
    State.DEFERRED: ("~", "yellow"),
    State.NOT_APPLICABLE: ("-", "dim"),
}
_SECTIONS = (("tests_written", "tests"), ("impl_status", "built"), ("verify_status", "checked"))
_NONE = "no pipeline has made anything yet: a prompt with `pipeline: build` is worked on by one"


@click.command()
@click.argument("run", required=False, metavar="[RUN]")
@json_option
@click.pass_context
def artifacts(ctx: click.Context, run: str | None, as_json: bool) -> None:
    """What the stations of pipelines handed in, in the newest run, or another one, also of another tool."""
    found = made(project_of(ctx), run)
    if as_json:
        files = [one.to_json() for one in found.files]
        receipts = [one.to_json() for one in found.receipts]
        emit({"artifacts": files, "receipts": receipts, "problems": list(found.troubles)})
        return
    if not found.files:
        say(_NONE)
    _print_files(found.files)
    for receipt in found.receipts:
        _print_receipt(receipt)
    for trouble in found.troubles:
        styled([(f"! {plain(trouble)}", "red")])


@click.command()
@click.argument("run", required=False, metavar="[RUN]")
@json_option
@click.pass_context
def ledger(ctx: click.Context, run: str | None, as_json: bool) -> None:
    """The acceptance criteria of pipelines: who says what of each, and whether the harness saw the same."""
    found = made(project_of(ctx), run)
    if as_json:
        emit({"acs": [row.to_json() for row in found.rows], "problems": list(found.troubles)})
        return
    if not found.rows:
        say("no ledger yet: the first station of the pipeline `build` begins one")
    column = max((len(row.id) for row in found.rows), default=0)
    for row in found.rows:
        _print_row(row, column)
    if found.rows:
        met = sum(row.entry.state is State.PASSED and not row.contradicted for row in found.rows)
        styled([(f"{met} of {len(found.rows)} met", "bold")])
    for trouble in found.troubles:
        styled([(f"! {plain(trouble)}", "red")])


def _print_files(files: tuple[MadeFile, ...]) -> None:
    names = max((width(plain(one.name)) for one in files), default=0)
    stations = max((len(plain(one.station)) for one in files), default=0)
    last: tuple[int, int] = (0, 0)
    for one in files:
        if (one.prompt, one.attempt) != last:
            last = (one.prompt, one.attempt)
            where = f"  attempt {one.attempt}, {plain(one.pipeline)}, {plain(one.run)}"
            styled([(f"{one.prompt:02d}", "bold"), (where, "dim")])
        name = plain(one.name)
        styled(
            [
                (f"    {name}{' ' * (names - width(name))}", ""),
                (f"  {plain(one.station):<{stations}}", "dim"),
                (f"  {one.bytes:>9,} bytes  {one.digest[:10]}  {one.at[:16].replace('T', ' ')}", "dim"),
                (f"  {one.state}" if one.state else "", "red"),
            ]
        )


def _print_receipt(one: MadeReceipt) -> None:
    word, colour = ("sealed", "green") if one.sealed else ("not sealed", "red")
    if not one.file.prompt:
        word, colour = "of another tool", "dim"
    status = clip(plain(one.receipt.status), 20)
    styled(
        [
            (f"{one.file.prompt:02d}  " if one.file.prompt else "", "bold"),
            (f"{word}", colour),
            (f"  {plain(one.file.name)}: {status}, {clip(plain(one.receipt.recommended_action), 20)}", ""),
            (f"  by {plain(one.file.station)}", "dim"),
        ]
    )
    if one.seal is None and one.file.prompt:
        styled([("      nobody has held it against the run", "dim")])
        return
    for reason in one.seal.verdict.reasons if one.seal is not None else ():
        styled([(f"      {clip(plain(reason), 110)}", "yellow")])


def _print_row(row: LedgerRow, column: int) -> None:
    entry = row.entry
    glyph, colour = ("!", "red") if row.contradicted else _GLYPHS[entry.state]
    styled([(f"{glyph} ", colour), (f"{row.id:<{column}}", "dim"), (f"  {clip(plain(entry.description), 90)}", "")])
    said = [f"{name}: {clip(plain(getattr(entry, key)), 40)}" for key, name in _SECTIONS if getattr(entry, key)]
    seen = {True: "shown by its command", False: "its command fails", None: ""}[row.witnessed]
    told = ", ".join(filter(None, (*said, seen)))
    if told:
        styled([(f"  {'':<{column}}  {told}", "dim")])
    if row.contradicted:
        said_by = clip(plain(entry.verify_status), 20)
        styled([(f"  {'':<{column}}  the ledger says `{said_by}`, the run says: {plain(row.contradicted)}", "red")])
