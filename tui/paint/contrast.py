"""Whether a text stands out from what lies under it, and colours that do."""

from functools import lru_cache

from rich.color import Color
from rich.color_triplet import ColorTriplet

READABLE = 4.5
"""Contrast ratio at which text is easy to read."""
DRAWN = 3.0
"""Contrast ratio at which a line or a sign is seen."""
_MIDDLE = 0.18
"""Luminance at which black and white stand out equally well."""
_STEPS = 10


@lru_cache(maxsize=4096)
def readable(colour: Color | None, ground: Color | None, text: Color | None, least: float = READABLE) -> Color | None:
    """Move a colour towards black or white until it stands out from its ground; what can't, becomes `text`.

    Colours of the terminal's own sixteen stay as they are: what they look like, nobody knows.
    """
    known = [c.get_truecolor() for c in (colour, ground) if c is not None and not _is_terminals_own(c)]
    if len(known) < 2:
        return colour
    mine, under = known
    goal = 0 if _luminance(under) > _MIDDLE else 255
    for step in range(_STEPS + (text is None)):
        moved = ColorTriplet(*(round(part + (goal - part) * step / _STEPS) for part in mine))
        if _contrast(moved, under) >= least:
            return Color.from_triplet(moved) if step else colour
    return text


def readable_on(colour: Color, *grounds: Color) -> Color:
    """Move a colour until it stands out from all of these grounds, as far as black or white does."""
    for _ in range(len(grounds)):
        for ground in grounds:
            colour = readable(colour, ground, None) or colour
    return colour


@lru_cache(maxsize=4096)
def faded(colour: Color | None, ground: Color | None) -> Color | None:
    """A colour half-way to its ground; None where the terminal alone knows what they look like."""
    if colour is None or ground is None or _is_terminals_own(colour) or _is_terminals_own(ground):
        return None
    mine, under = colour.get_truecolor(), ground.get_truecolor()
    return Color.from_triplet(ColorTriplet(*((one + other) // 2 for one, other in zip(mine, under, strict=True))))


def _is_terminals_own(colour: Color) -> bool:
    return colour.is_default or (colour.number is not None and colour.number < 16 and colour.triplet is None)


@lru_cache(maxsize=4096)
def _luminance(colour: ColorTriplet) -> float:
    red, green, blue = (
        part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in colour.normalized
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _contrast(one: ColorTriplet, other: ColorTriplet) -> float:
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)
