"""The same screen in a browser: each page that is opened runs a `coord` of its own, which ends with it.

Nobody is asked for a password. So it listens on this machine alone, its address holds a word that nobody can guess, and
only pages that came from here may speak to it: another site that is open in the same browser may not.
"""

import asyncio
import html
import logging
import secrets
import shlex
import signal
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path
from urllib.parse import urlsplit

import textual_serve.server
from aiohttp import web
from textual_serve.app_service import AppService
from textual_serve.download_manager import DownloadManager

from coordinator.errors import CoordError

_HOST = "127.0.0.1"
_OURS = frozenset({"127.0.0.1", "localhost", "::1"})
"""What a browser may call this machine. Any other name leads here only by a name server that somebody else tricks."""
_STATIC = Path(textual_serve.server.__file__).parent / "static"
_GOODBYE = 3.0
"""Seconds that a screen has to end once its page, or the server, is gone."""
_WIDEST, _TALLEST = 1000, 500
_PAGE = """\
<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<title>{title}</title>
<link rel="stylesheet" href="static/css/xterm.css">
<style>
@font-face {{ font-family: "Roboto Mono"; src: url("static/fonts/RobotoMono-VariableFont_wght.ttf"); }}
@font-face {{ font-family: "Roboto Mono"; font-style: italic;
  src: url("static/fonts/RobotoMono-Italic-VariableFont_wght.ttf"); }}
html, body {{ margin: 0; height: 100%; background: #121212; color: #e0e0e0; font-family: "Roboto Mono", monospace; }}
.textual-terminal {{ height: 100vh; }}
#ended {{ display: none; position: fixed; inset: 0; place-items: center; background: #121212; }}
body.-closed #ended {{ display: grid; z-index: 10; }}
#ended a {{ color: inherit; }}
</style>
<body>
<div class="textual-terminal" data-session-websocket-url="{socket}" data-font-size="15"></div>
<div id="ended"><p>The screen has ended; the loop goes on without it. <a href="">Open it again</a></p></div>
<script src="static/js/textual.js"></script>
<script src="focus.js"></script>
</body>
</html>
"""
_FOCUS = """\
// keys go to the screen as soon as it is there, without a click
new MutationObserver((_, observer) => {
  if (!document.body.classList.contains("-first-byte")) return;
  observer.disconnect();
  document.querySelector(".xterm-helper-textarea")?.focus();
}).observe(document.body, { attributes: true });
"""
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; font-src 'self'; img-src 'self' data:; "
    "connect-src 'self' ws://{host}; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)


class ScreenServer:
    """Serves a command whose screen is Textual's; `command` is a list of words."""

    def __init__(self, command: list[str], title: str) -> None:
        self.word = secrets.token_urlsafe(18)
        self._command = "exec " + shlex.join(command)
        self._title = title
        self._downloads = DownloadManager()
        self._screens: set[AppService] = set()
        self._stop = asyncio.Event()

    async def run(self, port: int, opened: Callable[[str], None]) -> None:
        """Serve until SIGINT or SIGTERM, and end all screens then. `opened` is told the address.

        Raises CoordError where the port can't be had.
        """
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.add_signal_handler(number, self._stop.set)
        runner = web.AppRunner(self.app(), handle_signals=False, access_log=None, shutdown_timeout=0.5)
        await runner.setup()
        try:
            listener = _listen(port)
            await web.SockSite(runner, listener).start()
            opened(f"http://{_HOST}:{listener.getsockname()[1]}/{self.word}/")
            await self._stop.wait()
        finally:
            await asyncio.gather(*(_end(screen) for screen in tuple(self._screens)))
            await runner.cleanup()

    def app(self) -> web.Application:
        """What answers requests."""
        app = web.Application(middlewares=[self._guard])
        here = f"/{self.word}"
        app.router.add_get(f"{here}/", self._page)
        app.router.add_get(f"{here}/focus.js", self._focus)
        app.router.add_get(f"{here}/ws", self._screen)
        app.router.add_static(f"{here}/static", _STATIC)
        return app

    @web.middleware
    async def _guard(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        """Only by a name of this machine, from a page of ours, and with the word."""
        origin = request.headers.get("Origin")
        strange = origin is not None and urlsplit(origin).netloc != request.host
        if strange or urlsplit(f"//{request.host}").hostname not in _OURS:
            raise web.HTTPForbidden(text="coord answers only under the name of its own machine, such as localhost\n")
        if not secrets.compare_digest(request.path.split("/")[1].encode(), self.word.encode()):
            raise web.HTTPNotFound(text="open the whole address that `coord serve` printed\n")
        response = await handler(request)
        if not response.prepared:
            response.headers["Content-Security-Policy"] = _POLICY.format(host=request.host)
            response.headers["Referrer-Policy"] = "no-referrer"
            response.headers["X-Content-Type-Options"] = "nosniff"
            response.headers["Cache-Control"] = "no-store"
        return response

    async def _page(self, request: web.Request) -> web.Response:
        address = (
            f"ws://{request.host}/{self.word}/ws"  # by the name it was opened with: a tunnel may have another port
        )
        text = _PAGE.format(title=html.escape(self._title), socket=html.escape(address))
        return web.Response(text=text, content_type="text/html")

    async def _focus(self, request: web.Request) -> web.Response:
        return web.Response(text=_FOCUS, content_type="text/javascript")

    async def _screen(self, request: web.Request) -> web.WebSocketResponse:
        """A screen of its own for each page, until either ends."""
        connection = web.WebSocketResponse(heartbeat=15)
        await connection.prepare(request)

        async def close() -> None:
            await connection.close()

        screen = AppService(
            self._command,
            write_bytes=connection.send_bytes,
            write_str=connection.send_str,
            close=close,
            download_manager=self._downloads,
        )
        self._screens.add(screen)
        try:
            await screen.start(_size(request, "width", 80, _WIDEST), _size(request, "height", 24, _TALLEST))
            async for message in connection:
                if message.type is web.WSMsgType.TEXT:
                    await _pass_on(message.data, screen, connection)
        except ConnectionError:
            pass  # the page is gone in the middle of it
        finally:
            await _end(screen)
            self._screens.discard(screen)
        return connection


def serve(command: list[str], title: str, port: int, opened: Callable[[str], None]) -> None:
    """Serve a screen until it is to end; see `ScreenServer.run`."""
    logging.getLogger("textual-serve").addHandler(logging.StreamHandler())

    async def run() -> None:
        await ScreenServer(command, title).run(port, opened)

    asyncio.run(run())


def _listen(port: int) -> socket.socket:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((_HOST, port))
    except OSError as error:
        listener.close()
        reason = (error.strerror or str(error)).lower()
        raise CoordError(f"can't listen on port {port}: {reason}", "take another: `coord serve --port 0`") from error
    return listener


async def _pass_on(text: str, screen: AppService, connection: web.WebSocketResponse) -> None:
    """What a page sends: keys, its size, whether it is in front. Whatever is nothing of that is dropped."""
    import json

    try:
        kind, value = json.loads(text)
        if kind == "stdin":
            await screen.send_bytes(value.encode("utf-8", "ignore"))
        elif kind == "resize":
            await screen.set_terminal_size(_within(value["width"], _WIDEST), _within(value["height"], _TALLEST))
        elif kind == "ping":
            await connection.send_json(["pong", value])
        elif kind == "blur":
            await screen.blur()
        elif kind == "focus":
            await screen.focus()
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return


async def _end(screen: AppService) -> None:
    """Ask a screen to leave; one that does not in time is killed."""
    process = screen._process  # nothing else tells of it
    try:
        await asyncio.wait_for(screen.stop(), _GOODBYE)
    except (TimeoutError, ConnectionError):
        if process is not None and process.returncode is None:
            process.kill()
    if process is not None:
        await process.wait()


def _size(request: web.Request, name: str, default: int, most: int) -> int:
    try:
        return _within(int(request.query.get(name, default)), most)
    except ValueError:
        return default


def _within(value: int, most: int) -> int:
    return max(1, min(int(value), most))
