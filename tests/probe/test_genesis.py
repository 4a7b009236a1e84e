"""Genesis is fixed once: however often, however many at once, and wherever the job was interrupted."""

from __future__ import annotations

import base64
import json
import socket
import threading
from collections.abc import Iterator
from copy import deepcopy
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from ethinfra.probe import genesis
from ethinfra.probe.genesis import Genesis, GenesisError
from ethinfra.probe.keys import PrivateKey, enode_id, peer_id
from ethinfra.probe.kubernetes import Api, ApiError

NAMES = {"configmap": "devnet-genesis", "secret": "devnet-bootnode"}


class ApiServer:
    """The few answers of a Kubernetes API server that matter here: 200, 201, 404, 409, and 403 where forbidden."""

    def __init__(self, token: Path, port: int = 0) -> None:
        self.objects: dict[str, dict[str, Any]] = {}
        self.requests: list[str] = []
        self.forbidden: set[str] = set()
        self._lock = threading.Lock()
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.reply(*server.get(self.path) if self.authorized() else (401, {"message": "Unauthorized"}))

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                self.reply(*server.post(self.path, body) if self.authorized() else (401, {"message": "Unauthorized"}))

            def authorized(self) -> bool:
                return self.headers["Authorization"] == f"Bearer {token.read_text()}"

            def reply(self, status: int, document: object) -> None:
                self.send_response(status)
                self.end_headers()
                self.wfile.write(json.dumps(document).encode())

            def log_message(self, format: str, *args: object) -> None:
                """Silent."""

        self.http = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        threading.Thread(target=self.http.serve_forever, args=(0.02,), daemon=True).start()
        self.api = Api("127.0.0.1", self.http.server_port, token=token, context=None)

    def get(self, path: str) -> tuple[int, object]:
        with self._lock:
            self.requests.append(f"GET {path}")
            found = self.objects.get(path)
            return (200, deepcopy(found)) if found else (404, {"message": "not found"})

    def post(self, path: str, body: dict[str, Any]) -> tuple[int, object]:
        with self._lock:
            self.requests.append(f"POST {path}")
            if body["kind"] in self.forbidden:
                return 403, {"message": f"{body['kind']} is forbidden"}
            where = f"{path}/{body['metadata']['name']}"
            if where in self.objects:
                return 409, {"message": "already exists"}
            self.objects[where] = body
            return 201, body

    def object(self, resource: str, name: str) -> dict[str, Any]:
        return self.objects[f"/api/v1/namespaces/ethereum/{resource}/{name}"]

    def ensure(self) -> Genesis:
        return genesis.ensure(self.api, "ethereum", **NAMES, delay=30)


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[ApiServer]:
    token = tmp_path / "token"
    token.write_text("a-token")
    server = ApiServer(token)
    yield server
    server.http.shutdown()
    server.http.server_close()


def keys_in(secret: dict[str, Any]) -> tuple[PrivateKey, PrivateKey]:
    node, p2p = (PrivateKey.parse(base64.b64decode(secret["data"][name]).decode()) for name in ("nodekey", "p2p-key"))
    return node, p2p


def test_ids_are_those_of_the_keys(cluster: ApiServer):
    made = cluster.ensure()

    node, p2p = keys_in(cluster.object("secrets", "devnet-bootnode"))
    assert node != p2p
    assert made.enode_id == enode_id(node.public())
    assert made.peer_id == peer_id(p2p.public())
    assert cluster.object("configmaps", "devnet-genesis")["data"] == made.as_data()


def test_second_run_changes_nothing(cluster: ApiServer):
    first = cluster.ensure()
    before = deepcopy(cluster.objects)
    cluster.requests.clear()

    assert cluster.ensure() == first

    assert cluster.objects == before
    assert not [request for request in cluster.requests if request.startswith("POST")]


def test_crash_between_the_two_objects_is_repaired(cluster: ApiServer):
    """The identity of the Secret that is there already is used, not a new one."""
    cluster.forbidden = {"ConfigMap"}
    with pytest.raises(ApiError, match="ConfigMap is forbidden"):
        cluster.ensure()
    secret = deepcopy(cluster.object("secrets", "devnet-bootnode"))
    cluster.forbidden = set()

    made = cluster.ensure()

    assert cluster.object("secrets", "devnet-bootnode") == secret
    assert made.enode_id == enode_id(keys_in(secret)[0].public())


def test_many_jobs_at_once_agree(cluster: ApiServer):
    start, made = threading.Barrier(8), []

    def job() -> None:
        start.wait(10)
        made.append(cluster.ensure())

    threads = [threading.Thread(target=job) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    assert len(made) == 8
    assert len(set(made)) == 1
    assert made[0].enode_id == enode_id(keys_in(cluster.object("secrets", "devnet-bootnode"))[0].public())


def test_lost_secret_is_said_and_not_replaced(cluster: ApiServer):
    """Another identity under the same genesis would be a bootnode that nobody finds."""
    cluster.ensure()
    del cluster.objects["/api/v1/namespaces/ethereum/secrets/devnet-bootnode"]

    with pytest.raises(GenesisError, match="is gone"):
        cluster.ensure()

    assert len(cluster.objects) == 1


def test_foreign_configmap_is_refused(cluster: ApiServer):
    cluster.ensure()
    cluster.object("configmaps", "devnet-genesis")["data"]["bootnode-peer-id"] = "16Uiu2HAmSomebodyElse"

    with pytest.raises(GenesisError, match="not in the Secret"):
        cluster.ensure()


def test_broken_secret_is_refused_without_showing_it(cluster: ApiServer):
    cluster.ensure()
    cluster.object("secrets", "devnet-bootnode")["data"]["nodekey"] = base64.b64encode(b"planted-secret").decode()

    with pytest.raises(GenesisError) as refused:
        cluster.ensure()

    assert "planted" not in str(refused.value)


def test_wrong_token_is_said(cluster: ApiServer, tmp_path: Path):
    (tmp_path / "other").write_text("expired")
    api = Api("127.0.0.1", cluster.http.server_port, token=tmp_path / "other", context=None)

    with pytest.raises(ApiError, match="HTTP 401"):
        genesis.ensure(api, "ethereum", **NAMES, delay=30)


def test_server_that_cannot_be_reached_yet_is_tried_again(tmp_path: Path):
    """A create whose answer was lost is repeated as well: the second one finds the object and reads it."""
    (tmp_path / "token").write_text("a-token")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    impatient = Api("127.0.0.1", port, token=tmp_path / "token", context=None)
    with pytest.raises(ApiError, match="refused"):
        genesis.ensure(impatient, "ethereum", **NAMES, delay=30)

    late = threading.Timer(1, lambda: servers.append(ApiServer(tmp_path / "token", port)))
    servers: list[ApiServer] = []
    late.start()
    patient = Api("127.0.0.1", port, token=tmp_path / "token", context=None, patience=20)
    assert genesis.ensure(patient, "ethereum", **NAMES, delay=30).time > 0
    servers[0].http.shutdown()
    servers[0].http.server_close()


def test_outside_of_a_pod_it_says_so(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("KUBERNETES_SERVICE_HOST", raising=False)

    with pytest.raises(ApiError, match="not in a pod"):
        Api.in_cluster()
