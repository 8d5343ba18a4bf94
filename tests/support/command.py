"""Calls `coord` as a shell would, in this process."""

import io
import json
import sys
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any
from unittest.mock import patch

from coordinator.cli.main import main
from coordinator.lazy.dataclass import dataclass
from coordinator.model.event import NO_TERMINAL


@dataclass(frozen=True, slots=True)
class Result:
    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


def said(data: Mapping[str, object]) -> dict[str, object]:
    """The data of an event without the mark that tests leave where they run without a terminal."""
    return {key: value for key, value in data.items() if key != NO_TERMINAL}


def coord(*arguments: str, at: Path, stdin: str | None = None) -> Result:
    """Run `coord -C AT ARGUMENTS…`; what it printed and how it ended. There is no terminal, as in a pipe."""
    out, err = io.StringIO(), io.StringIO()
    places = patch.object(sys, "path", [*sys.path])  # a command looks for no modules where it is called
    with redirect_stdout(out), redirect_stderr(err), patch.object(sys, "stdin", io.StringIO(stdin or "")), places:
        try:
            main(["-C", str(at), *arguments])
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else int(end.code is not None)
        else:
            raise AssertionError("coord always ends with an exit code")
    return Result(code, out.getvalue(), err.getvalue())
