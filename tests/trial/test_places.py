"""Where a secret is looked for."""

from __future__ import annotations

import base64
import gzip
import json
from typing import Any

import pytest

from ethinfra.kube import Kube
from ethinfra.trial.engine import places_of

SECRET = "5e" * 32


def helm_release(config: dict[str, Any]) -> dict[str, Any]:
    """As helm 4 stores it: JSON in gzip in base64, which the API has in base64 again."""
    packed = base64.b64encode(gzip.compress(json.dumps({"config": config, "manifest": "kind: Pod"}).encode()))
    return {"type": "helm.sh/release.v1", "data": {"release": base64.b64encode(packed).decode()}}


class Namespace:
    """Objects and one log of a namespace."""

    def __init__(self, kind: str = "", log: str = "", **content: Any) -> None:
        self.kind, self.log, self.content = kind, log, content

    def list(self, kind: str, _namespace: str) -> list[dict[str, Any]]:
        if kind == self.kind:
            return [{"metadata": {"name": "it"}, **self.content}]
        return (
            [{"metadata": {"name": "geth-0"}, "spec": {"containers": [{"name": "execution"}]}}] if kind == "Pod" else []
        )

    def logs(self, _namespace: str, _pod: str, _container: str) -> str:
        return self.log


@pytest.mark.parametrize(
    ("there", "found"),
    [
        pytest.param(Namespace("ConfigMap", data={"jwt": f"0x{SECRET}"}), ["ConfigMap it"], id="as text"),
        pytest.param(
            Namespace("Secret", data={"jwt": base64.b64encode(SECRET.encode()).decode()}), ["Secret it"], id="in base64"
        ),
        pytest.param(Namespace("Secret", **helm_release({"jwt": SECRET})), ["Secret it"], id="in helm's values"),
        pytest.param(Namespace("Secret", **helm_release({"jwt": "generated"})), [], id="not in helm's values"),
        pytest.param(Namespace(log=f"jwt {SECRET}"), ["log of geth-0/execution"], id="in a log"),
        pytest.param(Namespace(), [], id="nowhere"),
    ],
)
def test_a_secret_is_found_where_it_stands(there: Any, found: list[str]) -> None:
    kube: Kube = there
    assert places_of(kube, "ethereum", {SECRET}) == found
