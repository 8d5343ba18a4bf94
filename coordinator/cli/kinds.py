"""Kinds of values that options take: told here where there is no doubt, by click where there is."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


class Kind:
    """A kind of values. `given` and `settings` are what click makes its own of."""

    click_name = ""

    def __init__(self, *given: object, **settings: object) -> None:
        self.given, self.settings = given, settings

    def read(self, text: str) -> object:
        """What a word stands for; None in doubt."""
        return None

    def with_click(self) -> "Any":
        import click

        return getattr(click, self.click_name)(*self.given, **self.settings)


class Path(Kind):
    """A path."""

    click_name = "Path"


class IntRange(Kind):
    """A whole number from a least one, to a greatest one if there is one."""

    click_name = "IntRange"

    def read(self, text: str) -> object:
        found = whole(text)
        least, *most = self.given
        fits = found is not None and found >= least and (not most or found <= most[0])  # type: ignore[operator]
        return found if fits and not self.settings else None


class Choice(Kind):
    """One of some words."""

    click_name = "Choice"

    def read(self, text: str) -> object:
        (choices,) = self.given
        return text if text in choices and not self.settings else None  # type: ignore[operator]


class Numbers(Kind):
    """`2`, `2,3` or `02`: prompt numbers."""

    def read(self, text: str) -> object:
        found = numbers(text)
        return None if isinstance(found, str) else found

    def with_click(self) -> "Any":
        import click

        class Numbers(click.ParamType[tuple[int, ...]]):
            name = "N[,N]"

            def convert(
                self, value: object, param: click.Parameter | None, ctx: click.Context | None
            ) -> tuple[int, ...]:
                found = value if isinstance(value, tuple) else numbers(str(value))
                if isinstance(found, str):
                    self.fail(f"`{found}` is no prompt number", param, ctx)
                return found

        return Numbers()


def numbers(text: str) -> tuple[int, ...] | str:
    """The prompt numbers, or the part of the text that is none."""
    parts = [part.strip() for part in text.split(",") if part.strip()]
    wrong = [part for part in parts if not (part.isascii() and part.isdigit() and len(part) < 10)]
    if wrong or not parts:
        return wrong[0] if wrong else text
    return tuple(int(part) for part in parts)


def whole(text: str) -> int | None:
    """A whole number without a sign; None in doubt."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
