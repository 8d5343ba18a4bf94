"""What the registry of services has for the screen: its keys, and its places in the footer."""

from collections.abc import Mapping
from typing import NamedTuple

from coordinator.services.registry import SERVICES, Service
from tui.action import Action, Group
from tui.context import Context, Reason, of_marked, offered, or_marked


class _Place(NamedTuple):
    """Where a service is on the screen, besides the palette."""

    keys: str
    footer: int
    own_screen: bool = False
    """It has more than a form."""
    numbered: bool = False
    """Its label says which prompt it is about."""
    many: bool = False
    """It acts on all that are marked, if some are."""


_PLACES: Mapping[str, _Place] = {
    "interject": _Place("i", 21),
    "review": _Place("v", 19, own_screen=True, numbered=True),
    "patch": _Place("p", 22),
    "edit": _Place("e", 23),
    "surgery": _Place("s", 24),
    "kill": _Place("x,K", 31, numbered=True, many=True),
    "restart": _Place("r", 32, numbered=True, many=True),
    "cancel": _Place("X", 34, numbered=True, many=True),
}


def of_services() -> tuple[Action, ...]:
    """What the registry of services has for the screen: those with a key first, as they stand here."""
    named = dict.fromkeys((*_PLACES, *SERVICES))
    return tuple(_of_service(SERVICES[name]) for name in named if SERVICES[name].tooltip)


def _of_service(service: Service) -> Action:
    name, place = service.name, _PLACES.get(service.name, _Place("", 0))

    def label(context: Context) -> str:
        if place.many and context.marked:
            return of_marked(name, context)
        number = offered(context, name).about
        return f"{name} {number:02d}" if number is not None else name

    def when(context: Context) -> Reason:
        return offered(context, name).why_not

    def moot(context: Context) -> bool:
        return bool(offered(context, name).better) and not (place.many and context.marked)

    return Action(
        name,
        place.keys,
        label if place.numbered else name,
        service.tooltip,
        Group.STEER,
        when=or_marked(when) if place.many else when,
        footer=place.footer,
        moot=moot,
        form="" if place.own_screen else name,
        many=name if place.many else "",
    )
