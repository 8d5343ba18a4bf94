"""The command group: finds the module of a verb when the verb is called."""

import click

from coordinator.cli.declared import for_click
from coordinator.cli.opened import project_of
from coordinator.cli.verbs import find, verbs
from coordinator.errors import UsageError
from coordinator.lazy.typing import cast
from coordinator.services.registry import SERVICES

_GROUPS = (
    ("Start", ("init", "demo", "doctor", "trust", "strict")),
    (
        "See",
        (
            "milestone",
            "intent",
            "witnesses",
            "feedback",
            "backlog",
            "runs",
            "artifacts",
            "ledger",
            "status",
            "graph",
            "why",
            "agents",
            "attach",
            "log",
            "questions",
            "context",
            "flows",
            "pipelines",
            "learnings",
            "validate",
            "serve",
        ),
    ),
    ("Run", ("run", "pipeline", "loop", "pause", "resume", "stop", "answer", "permit", "tell")),
    ("Steer", ("chat", "compound", "accept", "import", "export", "undo", "clean")),  # below the services
    ("Record", ("ask", "assume", "decide", "link", "artifact", "agent", "mcp")),
)


class _Verbs(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(verbs())

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        found = find(cmd_name)
        return None if found is None else cast("click.Command", for_click(found))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in verbs():
            from difflib import get_close_matches

            close = get_close_matches(args[0], verbs(), 1)
            hint = f"did you mean `coord {close[0]}`?" if close else "see `coord --help` for the verbs"
            raise UsageError(f"there is no verb `{args[0]}`", hint)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        lines = {verb: line for verb, (_, line) in verbs().items()}
        elsewhere = {verb for _, group in _GROUPS for verb in group}
        for title, group in _GROUPS:
            steering = [name for name in SERVICES if name not in elsewhere] if title == "Steer" else []
            with formatter.section(title):
                formatter.write_dl([(verb, lines[verb]) for verb in (*steering, *group) if verb in lines])


@click.group(cls=_Verbs, invoke_without_command=True, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("-C", "directory", default=".", metavar="DIR", help="The project, instead of the current folder.")
@click.version_option(package_name="coord", prog_name="coord")
@click.pass_context
def coord(ctx: click.Context, directory: str) -> None:
    """See and steer a loop of coding agents. With no verb it opens the screen."""
    ctx.obj = directory
    if ctx.invoked_subcommand is None:
        from coordinator.cli.screen import open_screen

        ctx.exit(open_screen(project_of(ctx)))


def run(arguments: list[str]) -> int:
    """Run the command line; exit code 2 and a remedy for a malformed one."""
    try:
        result = coord.main(arguments, prog_name="coord", standalone_mode=False)
    except click.exceptions.Exit as done:
        return done.exit_code
    except click.Abort:
        return 130
    except click.UsageError as error:
        command = error.ctx.command_path if error.ctx else "coord"
        raise UsageError(error.format_message().rstrip("."), f"see `{command} --help`") from error
    except click.ClickException as error:
        raise UsageError(error.format_message().rstrip(".")) from error
    return result if isinstance(result, int) else 0
