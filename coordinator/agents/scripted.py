"""The runtime without a model: a shell script per prompt, `.coord/scripts/NN.sh`. For demos, tests and chores.

A prompt without a script of its own is given to `default.sh`, where the project has one. A flow of an iteration has
`FLOW.sh`, or else the script of its role, such as `specialist.sh`. A station of a pipeline has `NN-STATION.sh`, or else
`STATION.sh`, before those; a phase or task of a staged prompt `NN-2.1.sh`, `2.1.sh`, `NN-IMPLEMENT.sh`, `IMPLEMENT.sh`.
"""

from collections.abc import Iterator

from coordinator.agents.runtime import Command, Job, Runtime
from coordinator.errors import CoordError
from coordinator.model.work import WorkId, station_of


class Scripted(Runtime):
    name = "scripted"

    def command(self, job: Job) -> Command:
        """Run the prompt's script in the worktree, what an agent would be told on its standard input."""
        work, folder = job.attempt.work, job.coord / "scripts"
        names = tuple(script_names(work, job.attempt.role))
        own, script = folder / names[0], folder / names[-1]
        script = next((folder / name for name in names if (folder / name).is_file()), script)
        if not script.is_file():
            who = "its flow" if work.flow else "the prompt"
            raise CoordError(
                f"{work.label} has no script: {own}",
                f"write {own.name}, or a {script.name} for all, or give {who} another `agent`",
            )
        return Command(("sh", str(script)), stdin=job.prompt_file)


def script_names(work: WorkId, role: str) -> Iterator[str]:
    """The scripts that may stand in for the agent of a piece of work; the first that is there does."""
    if work.flow:
        yield from (f"{work.flow}.sh", f"{role}.sh")
        return
    if work.stage:
        path = station_of(work.path) if not work.phase else work.path.replace("/", "-")
        for name in dict.fromkeys(filter(None, (path, work.phase, station_of(work.stage)))):
            yield from (f"{work.number:02d}-{name}.sh", f"{name}.sh")
    yield from (f"{work.number:02d}.sh", "default.sh")


RUNTIME: Runtime = Scripted()
