"""The page of a store served to a browser on the same machine, anew whenever trials are finished."""

from __future__ import annotations

import json
import secrets
import sys
from collections.abc import Callable, Sequence
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock
from typing import Any

from spinemc import store
from spinemc.errors import SpinemcError
from spinemc.page.gather import Page, gather
from spinemc.page.render import inert, render

HERE = "127.0.0.1"
EVERY = 1000  # ms, from one question of the browser to the next
TOKEN_BYTES = 24


class Server(ThreadingHTTPServer):
    """Answers for one store, at one address that nobody can guess.

    Parameters
    ----------
    path : str or Path
        The store.
    with_, trial
        As of `spinemc.page.gather`.
    port : int
        0 for any that is free.

    Attributes
    ----------
    url : str
        Where the page is.

    Raises
    ------
    StoreError
        As `spinemc.page.gather`.
    SpinemcError
        The port is taken.
    """

    daemon_threads = True

    def __init__(self, path: str | Path, with_: Sequence[str] = (), trial: int | None = None, port: int = 0) -> None:
        self._path, self._with, self._trial = path, with_, trial
        self._lock, self._kept = Lock(), ("", Page({}, ""))
        self.now()
        try:
            super().__init__((HERE, port), Answer)
        except OSError as error:
            raise SpinemcError(
                f"port {port} cannot be used: {error.strerror or error}: choose another --port."
            ) from error
        self.token = secrets.token_urlsafe(TOKEN_BYTES)
        self.names = {f"{name}:{self.server_port}" for name in (HERE, "localhost")}
        self.url = f"http://{HERE}:{self.server_port}/{self.token}/"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a browser that goes away."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)

    def now(self) -> tuple[str, Page]:
        """A tag of how far the run is, and its page."""
        with self._lock:
            told = store.attributes_of(store.place(self._path))
            tag = f'"{told["trials_finished"]}-{int(told["complete"])}"'
            if tag != self._kept[0]:
                page = gather(self._path, self._with, self._trial, early=True)
                self._kept = tag, Page(page.told | {"live": EVERY, "tag": tag}, page.arrays)
            return self._kept


class Answer(BaseHTTPRequestHandler):
    """One answer to a browser."""

    server: Server
    timeout = 10.0  # s, for a question to be asked

    def do_GET(self) -> None:
        """The page, its data, or nothing to whoever does not know the token or calls this machine by another name."""
        token, _, rest = self.path.removeprefix("/").partition("/")
        known = secrets.compare_digest(token.encode(), self.server.token.encode())
        if self.headers.get("Host") not in self.server.names or not known:
            return self._say(HTTPStatus.FORBIDDEN, "text/plain", "The address is the one that spinemc view printed.")
        if rest not in ("", "data"):
            return self._say(HTTPStatus.NOT_FOUND, "text/plain", "There is the page, and its data.")
        try:
            tag, page = self.server.now()
        except SpinemcError as reason:
            return self._say(HTTPStatus.SERVICE_UNAVAILABLE, "text/plain", str(reason))
        if rest == "":
            return self._say(HTTPStatus.OK, "text/html", render(page, "'self'"))
        if self.headers.get("If-None-Match") == tag:
            return self._say(HTTPStatus.NOT_MODIFIED, "application/json", "", tag)
        told = f'{{"told": {inert(page.told)}, "arrays": {json.dumps(page.arrays)}}}'
        return self._say(HTTPStatus.OK, "application/json", told, tag)

    def _say(self, status: HTTPStatus, kind: str, text: str, tag: str | None = None) -> None:
        data = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", f"{kind}; charset=utf-8")
        self.send_header("Cache-Control", "no-store")
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Content-Security-Policy", "frame-ancestors 'none'")
        self.send_header("Referrer-Policy", "no-referrer")
        if tag is not None:
            self.send_header("ETag", tag)
        if status != HTTPStatus.NOT_MODIFIED:
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing of each question: the token is in it."""


def view(
    path: str | Path,
    with_: Sequence[str] = (),
    trial: int | None = None,
    port: int = 0,
    ready: Callable[[str], None] = lambda url: None,
) -> None:
    """Serve the page of a store until interrupted.

    Parameters
    ----------
    path, with_, trial, port
        As of `Server`.
    ready : callable
        Takes the page's address once it answers.

    Raises
    ------
    SpinemcError
        As `Server`.
    """
    with Server(path, with_, trial, port) as server:
        ready(server.url)
        try:
            server.serve_forever(poll_interval=0.1)
        except KeyboardInterrupt:
            return
