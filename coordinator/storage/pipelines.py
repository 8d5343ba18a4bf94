"""The pipelines that there are: the packaged ones, and the project's own before them."""

import os
from pathlib import Path

from coordinator.errors import CoordError
from coordinator.formats.pipeline_text import PipelineFile, read
from coordinator.lazy.dataclass import replace
from coordinator.lazy.typing import NamedTuple
from coordinator.model.contract import contract_of
from coordinator.model.flow import Flow
from coordinator.model.pipeline import Pipeline, Station
from coordinator.model.problem import Problem
from coordinator.model.station_fit import misfits
from coordinator.model.text import clip, plain
from coordinator.model.work import is_pipeline_name
from coordinator.storage.files import read_limited
from coordinator.storage.flows import LIMIT, Flows, read_flows
from coordinator.storage.packaged import packaged
from coordinator.storage.paths import Layout

_MOST = 200
"""Files of a folder that are read."""


class Pipelines(NamedTuple):
    """What there is."""

    items: tuple[Pipeline, ...]
    """Those that can be used, by name. Where the project's own file can't, there is none of that name."""
    problems: tuple[Problem, ...]
    broken: tuple[str, ...] = ()
    """Names of those that can't."""

    def find(self, name: str) -> Pipeline | None:
        return next((pipeline for pipeline in self.items if pipeline.name == name), None)

    def why_not(self, name: str) -> CoordError:
        """Why there is none of that name, and what to do."""
        if name in self.broken:
            return CoordError(
                f"the pipeline `{plain(name)}` can't be used", "`coord pipelines` tells what is wrong with it"
            )
        from difflib import get_close_matches

        names = [pipeline.name for pipeline in self.items]
        nearest = get_close_matches(name, names, 1)
        there = ", ".join(names) or "none"
        remedy = (
            f"did you mean `{nearest[0]}`?" if nearest else f"one of {there}; without the line one agent works on it"
        )
        return CoordError(f"there is no pipeline `{clip(plain(name), 40)}`", remedy)


def read_pipelines(layout: Layout, flows: Flows | None = None) -> Pipelines:
    """Every pipeline, and what is wrong with the project's own files. `flows`: as they were read already."""
    known = {flow.name: flow for flow in (flows if flows is not None else read_flows(layout)).items}
    shipped = _folder(packaged("flows") / "pipelines", "flows/pipelines", own=False)
    own = _folder(layout.pipelines, plain(layout.rel(layout.pipelines)), own=True)
    found = {name: _fitted(file, known) for name, file in {**shipped, **own}.items()}
    items = tuple(sorted((one.pipeline for one in found.values() if one.pipeline), key=lambda one: one.name))
    problems = tuple(problem for file in found.values() for problem in file.problems)
    return Pipelines(items, problems, tuple(sorted(name for name, file in found.items() if file.pipeline is None)))


def find_pipeline(layout: Layout, name: str) -> Pipeline:
    """One pipeline by its name. Raises CoordError where there is none, or it can't be used."""
    found = read_pipelines(layout)
    pipeline = found.find(name)
    if pipeline is None:
        raise found.why_not(name)
    return pipeline


def _fitted(file: PipelineFile, flows: dict[str, Flow]) -> PipelineFile:
    """The same with what its stations' flows declare, and without a pipeline where they don't fit together."""
    if file.pipeline is None:
        return file
    path = file.pipeline.path
    found = [
        Problem(path, 0, "bad-station", f"{plain(one.station)}: {one.message}", one.remedy)
        for one in misfits(file.pipeline, flows)
    ]
    if found:
        return PipelineFile(None, (*file.problems, *found))
    stations = tuple(_declared(station, flows[station.flow]) for station in file.pipeline.stations)
    return PipelineFile(replace(file.pipeline, stations=stations), file.problems)


def _declared(station: Station, flow: Flow) -> Station:
    contract = contract_of(flow)
    return replace(station, reads=contract.inputs, outputs=contract.outputs)


def _folder(folder: Path, shown: str, *, own: bool) -> dict[str, PipelineFile]:
    """Name → what its file says; of two files with one name the first."""
    try:
        names = sorted(name for name in os.listdir(folder) if name.endswith(".md"))[:_MOST]
    except OSError:
        return {}
    found: dict[str, PipelineFile] = {}
    for file in names:
        path, name = f"{shown}/{plain(file)}", file.removesuffix(".md").casefold()
        if not is_pipeline_name(name):
            message = "no pipeline can be called so"
            problem = Problem(path, 0, "bad-name", message, "call it by a word of letters, digits, dots and dashes")
            found[file] = PipelineFile(None, (problem,))
        elif name in found:
            message = f"there is a pipeline `{name}` already, in another file of this folder"
            problem = Problem(path, 0, "duplicate-pipeline", message, "give one of them another name")
            found[file] = PipelineFile(None, (problem,))
        else:
            found[name] = _file(folder / file, path, name, own=own)
    return found


def _file(place: Path, path: str, name: str, *, own: bool) -> PipelineFile:
    try:
        return read(read_limited(place, LIMIT), path, name, own=own)
    except (OSError, CoordError) as error:
        message = error.message if isinstance(error, CoordError) else (error.strerror or "unreadable").lower()
        return PipelineFile(None, (Problem(path, 0, "unreadable", message, "check the file and its permissions"),))
