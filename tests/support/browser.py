"""A real browser without a window, driven over its DevTools protocol. It comes by npm, once, and is kept."""

import asyncio
import base64
import fcntl
import itertools
import os
import shutil
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

VERSION = "147.0.0"
_UNPACK = "import c from '@sparticuz/chromium'; console.log(await c.executablePath())"
_FLAGS = (
    *("--headless=shell", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run"),
    *("--disable-background-networking", "--disable-extensions", "--single-process", "--no-zygote"),
    *("--remote-debugging-port=0", "--window-size=1400,800"),
)


def browser() -> Path | None:
    """The program, installed if need be; None where it can't be had."""
    npm = shutil.which("npm")
    program = Path(os.environ["COORD_TEST_BROWSER"]) / VERSION / "chromium"
    if program.exists():
        return program
    if npm is None:
        return None
    program.parent.mkdir(parents=True, exist_ok=True)
    with (program.parent / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if program.exists():
            return program
        try:
            words = [npm, "install", "--no-audit", "--no-fund", f"@sparticuz/chromium@{VERSION}"]
            subprocess.run(words, cwd=program.parent, check=True, capture_output=True, timeout=300)
            env = os.environ | {"TMPDIR": str(program.parent)}
            script = [str(Path(npm).with_name("node")), "--input-type=module", "-e", _UNPACK]
            subprocess.run(script, cwd=program.parent, env=env, check=True, capture_output=True, timeout=300)
        except (OSError, subprocess.SubprocessError):
            return None
    return program if program.exists() else None


class Page:
    """The one page of a browser."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._ids = itertools.count(1)
        self.events: list[dict[str, Any]] = []
        """What the page told meanwhile: its console, requests that failed."""

    async def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        number = next(self._ids)
        await self._socket.send_json({"id": number, "method": method, "params": parameters})
        while True:
            message = await self._socket.receive_json(timeout=30)
            if message.get("id") == number:
                assert "error" not in message, message
                return dict(message["result"])
            self.events.append(message)

    async def value(self, expression: str) -> Any:
        """What an expression comes to in the page."""
        found = await self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        return found["result"].get("value")

    async def until(self, expression: str, timeout: float = 30.0) -> Any:
        """Wait until an expression is true in the page."""
        async with asyncio.timeout(timeout):
            while not (value := await self.value(expression)):
                await asyncio.sleep(0.05)
        return value

    async def press(self, key: str) -> None:
        """A key with its character, as a person presses it."""
        code = {"keyDown": {"text": key}, "keyUp": {}}
        for kind, more in code.items():
            await self.call("Input.dispatchKeyEvent", type=kind, key=key, **more)

    async def picture(self) -> bytes:
        return base64.b64decode((await self.call("Page.captureScreenshot", format="png"))["data"])


@asynccontextmanager
async def opened(program: Path, address: str, folder: Path) -> AsyncIterator[Page]:
    """A browser with a page at `address`, ended afterwards; `folder` is its home."""
    process = await asyncio.create_subprocess_exec(
        str(program),
        *_FLAGS,
        f"--user-data-dir={folder}",
        "about:blank",
        env=os.environ | {"HOME": str(folder)},
        stderr=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.DEVNULL,
    )
    assert process.stderr is not None
    try:
        port = ""
        while not port:
            line = (await asyncio.wait_for(process.stderr.readline(), 30)).decode()
            assert line, "the browser has ended"
            port = line.rpartition("ws://127.0.0.1:")[2].partition("/")[0] if "DevTools listening on" in line else ""
        drain = asyncio.create_task(process.stderr.read())
        async with aiohttp.ClientSession() as session:
            async with session.get(f"http://127.0.0.1:{port}/json/list") as answer:
                (target,) = [one for one in await answer.json() if one["type"] == "page"]
            async with session.ws_connect(target["webSocketDebuggerUrl"], max_msg_size=0) as socket:
                page = Page(socket)
                for domain in ("Page", "Runtime", "Log", "Network"):
                    await page.call(f"{domain}.enable")
                await page.call("Page.navigate", url=address)
                yield page
        drain.cancel()
    finally:
        process.kill()
        await process.wait()
