"""Run as a program: the circles of imports in the packages of the current directory, as JSON, the shortest way of each.

Its own process, for packages are found by name: a test's copy of them has the same ones.
"""

import json
import sys
from graphlib import CycleError, TopologicalSorter

import grimp


def circles(imports: dict[str, set[str]]) -> list[list[str]]:
    """Circles until none is left, each as its modules from one back to itself; `imports` loses one of each."""
    found: list[list[str]] = []
    while True:
        try:
            TopologicalSorter(imports).prepare()
        except CycleError as error:
            circle: list[str] = error.args[1]
            imports[circle[1]].discard(circle[0])
            found.append(circle[::-1])
        else:
            return found


def main() -> None:
    graph = grimp.build_graph(*sys.argv[1:], exclude_type_checking_imports=False, cache_dir=None)
    print(
        json.dumps(circles({module: set(graph.find_modules_directly_imported_by(module)) for module in graph.modules}))
    )


if __name__ == "__main__":
    main()
