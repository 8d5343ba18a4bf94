"""Regular expressions as `re` makes them, compiled when they are first used. To a type checker they are `re`'s."""

import re

TYPE_CHECKING = False
_METHODS = ("search", "match", "fullmatch", "split", "findall", "finditer", "sub", "subn", "groups", "groupindex")


class _Regex:
    """A pattern; what is asked of it first has it compiled, and from then on it is found without a detour."""

    def __init__(self, pattern: str | bytes, flags: int = 0) -> None:
        self.pattern = pattern
        self.flags = flags

    def __getattr__(self, name: str) -> object:
        if name not in _METHODS:
            raise AttributeError(name)
        made = re.compile(self.pattern, self.flags)
        self.__dict__.update({method: getattr(made, method) for method in _METHODS})
        return self.__dict__[name]


if TYPE_CHECKING:
    from re import compile as compile
else:
    compile = _Regex
