"""What serve nodes offer and refuse, tried by an RPC client in the cluster, through their Services."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from ethinfra.deploy import release_values
from ethinfra.environment import Environment, merge
from ethinfra.errors import ChainError, ClusterError
from ethinfra.kube import Kube
from ethinfra.trial.pods import TrialPod
from ethinfra.trial.scripted import CHART
from ethinfra.trial.serving import CLIENT, serve_node

#: JSON-RPC: the method does not exist or is not available.
NO_SUCH_METHOD = -32601

#: Bytes of one answer when the limit of a batch's answers is tried; the memory for it costs 94,000 gas.
ANSWER = 200_000

#: Bytes around an answer or an error in a batch, at most.
_FRAMES = 200


@dataclass(frozen=True)
class Limits:
    """Of a serve node, as the environment's values say. Bytes of one request and of the answers to one batch."""

    batch: int
    request: int
    answers: int


@dataclass(frozen=True)
class ServeNodes:
    """Serve nodes of the deployment that share their Services. Addresses inside the cluster; ws: host and port."""

    rpc: str
    ws: tuple[str, int]
    limits: Limits


def deployed_serve_nodes(kube: Kube, env: Environment) -> ServeNodes:
    """Those of geth."""
    with TemporaryDirectory(prefix="ethinfra-serve-") as folder:
        values = release_values(env, "ethereum", "serve", into=Path(folder) / "serve.yaml").read_text()
    release = yaml.safe_load(values)
    namespace = env.layer("ethereum").namespace
    node = serve_node(release, CLIENT)

    def address(purpose: str) -> tuple[str, int]:
        name = f"{node['name']}-{purpose}"
        service = kube.get("Service", name, namespace)
        if service is None:
            raise ClusterError(f"there is no Service {namespace}/{name}")
        return f"{name}.{namespace}.svc", int(service["spec"]["ports"][0]["port"])

    host, port = address("rpc")
    own = yaml.safe_load((CHART / "values.yaml").read_text())["serve"]["defaults"]
    limits = reduce(merge, [own, release["serve"].get("defaults", {}), node])["rpc"]["limits"]
    return ServeNodes(
        f"http://{host}:{port}",
        address("ws"),
        Limits(int(limits["batchRequests"]), int(limits["requestBytes"]), int(limits["batchResponseBytes"])),
    )


@dataclass(frozen=True)
class Reply:
    """The answer to one HTTP request. status: 0 if the connection was closed before there was one.

    results, errors: JSON-RPC answers of each kind in it
    said:            all of it if it is short, else how it begins
    """

    status: int
    bytes: int
    results: int
    errors: int
    said: str

    @property
    def code(self) -> int | None:
        """Of the error object, if that is all of the answer."""
        try:
            code = json.loads(self.said)["error"]["code"]
        except (ValueError, KeyError, TypeError):
            return None
        return code if isinstance(code, int) else None


def ask(client: TrialPod, url: str, method: str, params: Sequence[object] = (), *, size: int = 0) -> Reply:
    """One request from a pod in the cluster. size: of its bytes, at least; white space makes up what is missing"""
    return _send(client, url, method, params, 0, size)


def ask_in_batch(client: TrialPod, url: str, method: str, params: Sequence[object], count: int) -> Reply:
    """The same question so many times in one request."""
    return _send(client, url, method, params, count, 0)


def _send(client: TrialPod, url: str, method: str, params: Sequence[object], count: int, size: int) -> Reply:
    call = json.dumps({"jsonrpc": "2.0", "method": method, "params": list(params)})
    # The answer is read there and counted: it can be larger than what comes out of a pod well.
    said: dict[str, Any] = json.loads(client.python(_SEND, url, call, str(count), str(size), within=60).stdout)
    return Reply(**said)


_SEND = """
import http.client, json, re, sys
from urllib.parse import urlsplit
url, call, count, size = urlsplit(sys.argv[1]), json.loads(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
calls = [{**call, "id": number} for number in range(max(count, 1))]
body = json.dumps(calls if count else calls[0]).encode().ljust(size)
connection = http.client.HTTPConnection(url.hostname, url.port, timeout=30)
try:
    try:
        connection.request("POST", "/", body, {"Content-Type": "application/json"})
    except (BrokenPipeError, ConnectionResetError):
        pass  # refused before all was sent; the answer may be there
    answer = connection.getresponse()
    status, content = answer.status, answer.read()
except (http.client.HTTPException, OSError) as reason:
    status, content = 0, repr(reason).encode()
print(json.dumps({
    "status": status,
    "bytes": len(content),
    "results": len(re.findall(rb'"result"\\s*:', content)),
    "errors": len(re.findall(rb'"error"\\s*:', content)),
    "said": content[:600].decode(errors="replace"),
}))
"""


def large_answer(size: int) -> tuple[str, list[object]]:
    """A call whose answer has so many bytes before it is written in hexadecimal: `RETURN` of memory that is empty."""
    # PUSH3 size, PUSH0, RETURN, as the code that an address has for this call alone.
    code = f"0x62{size:06x}5ff3"
    place = "0x" + "c0de".rjust(40, "0")
    return "eth_call", [{"to": place}, "latest", {place: {"code": code}}]


def must_be_answered(reply: Reply, count: int, what: str) -> None:
    """With so many results, and no error."""
    if reply.status != 200 or reply.results != count or reply.errors:
        raise ChainError(what, expected=f"{count} results", seen=str(reply))


def must_be_refused(reply: Reply, what: str) -> None:
    """Without any result, and not by silence: by an error object, or by an HTTP status that says why."""
    if reply.results or not (reply.errors or 400 <= reply.status < 500):
        raise ChainError(what, expected="refused, with an error or a status of 4xx", seen=str(reply))


def must_be_cut_short(reply: Reply, limit: int, count: int, what: str) -> None:
    """Fewer results than were asked for, an error for the rest, and no more bytes than the limit and one answer."""
    whole = reply.results >= count
    if reply.status != 200 or whole or not reply.errors or reply.bytes > limit + 2 * ANSWER + _FRAMES * count:
        raise ChainError(what, expected=f"errors after {limit} bytes of {count} answers", seen=str(reply))


def must_have_no_such_method(client: TrialPod, url: str, method: str) -> Reply:
    """Refused as a method that is not there, by a node that answers others."""
    must_be_answered(ask(client, url, "eth_chainId"), 1, f"{url}: eth_chainId")
    reply = ask(client, url, method)
    if reply.code != NO_SUCH_METHOD:
        raise ChainError(f"{url}: {method}", expected=f"error {NO_SUCH_METHOD}", seen=str(reply))
    return reply


def new_heads(client: TrialPod, place: tuple[str, int], count: int, *, within: float) -> list[int]:
    """Subscribe to new heads over WebSocket, from a pod in the cluster; the numbers of so many of them."""
    host, port = place
    done = client.python(_HEADS, host, str(port), str(count), str(within), within=within + 10, check=False)
    if not done.ok:
        raise ChainError(
            f"new heads over WebSocket from {host}:{port}", expected=f"{count} of them", seen=done.stderr[-400:]
        )
    numbers: list[int] = json.loads(done.stdout)
    return numbers


# RFC 6455 with what Python's library has: the frames of a client are masked, those of a server are not. The answers
# here are smaller than 64 KiB and come in one frame each.
_HEADS = """
import base64, json, os, socket, struct, sys, time
host, port, count, within = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
deadline = time.monotonic() + within
connection = socket.create_connection((host, port), timeout=10)
stream = connection.makefile("rb")
key = base64.b64encode(os.urandom(16)).decode()
connection.sendall((
    f"GET / HTTP/1.1\\r\\nHost: {host}:{port}\\r\\nUpgrade: websocket\\r\\nConnection: Upgrade\\r\\n"
    f"Sec-WebSocket-Key: {key}\\r\\nSec-WebSocket-Version: 13\\r\\n\\r\\n"
).encode())
status = stream.readline()
assert b" 101 " in status, status
while stream.readline().strip():
    pass

def send(text):
    mask, data = os.urandom(4), text.encode()
    assert len(data) < 126
    masked = bytes(byte ^ mask[place % 4] for place, byte in enumerate(data))
    connection.sendall(bytes([0x81, 0x80 | len(data)]) + mask + masked)

def receive():
    while True:
        connection.settimeout(max(deadline - time.monotonic(), 0.01))
        kind, length = stream.read(2)
        if length == 126:
            (length,) = struct.unpack(">H", stream.read(2))
        data = stream.read(length)
        if kind & 15 == 1:
            return json.loads(data)
        assert kind & 15 in (9, 10), f"frame of kind {kind & 15}: {data!r}"

send(json.dumps({"jsonrpc": "2.0", "id": 1, "method": "eth_subscribe", "params": ["newHeads"]}))
subscription = receive()["result"]
numbers = []
while len(numbers) < count:
    said = receive()
    assert said["params"]["subscription"] == subscription, said
    numbers.append(int(said["params"]["result"]["number"], 16))
print(json.dumps(numbers))
"""
