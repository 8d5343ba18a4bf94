"""Takes pictures of every screen and every form, at three sizes, dark and light, with a page that shows them all.

`make pictures` writes build/pictures/index.html. NAMES="main review" takes only those, and variants like `main-map`.
"""

import asyncio
import html
import os
import re
import sys
import time
from collections.abc import Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

from support.gallery import PICTURES

from tui.paint.theme import DARK, LIGHT

OUT = Path(__file__).resolve().parents[1] / "build" / "pictures"
SIZES = ((80, 24), (120, 36), (200, 50))
THEMES = (DARK, LIGHT)
_FONTS = re.compile(r"@font-face \{.*?\}", re.DOTALL)
Shot = tuple[str, tuple[int, int], str]
"""Name, columns and rows, theme."""


def main(wanted: Sequence[str]) -> int:
    """Take them all; 1 if one could not be taken, which stops none of the others."""
    names = [name for name in PICTURES if not wanted or any(f"{name}-".startswith(f"{w}-") for w in wanted)]
    if not names:
        print(f"pictures: no picture is called {' or '.join(wanted)}; there are {', '.join(PICTURES)}", file=sys.stderr)
        return 2
    shots = [(name, size, theme) for name in names for size in SIZES for theme in THEMES]
    OUT.mkdir(parents=True, exist_ok=True)
    failed = list(_take_all(shots))
    (OUT / "index.html").write_text(_page(), encoding="utf-8")
    for shot, why in failed:
        print(f"pictures: {_file(shot)} was not taken: {why}", file=sys.stderr)
    print(f"{len(shots) - len(failed)} of {len(shots)} pictures taken: {OUT / 'index.html'}")
    return 1 if failed else 0


def _take_all(shots: Sequence[Shot]) -> Iterable[tuple[Shot, str]]:
    """Take pictures on all cores; those that failed, and why."""
    with ProcessPoolExecutor() as pool:
        taking = {pool.submit(_take, shot): shot for shot in shots}
        for count, taken in enumerate(as_completed(taking), 1):
            error = taken.exception()
            if error is not None:
                yield taking[taken], f"{type(error).__name__}: {error}"
            _tell(f"{count} of {len(shots)}  {_file(taking[taken])}", last=count == len(shots))


def _tell(words: str, *, last: bool) -> None:
    if sys.stdout.isatty():
        print(f"\r\x1b[K{words}", end="\n" if last else "", flush=True)
    else:
        print(words, flush=True)


def _take(shot: Shot) -> None:
    """Take one picture, in a process that tells times in UTC."""
    import resvg_py

    os.environ["TZ"] = "UTC"
    time.tzset()
    os.environ.pop("NO_COLOR", None)
    svg = _FONTS.sub("", asyncio.run(_draw(shot)))
    monospace = "Menlo" if sys.platform == "darwin" else "DejaVu Sans Mono"
    png = resvg_py.svg_to_bytes(svg_string=svg.replace("Fira Code, monospace", monospace))
    (OUT / f"{_file(shot)}.png").write_bytes(bytes(png))


async def _draw(shot: Shot) -> str:
    name, size, theme = shot
    app = PICTURES[name].app(theme)
    async with app.run_test(size=size, notifications=True) as pilot:
        await PICTURES[name].play(pilot)
        return app.export_screenshot(title=f"{name}, {size[0]}×{size[1]}", simplify=True)


def _file(shot: Shot) -> str:
    name, (columns, rows), theme = shot
    return f"{name}-{columns}x{rows}-{theme.removeprefix('coord-')}"


def _page() -> str:
    """A row for each scene with those pictures that are there, from this run or an earlier one."""
    heads = [f"<th>{columns}×{rows} {theme.removeprefix('coord-')}" for columns, rows in SIZES for theme in THEMES]
    rows = []
    for name, picture in PICTURES.items():
        cells = [_cell(f"{_file((name, size, theme))}.png") for size in SIZES for theme in THEMES]
        keys = " ".join(filter(None, (picture.keys, picture.words and f"“{picture.words}”", picture.then)))
        about = f"<b>{name}</b><br>scene {picture.scene}" + (f"<br>keys {html.escape(keys)}" if keys else "")
        rows.append(f"<tr id={name}><th>{about}{''.join(cells)}\n")
    return f"{_HEAD}<table>\n<tr><th>scene{''.join(heads)}\n{''.join(rows)}</table>\n"


def _cell(file: str) -> str:
    if not (OUT / file).exists():
        return "<td>not taken"
    return f'<td><a href="{file}"><img src="{file}" alt="{file}" loading="lazy"></a>'


_HEAD = """<!doctype html>
<meta charset="utf-8">
<title>coord: every screen and every form</title>
<style>
body { font: 14px system-ui, sans-serif; margin: 1rem; background: #888; }
th { text-align: left; vertical-align: top; white-space: nowrap; padding: .4rem; background: #eee; color: #222; }
tr:first-child th { position: sticky; top: 0; z-index: 1; }
td { vertical-align: top; padding: .2rem; }
img { width: 420px; display: block; }
</style>
"""


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
