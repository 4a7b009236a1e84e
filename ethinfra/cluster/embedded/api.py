"""The few requests that the boot itself makes to the API server; a whole client library would take longer to load."""

from __future__ import annotations

import http.client
import json
import ssl
from typing import Any

from ethinfra.cluster.embedded.pki import Pki
from ethinfra.cluster.embedded.plan import ClusterPlan
from ethinfra.errors import ClusterError


class Api:
    """The API server of one cluster, as its administrator."""

    def __init__(self, plan: ClusterPlan) -> None:
        pki = Pki(plan.pki_dir)
        self._host = str(plan.control_address)
        self._context = ssl.create_default_context(cafile=str(pki.certificate("ca")))
        self._context.load_cert_chain(pki.certificate("admin"), pki.key("admin"))

    def request(self, method: str, path: str, body: object = None, *, within: float = 5) -> Any:
        """The answer, decoded if it is JSON. OSError if there is none, ClusterError if it is not a success."""
        client = http.client.HTTPSConnection(self._host, 6443, timeout=within, context=self._context)
        headers = {"Content-Type": "application/merge-patch+json" if method == "PATCH" else "application/json"}
        try:
            client.request(method, path, None if body is None else json.dumps(body), headers)
            answer = client.getresponse()
            text = answer.read().decode()
        except http.client.HTTPException as reason:
            raise ClusterError(f"{method} {path}", seen=repr(reason)) from reason
        finally:
            client.close()
        if answer.status >= 300:
            raise ClusterError(f"{method} {path}", seen=f"{answer.status} {text[:500]}")
        return json.loads(text) if "json" in answer.getheader("Content-Type", "") else text

    def get(self, path: str) -> Any:
        """`request("GET", …)`"""
        return self.request("GET", path)


def condition(thing: dict[str, Any], kind: str) -> bool:
    """Whether a condition of an object's status is True."""
    found = thing.get("status", {}).get("conditions", [])
    return any(one["type"] == kind and one["status"] == "True" for one in found)
