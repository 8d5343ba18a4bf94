"""Patterns compiled lazily are those of `re`."""

import re

import pytest

from coordinator.lazy import regex


def test_a_pattern_is_compiled_when_it_is_first_asked() -> None:
    lazy = regex.compile(r"(?P<word>[a-z]+)", re.IGNORECASE)
    assert set(vars(lazy)) == {"pattern", "flags"}
    found = lazy.search("1 Ab 2 cd")
    assert found is not None
    assert found["word"] == "Ab"
    assert (lazy.sub("x", "1 ab"), lazy.split("1ab2"), lazy.findall("a1b")) == ("1 x", ["1", "ab", "2"], ["a", "b"])
    assert [match.group() for match in lazy.finditer("a1b")] == ["a", "b"]
    assert lazy.fullmatch("a1") is None
    assert (lazy.pattern, dict(lazy.groupindex)) == (r"(?P<word>[a-z]+)", {"word": 1})
    with pytest.raises(AttributeError):
        lazy.nothing  # type: ignore[attr-defined]  # noqa: B018
