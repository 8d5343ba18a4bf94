"""What tests are, for who may write nothing else and for who may not touch them."""

import pytest

from coordinator.model.project_tests import COMMON, expanded


def test_a_flow_says_tests_and_the_project_says_which() -> None:
    assert expanded(["@tests", "docs/"], ("checks/", "!checks/data/")) == ("checks/", "!checks/data/", "docs/")


def test_what_is_left_out_of_tests_is_not_left_out_with_them() -> None:
    assert expanded(["**", "!@tests"], ("checks/", "!checks/data/")) == ("**", "!checks/", "checks/data/")


@pytest.mark.parametrize("said", [["@tests"], ["**", "!@tests"]])
def test_where_the_project_says_nothing_tests_are_where_most_have_them(said: list[str]) -> None:
    found = expanded(said)
    assert found[-len(COMMON) :] == tuple(f"{said[-1].removesuffix('@tests')}{glob}" for glob in COMMON)


def test_other_globs_stay() -> None:
    assert expanded(["src/**", "!*.md"]) == ("src/**", "!*.md")
