"""How flags are read as ports, addresses and calls, in the ways that the clients write them."""

from __future__ import annotations

import pytest

from ethinfra.deploy.rules.manifests import Pods
from ethinfra.deploy.rules.ports import Call, Graph, Socket

ANYWHERE = "0.0.0.0"  # noqa: S104 -- in a manifest


def graph(*args: str) -> Graph:
    spec = {"containers": [{"name": "c", "args": list(args)}]}
    return Graph.of(Pods({"kind": "StatefulSet", "metadata": {}, "spec": {}}, {"spec": spec}))


@pytest.mark.parametrize(
    ("args", "port", "host"),
    [
        (("--http.addr=0.0.0.0", "--http.port=8545"), 8545, ANYWHERE),
        (("--http-port", "5052", "--http-address", "127.0.0.1"), 5052, "127.0.0.1"),
        (("--rest-api-port=5051", "--rest-api-interface=0.0.0.0"), 5051, ANYWHERE),
        (("--JsonRpc.Port=8545", "--JsonRpc.Host=0.0.0.0", "--JsonRpc.EngineHost=127.0.0.1"), 8545, ANYWHERE),
        (("--JsonRpc.EnginePort=8551", "--JsonRpc.Host=0.0.0.0", "--JsonRpc.EngineHost=127.0.0.1"), 8551, "127.0.0.1"),
        (("--JsonRpc.WebSocketsPort=8546", "--JsonRpc.Host=0.0.0.0"), 8546, ANYWHERE),
        (("--Metrics.ExposePort=6060", "--Metrics.ExposeHost=0.0.0.0"), 6060, ANYWHERE),
        (("--rpcPort=8545", "--rpcEngineAddr=127.0.0.1", "--rpcAddr=0.0.0.0"), 8545, ANYWHERE),
        (("--rpcEnginePort=8551", "--rpcEngineAddr=127.0.0.1", "--rpcAddr=0.0.0.0"), 8551, "127.0.0.1"),
        (("--port=30303", "--http.addr=0.0.0.0"), 30303, ""),
        (("--engine-rpc-port=8551", "--rpc-http-host=0.0.0.0"), 8551, ""),
        (("--private.api.addr=127.0.0.1:9090",), 9090, "127.0.0.1"),
        (("--listen=0.0.0.0:9500",), 9500, ANYWHERE),
        (("--metrics=0.0.0.0:9002",), 9002, ANYWHERE),
        (("--metrics.port=6060", "--metrics.port=6061"), 6061, ""),
    ],
    ids=lambda value: value[0] if isinstance(value, tuple) else "",
)
def test_flag_opens_a_port(args: tuple[str, ...], port: int, host: str) -> None:
    (socket,) = graph(*args).sockets

    assert (socket.port, socket.host) == (port, host)


@pytest.mark.parametrize(
    "arg",
    [
        "--bootnodes=enode://ab@devnet-bootnode.ethereum.svc:30303",
        "--peer=/dns4/devnet-bootnode/tcp/13000/p2p/16Uiu2",
        "--http.port=0",
        "--disable-light-client-support=true",
        "--nat=extip:10.0.0.1",
        "--execution-endpoint=http://127.0.0.1:8551",
    ],
)
def test_flag_opens_nothing(arg: str) -> None:
    assert graph(arg).sockets == ()


@pytest.mark.parametrize(
    ("arg", "port"),
    [
        ("--execution-endpoint=http://127.0.0.1:8551", 8551),
        ("--ee-endpoint=http://localhost:8551", 8551),
        ("--beacon-rpc-provider=127.0.0.1:4000", 4000),
    ],
)
def test_flag_calls_another_container(arg: str, port: int) -> None:
    assert graph(arg).calls == (Call("c", arg.partition("=")[0], port),)


@pytest.mark.parametrize(
    "arg",
    [
        "--bootnodes=enode://ab@127.0.0.1:30303,enode://cd@127.0.0.1:30304",
        "--checkpoint-sync-url=https://checkpoint.example:443",
        "--private.api.addr=127.0.0.1:9090",
        "--metrics",
    ],
)
def test_flag_calls_nobody_in_the_pod(arg: str) -> None:
    assert graph(arg).calls == ()


def test_what_is_private() -> None:
    hosts = {"127.0.0.1": True, "localhost": True, "::1": True, ANYWHERE: False, "$(POD_IP)": False, "": False}

    assert {host: Socket("c", "--port", 1, host).is_private for host in hosts} == hosts
