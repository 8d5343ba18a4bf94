"""The verbs that run and hold the loop."""

from coordinator.cli import declared as click
from coordinator.cli.opened import json_option, project_of
from coordinator.cli.report import emit, event_line, say, styled
from coordinator.client.steering import Steering
from coordinator.model.event import Event


@click.command()
@click.option("--until-idle", is_flag=True, help="End when nothing is left to run, or the plan is halted.")
@click.option("--max-parallel", type=click.IntRange(1, 200), default=None, help="How many agents at once.")
@click.option("--detach", is_flag=True, help="Start it in a tmux window and come back.")
@click.pass_context
def loop(ctx: click.Context, until_idle: bool, max_parallel: int | None, detach: bool) -> int:
    """Run the loop: dispatch what is ready, merge what passes, until you stop it. C-c leaves agents running.

    When it ends and nothing is left to run, its tmux session ends too, unless something lives in it or somebody looks.
    """
    steering = Steering(project_of(ctx))
    steering.human("run a loop")
    if detach:
        for sentence in steering.check_start():
            styled([("! ", "yellow"), (sentence, "")])
        window = steering.start_loop(until_idle=until_idle, max_parallel=max_parallel)
        say(f"the loop runs in tmux window {window}; `coord` shows it, `coord attach loop` goes there")
        return 0
    return run_here(steering, until_idle=until_idle, max_parallel=max_parallel)


def run_here(steering: Steering, *, until_idle: bool, max_parallel: int | None, quiet: bool = False) -> int:
    """Be the loop in this terminal; the exit status that tells how it ended. `quiet`: print nothing."""
    progress = None if quiet else _print_progress
    outcome = steering.run_loop(until_idle=until_idle, max_parallel=max_parallel, on_event=progress)
    if quiet:
        return outcome.exit_code
    colour = "green" if outcome.exit_code == 0 else "red"
    styled([(outcome.state, colour), (f"  {outcome.reason}", "")])
    return outcome.exit_code


def _print_progress(event: Event) -> None:
    print(event_line(event), flush=True)


@click.command()
@json_option
@click.pass_context
def pause(ctx: click.Context, as_json: bool) -> None:
    """Start nothing new; running agents finish."""
    _ask_loop(ctx, "paused", as_json)


@click.command()
@json_option
@click.pass_context
def resume(ctx: click.Context, as_json: bool) -> None:
    """Let the loop go on."""
    _ask_loop(ctx, "running", as_json)


def _ask_loop(ctx: click.Context, state: str, as_json: bool) -> None:
    from coordinator.client.look import look

    project = project_of(ctx)
    steering = Steering(project)
    steering.human("steer the loop")
    steering.set_loop(state)
    loop_now = look(project).loop
    if as_json:
        emit(
            {"loop": {"state": loop_now.state.value, "reason": loop_now.reason, "max_parallel": loop_now.max_parallel}}
        )
    elif loop_now.alive:
        say(f"the loop is {loop_now.state.value}: {loop_now.reason}")
    else:
        say(f"noted: {state}. No loop is running; `coord loop` starts one.")


@click.command()
@json_option
@click.pass_context
def stop(ctx: click.Context, as_json: bool) -> None:
    """End the loop. Running agents go on in their windows; the next loop takes them over."""
    _ask_loop(ctx, "stopped", as_json)
