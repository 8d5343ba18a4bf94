"""Where the tests of a project are: who writes them may write nothing else, who implements may not touch them. Pure."""

from collections.abc import Iterable, Iterator

TESTS = "@tests"
"""Stands in what a flow may write for all globs of tests, with `!` before it for all but those."""
COMMON = (
    *("tests/", "test/", "spec/", "specs/", "__tests__/", "testdata/", "e2e/", "acceptance/"),
    *("test_*.py", "*_test.py", "conftest.py", "*_test.go", "*.test.*", "*.spec.*", "*_spec.rb", "*_test.rb"),
    *("*Test.java", "*Tests.java", "*IT.java", "*Test.kt", "*Tests.cs", "*Test.php", "*_test.exs", "*_test.dart"),
    *("*_test.rs", "*_test.c", "*_test.cc", "*_test.cpp"),
)
"""Where they are in most projects, as globs."""


def expanded(writes: Iterable[str], tests: tuple[str, ...] = ()) -> tuple[str, ...]:
    """Globs of what may be written, with those of tests in the place of `@tests`; `tests`: the project's own."""
    return tuple(_expanded(writes, tests or COMMON))


def _expanded(writes: Iterable[str], tests: tuple[str, ...]) -> Iterator[str]:
    for glob in writes:
        bare = glob.removeprefix("!")
        if bare != TESTS:
            yield glob
        elif glob == bare:
            yield from tests
        else:
            yield from (one.removeprefix("!") if one.startswith("!") else f"!{one}" for one in tests)
