"""Whether the stations of a pipeline fit together: there are such flows, and each finds what it reads. Pure."""

from collections.abc import Iterator, Mapping

from coordinator.lazy.typing import NamedTuple
from coordinator.model.contract import WORKLIST, Contract, contract_of
from coordinator.model.flow import Flow
from coordinator.model.pipeline import Pipeline, Station

ROLES = ("stage", "executor")
"""Roles of a flow that a station may be."""


class Misfit(NamedTuple):
    """What keeps a pipeline from being used."""

    station: str
    message: str
    remedy: str


def misfits(pipeline: Pipeline, flows: Mapping[str, Flow]) -> Iterator[Misfit]:
    """What does not fit, station by station."""
    made: dict[str, str] = {}
    for station in pipeline.stations:
        flow = flows.get(station.flow)
        if flow is None:
            yield Misfit(
                station.name, f"there is no flow `{station.flow}` that can be used", _nearest(station.flow, flows)
            )
        elif flow.role not in ROLES:
            message = f"`{station.flow}` is a flow of role {flow.role}"
            yield Misfit(station.name, message, "a station needs one with `role: stage`")
        elif station.enabled:
            contract = contract_of(flow)
            yield from _lacking(pipeline, station, contract, made)
            if station.loop and not any(name.endswith(WORKLIST) for name in contract.output_names):
                message = f"it goes back to {station.loop}, and its flow hands in no worklist"
                yield Misfit(station.name, message, f"add an output that ends with `{WORKLIST}` to {flow.path}")
            made |= {name: made.get(name, station.name) for name in contract.output_names}
    yield from _owned_twice(pipeline, flows)


def _lacking(pipeline: Pipeline, station: Station, contract: Contract, made: Mapping[str, str]) -> Iterator[Misfit]:
    """What it needs and nobody before it hands in."""
    for name in contract.required(of="inputs"):
        if name not in made:
            message = f"it reads {name}, which no station before it hands in"
            yield Misfit(station.name, message, f"put one before it that has it as an output, or read `{name}?`")


def _owned_twice(pipeline: Pipeline, flows: Mapping[str, Flow]) -> Iterator[Misfit]:
    """Artifacts, or fields of a ledger, that two flows hand in as their own."""
    owners: dict[tuple[str, str], str] = {}
    for station in pipeline.stations:
        flow = flows.get(station.flow)
        for output in contract_of(flow).outputs if flow is not None and station.enabled else ():
            whole = owners.get((output.file, ""))
            others = {of for (name, _), of in owners.items() if name == output.file} if not output.field else set()
            owner = owners.setdefault((output.file, output.field), station.flow)
            clash = next((of for of in (owner, whole, *sorted(others)) if of not in (None, station.flow)), None)
            if clash is not None:
                shown = f"{output.file}#{output.field}" if output.field else output.file
                message = f"{shown} is handed in by {clash} too"
                yield Misfit(
                    station.name, message, "an artifact has one owner; of a ledger each may own a field: `FILE#FIELD`"
                )


def _nearest(name: str, flows: Mapping[str, Flow]) -> str:
    from difflib import get_close_matches

    usable = [flow.name for flow in flows.values() if flow.role in ROLES]
    nearest = get_close_matches(name, usable, 1)
    return f"did you mean `{nearest[0]}`?" if nearest else f"write .coord/flows/{name}.md, with `role: stage`"
