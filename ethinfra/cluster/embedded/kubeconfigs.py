"""kubeconfig files: one for the operator, one for each component."""

from __future__ import annotations

import base64
from pathlib import Path

import yaml

from ethinfra.cluster.embedded.pki import Pki
from ethinfra.cluster.embedded.plan import write_atomically


def write_kubeconfig(path: Path, *, server: str, pki: Pki, user: str, context: str) -> None:
    """A file with one context and all certificates inside, so that it can be moved; mode 0600.

    user: name of the client's certificate in `pki`
    """

    def inline(source: Path) -> str:
        return base64.b64encode(source.read_bytes()).decode()

    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": context,
        "clusters": [
            {
                "name": context,
                "cluster": {"server": server, "certificate-authority-data": inline(pki.certificate("ca"))},
            }
        ],
        "users": [
            {
                "name": user,
                "user": {
                    "client-certificate-data": inline(pki.certificate(user)),
                    "client-key-data": inline(pki.key(user)),
                },
            }
        ],
        "contexts": [{"name": context, "context": {"cluster": context, "user": user}}],
    }
    write_atomically(path, yaml.safe_dump(document, sort_keys=False))
