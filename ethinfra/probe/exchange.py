"""One HTTP question and its answer, with a deadline on the whole exchange and a limit on its size.

http.client's timeout is per read, so a server that sends a byte now and then holds its caller for ever. Here every
read gets what is left of one deadline. Each exchange has a connection of its own: a client that was restarted is
asked afresh, and nothing of an earlier, abandoned answer can be read as the next one.
"""

from __future__ import annotations

import ipaddress
import socket
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

from ethinfra.probe.view import Kind, Trouble

#: Bytes of a body that are read. A block of mainnet without transactions is 50 kB, a blinded beacon block below 1 MB.
MAX_BODY = 8 << 20
_MAX_HEAD = 32 << 10


class NoAnswer(Exception):
    """There was no usable answer; `trouble` says why."""

    def __init__(self, kind: Kind, text: str) -> None:
        super().__init__(text)
        self.trouble = Trouble(kind, text)


class Deadline:
    """A time on the monotonic clock by which something must have ended."""

    def __init__(self, within: float) -> None:
        self.within = within
        self._end = time.monotonic() + within

    def left(self) -> float:
        """Seconds; NoAnswer when there are none."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise NoAnswer(Kind.UNREACHABLE, f"no complete answer within {self.within:g}s")
        return left


@dataclass(frozen=True)
class Endpoint:
    """Where a client listens: `http://host:port` or `https://…`, with an optional path before that of the question."""

    scheme: str
    host: str
    port: int
    path: str

    @classmethod
    def parse(cls, url: str) -> Endpoint:
        """ValueError if it is not an HTTP address."""
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username is not None:
            raise ValueError(f"{url!r} is not of the form http://host:port")
        port = parts.port or (443 if parts.scheme == "https" else 80)
        query = f"?{parts.query}" if parts.query else ""
        return cls(parts.scheme, parts.hostname, port, parts.path.rstrip("/") + query)

    @property
    def name(self) -> str:
        """Without the path, which holds the key at some providers."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}:{self.port}"


@dataclass(frozen=True)
class Answer:
    """A complete HTTP answer, whatever its status."""

    status: int
    body: bytes


def ask(
    endpoint: Endpoint,
    path: str,
    deadline: Deadline,
    *,
    json_body: bytes | None = None,
    accept: str = "application/json",
) -> Answer:
    """GET, or POST where there is a body. NoAnswer if no complete HTTP answer came before the deadline."""
    host = endpoint.name.partition("://")[2]
    head = [f"{'GET' if json_body is None else 'POST'} {endpoint.path + path or '/'} HTTP/1.1", f"Host: {host}"]
    head += [f"Accept: {accept}", "Connection: close", "User-Agent: ethinfra-node-probe"]
    if json_body is not None:
        head += ["Content-Type: application/json", f"Content-Length: {len(json_body)}"]
    message = "\r\n".join([*head, "", ""]).encode("ascii") + (json_body or b"")
    try:
        with _connect(endpoint, deadline) as connection:
            connection.settimeout(deadline.left())
            connection.sendall(message)
            return _Reader(connection, deadline).answer()
    except TimeoutError as late:
        raise NoAnswer(Kind.UNREACHABLE, f"no complete answer within {deadline.within:g}s") from late
    except OSError as reason:
        raise NoAnswer(Kind.UNREACHABLE, reason.strerror or str(reason)) from reason


def _connect(endpoint: Endpoint, deadline: Deadline) -> socket.socket:
    connection = _tcp(endpoint, deadline)
    if endpoint.scheme == "http":
        return connection
    from ethinfra.probe import trust  # ssl takes 5 MB, which only TLS needs

    try:
        connection.settimeout(deadline.left())
        return trust.context().wrap_socket(connection, server_hostname=endpoint.host)
    except BaseException:
        connection.close()
        raise


def _tcp(endpoint: Endpoint, deadline: Deadline) -> socket.socket:
    try:
        # An address needs no resolver, which knows no deadline.
        family = socket.AF_INET6 if ipaddress.ip_address(endpoint.host).version == 6 else socket.AF_INET
        candidates = [(family, (endpoint.host, endpoint.port))]
    except ValueError:
        found = socket.getaddrinfo(endpoint.host, endpoint.port, type=socket.SOCK_STREAM)
        candidates = [(family, (str(address[0]), int(address[1]))) for family, _, _, _, address in found]
    failed: OSError = OSError(f"{endpoint.host} has no address")
    for family, address in candidates:
        connection = socket.socket(family, socket.SOCK_STREAM)
        try:
            connection.settimeout(deadline.left())
            connection.connect(address)
        except OSError as reason:
            connection.close()
            failed = reason
        except BaseException:
            connection.close()
            raise
        else:
            return connection
    raise failed


class _Reader:
    """Reads one HTTP/1.1 answer from a connection, until the deadline."""

    def __init__(self, connection: socket.socket, deadline: Deadline) -> None:
        self._connection = connection
        self._deadline = deadline
        self._buffer = bytearray()

    def answer(self) -> Answer:
        lines = self._until(b"\r\n\r\n").decode("latin-1").split("\r\n")
        version, _, rest = lines[0].partition(" ")
        status = rest[:3]
        if not version.startswith("HTTP/1.") or not (len(status) == 3 and status.isdecimal()):
            raise NoAnswer(Kind.MALFORMED, "the answer is not HTTP")
        pairs = (line.partition(":") for line in lines[1:])
        headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
        if "chunked" in headers.get("transfer-encoding", "").lower():
            return Answer(int(status), self._chunks())
        length = headers.get("content-length")
        if length is None:
            return Answer(int(status), self._rest())
        if not length.isdecimal() or len(length) > 12:
            raise NoAnswer(Kind.MALFORMED, "the answer has no readable length")
        return Answer(int(status), self._exactly(int(length)))

    def _chunks(self) -> bytes:
        body = bytearray()
        while True:
            line = self._until(b"\r\n").split(b";")[0].strip()
            try:
                size = int(line[:12], 16)
            except ValueError:
                raise NoAnswer(Kind.MALFORMED, "a chunk of the answer has no readable length") from None
            if size <= 0:
                return bytes(body)
            if len(body) + size > MAX_BODY:
                raise _too_large()
            body += self._exactly(size)
            self._exactly(2)

    def _until(self, mark: bytes) -> bytes:
        while (at := self._buffer.find(mark)) < 0:
            if len(self._buffer) > _MAX_HEAD:
                raise NoAnswer(Kind.MALFORMED, "the head of the answer does not end")
            if not self._more():
                raise _cut_off(bool(self._buffer))
        found = bytes(self._buffer[:at])
        del self._buffer[: at + len(mark)]
        return found

    def _exactly(self, length: int) -> bytes:
        if length > MAX_BODY:
            raise _too_large()
        while len(self._buffer) < length:
            if not self._more():
                raise _cut_off(True)
        found = bytes(self._buffer[:length])
        del self._buffer[:length]
        return found

    def _rest(self) -> bytes:
        while self._more():
            if len(self._buffer) > MAX_BODY:
                raise _too_large()
        return bytes(self._buffer)

    def _more(self) -> bool:
        self._connection.settimeout(self._deadline.left())
        received = self._connection.recv(64 << 10)
        self._buffer += received
        return bool(received)


def _too_large() -> NoAnswer:
    return NoAnswer(Kind.MALFORMED, f"the answer is larger than {MAX_BODY >> 20} MiB")


def _cut_off(begun: bool) -> NoAnswer:
    if begun:
        return NoAnswer(Kind.MALFORMED, "the answer was cut off")
    return NoAnswer(Kind.UNREACHABLE, "the connection was closed without an answer")
