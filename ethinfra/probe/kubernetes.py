"""The little of the Kubernetes API that a job of ours needs, as the pod's service account: read and create objects.

`ethinfra.snapshot.job.cluster` builds on `request` what the snapshot jobs need beyond that.
"""

from __future__ import annotations

import http.client
import json
import os
import ssl
import time
from pathlib import Path
from typing import Any

Object = dict[str, Any]

_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")


class ApiError(Exception):
    """The API server refused, or could not be reached. `status` is 0 for the latter."""

    def __init__(self, what: str, status: int, said: str) -> None:
        self.status = status
        super().__init__(f"{what}: {f'HTTP {status}, ' if status else ''}{said}")


class Api:
    """The API server of the cluster that this pod is in.

    patience: seconds for which a server that cannot be reached is tried again; the network policy that admits a new pod
              comes into force a moment after its start
    """

    def __init__(
        self,
        host: str,
        port: int,
        *,
        token: Path,
        context: ssl.SSLContext | None,
        timeout: float = 10,
        patience: float = 0,
    ) -> None:
        self._host = host
        self._port = port
        self._token = token
        self._context = context
        self._timeout = timeout
        self._patience = patience

    @classmethod
    def in_cluster(cls, account: Path = _ACCOUNT, *, patience: float = 0) -> Api:
        """ApiError outside of a pod, or where the account's token is not mounted."""
        host, port = os.environ.get("KUBERNETES_SERVICE_HOST"), os.environ.get("KUBERNETES_SERVICE_PORT", "443")
        if not host or not (account / "token").exists():
            raise ApiError("Kubernetes API", 0, f"not in a pod with a service account (no {account}/token)")
        context = ssl.create_default_context(cafile=str(account / "ca.crt"))
        return cls(host, int(port), token=account / "token", context=context, patience=patience)

    def get(self, resource: str, namespace: str, name: str) -> Object | None:
        """An object of the core group, or None. resource: its plural, as `configmaps`."""
        status, document = self.request("GET", f"/api/v1/namespaces/{namespace}/{resource}/{name}")
        if status == 404:
            return None
        return self._good(f"get {resource} {namespace}/{name}", status, document)

    def create(self, resource: str, namespace: str, body: Object) -> Object | None:
        """The object as stored, or None if one of that name exists already. Nothing is ever updated."""
        status, document = self.request("POST", f"/api/v1/namespaces/{namespace}/{resource}", body)
        if status == 409:
            return None
        return self._good(f"create {resource} {namespace}/{body['metadata']['name']}", status, document)

    def _good(self, what: str, status: int, document: Object) -> Object:
        if status not in (200, 201):
            raise ApiError(what, status, str(document.get("message", "no message")))
        return document

    def request(
        self, method: str, path: str, body: Object | None = None, *, content: str = "application/json"
    ) -> tuple[int, Object]:
        """Status and document of one request, whatever the status. ApiError if there is no answer.

        content: media type of the body; a patch says with it what kind of patch it is
        """
        deadline = time.monotonic() + self._patience
        while True:
            try:
                return self._once(method, path, body, content)
            except ApiError:
                if time.monotonic() >= deadline:
                    raise
                time.sleep(min(0.5, self._patience))

    def _once(self, method: str, path: str, body: Object | None, content: str) -> tuple[int, Object]:
        if self._context is not None:
            connection: http.client.HTTPConnection = http.client.HTTPSConnection(
                self._host, self._port, timeout=self._timeout, context=self._context
            )
        else:
            connection = http.client.HTTPConnection(self._host, self._port, timeout=self._timeout)
        # Read each time: the kubelet renews the token in the file.
        headers = {"Authorization": f"Bearer {self._token.read_text().strip()}", "Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = content
        try:
            connection.request(method, path, body=None if body is None else json.dumps(body), headers=headers)
            answer = connection.getresponse()
            text = answer.read()
        except (OSError, http.client.HTTPException) as reason:
            raise ApiError(f"{method} {path}", 0, str(reason)) from reason
        finally:
            connection.close()
        try:
            document = json.loads(text)
        except ValueError:
            document = {}
        return answer.status, document if isinstance(document, dict) else {}
