"""The web server of a hub: API, WebSocket and the local page, on one port."""

from __future__ import annotations

import logging
import socket
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from aiohttp import web

from hub.config.problems import suggest
from hub.core.commands import Actor
from hub.store import StoreError
from hub.web import answers
from hub.web.access import Hosts, demand
from hub.web.bodies import Hello
from hub.web.calls import API, LARGEST_BODY, Api, Call, Route, convert, encode, read_json
from hub.web.feed import QUEUE, Feed
from hub.web.idempotency import Key
from hub.web.live import MOST_CLIENTS, Live
from hub.web.openapi import document
from hub.web.ports import Ports
from hub.web.problems import KINDS, TYPE_PREFIX, Problem
from hub.web.routes import COMMANDS, ROUTES

_LOG = logging.getLogger(__name__)
_PAGE = Path(__file__).parent / "page"
_BACKLOG = 128
#: How long an unread body may go on arriving after its answer, and open requests at a stop, in seconds.
_LINGER = 1.0
_STOP_WITHIN = 3.0
_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "Server": "handover-hub",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Security-Policy": _CSP,
}
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class WebServer:
    """Serves one hub. `port` None takes the site's own, 0 any free one."""

    def __init__(
        self, ports: Ports, port: int | None = None, *, queue: int = QUEUE, most_clients: int = MOST_CLIENTS
    ) -> None:
        spec = ports.config.web
        self._ports = ports
        self._host = spec.host
        self._port = spec.port if port is None else port
        self._api = Api(ports)
        self._feed = Feed(self._api, queue)
        self._live = Live(self._api, self._feed, most_clients)
        self._runner: web.AppRunner | None = None
        self._hosts: Hosts | None = None
        self.address = ""

    async def start(self) -> None:
        """Listen. Raises OSError when the port cannot be had."""
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        where = (self._host.strip("[]"), self._port)
        listening = socket.create_server(where, family=family, backlog=_BACKLOG)
        self._port = listening.getsockname()[1]
        self._hosts = Hosts(self._ports.config.web, self._port)
        self._runner = web.AppRunner(
            self._application(), access_log=None, lingering_time=_LINGER, shutdown_timeout=_STOP_WITHIN
        )
        await self._runner.setup()
        await web.SockSite(self._runner, listening, backlog=_BACKLOG).start()
        self._feed.start()
        shown = "127.0.0.1" if self._host in ("0.0.0.0", "::", "[::]") else self._host  # noqa: S104  compared
        self.address = f"http://{shown}:{self._port}"

    async def stop(self) -> None:
        """Say goodbye to the live clients, then close the port."""
        await self._live.stop()
        await self._feed.stop()
        if self._runner is not None:
            await self._runner.cleanup()

    def _application(self) -> web.Application:
        app = web.Application(middlewares=[self._around], client_max_size=LARGEST_BODY)
        for route in ROUTES:
            app.router.add_route(route.method, API + route.path, self._serving(route))
        described = encode(document(ROUTES, self._ports.version, (Hello,)))
        app.router.add_route("GET", f"{API}/openapi.json", _fixed(described))
        app.router.add_route("GET", f"{API}/ws", self._live.serve)
        for target, words in COMMANDS.items():
            app.router.add_route("POST", f"{API}{target}/{{command}}", self._no_command(words))
        app.router.add_route("GET", f"{TYPE_PREFIX}{{name}}", _problem_kind)
        app.router.add_get("/", _file(_PAGE / "index.html"))
        for path in sorted(_PAGE.iterdir()):
            app.router.add_get(f"/page/{path.name}", _file(path))
        return app

    def _serving(self, route: Route) -> Handler:
        async def serve(request: web.Request) -> web.StreamResponse:
            call = await self._understand(route, request)
            reply = await route.serve(self._api, call)
            body = reply.value if isinstance(reply.value, bytes) else encode(reply.value)
            return web.Response(
                status=reply.status or route.status, body=body, content_type=route.media,
                headers={"Cache-Control": "no-store", **reply.headers},
            )

        return serve

    async def _understand(self, route: Route, request: web.Request) -> Call:
        """Who asks is settled before a byte of the body is read. Raises Problem."""
        ports = self._ports
        at = ports.clock.now()
        actor = Actor("")
        if route.verb:
            actor = self._api.tokens.of_header(request.headers.get("Authorization"))
            if not route.by_target:
                demand(ports.policy, actor, route.verb, at)
        if route.simulated and not ports.simulated:
            raise Problem("not-simulated", "the devices of this site are real")
        query: Any = convert(dict(request.query), route.query, text=True)
        raw: Any = None
        body: Any = None
        key = None
        if route.body is not None:
            raw = await read_json(request, optional=route.body_optional)
            body = convert(raw, route.body)
        given = request.headers.get("Idempotency-Key")
        if route.keyed and given is not None:
            key = Key.of(actor.ref, request.path, given, raw)
        return Call(at, actor, dict(request.match_info), query, body, key)

    @web.middleware
    async def _around(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Every answer passes here: the Host is checked, errors become problems, headers are set."""
        assert self._hosts is not None
        try:
            self._hosts.check(request.headers.get("Host"))
            response = await handler(request)
        except Problem as problem:
            response = problem.response()
        except web.HTTPException as error:
            response = _problem_of(error, request).response()
        except StoreError as error:
            response = Problem("store-blocked", str(error), headers={"Retry-After": "5"}).response()
        except Exception:  # noqa: BLE001  whatever it is stays in the log, the client gets a problem
            _LOG.exception("%s %s failed", request.method, request.path)
            response = Problem("internal").response()
        if response.status == 413:
            response.force_close()
        if not response.prepared:
            response.headers.update(_HEADERS)
        return response

    def _no_command(self, words: Sequence[str]) -> Handler:
        async def serve(request: web.Request) -> web.StreamResponse:
            self._api.tokens.of_header(request.headers.get("Authorization"))
            word = request.match_info["command"]
            raise Problem("unknown-command", f"there is no command {word!r}", mend=suggest(word, words))

        return serve


async def _problem_kind(request: web.Request) -> web.Response:
    name = request.match_info["name"]
    kind = KINDS.get(name)
    if kind is None:
        raise Problem("not-found", f"there is no problem {name!r}", mend=suggest(name, KINDS))
    shown = answers.ProblemKind(name, kind.status, kind.title, kind.mend)
    return web.Response(body=encode(shown), content_type="application/json")


def _problem_of(error: web.HTTPException, request: web.Request) -> Problem:
    """An error of the router or the reader as ours."""
    if isinstance(error, web.HTTPMethodNotAllowed):
        allowed = ", ".join(sorted(error.allowed_methods))
        headers: Mapping[str, str] = {"Allow": allowed}
        return Problem("method-not-allowed", f"{request.path} takes {allowed}", headers=headers)
    if isinstance(error, web.HTTPRequestEntityTooLarge):
        return Problem("too-large", f"more than {LARGEST_BODY} bytes")
    if isinstance(error, web.HTTPNotFound):
        return Problem("not-found", request.path)
    return Problem("bad-request", error.reason)


def _fixed(body: bytes) -> Handler:
    async def serve(request: web.Request) -> web.StreamResponse:
        return web.Response(body=body, content_type="application/json")

    return serve


def _file(path: Path) -> Handler:
    async def serve(request: web.Request) -> web.StreamResponse:
        return web.FileResponse(path, headers={"Cache-Control": "no-cache"})

    return serve
