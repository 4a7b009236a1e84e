"""The cluster's own registry as a mirror: nodes pull the images of other registries through it, under their own names.

containerd reads `certs.d/<registry>/hosts.toml` with every pull, so nothing is restarted. The mirror is named as the
registry's own server, not as a first try: an image that it lacks is then an error that names the mirror.
"""

from __future__ import annotations

import base64
import json
from pathlib import Path

from ethinfra.cluster.embedded.node import MIRRORS, hosts_file
from ethinfra.cluster.embedded.plan import ClusterPlan, write_atomically
from ethinfra.cluster.embedded.spaces import Space
from ethinfra.cluster.provider import Mirror


def configure_mirror(plan: ClusterPlan, spaces: list[Space], mirror: Mirror) -> None:
    """Point every node at the mirror. Repeating it changes nothing."""
    write_atomically(plan.extra_hosts_file, json.dumps({mirror.host: mirror.address}, indent=1))
    for space in spaces:
        write_atomically(space.path("/etc/hosts"), hosts_file(plan), mode=0o644)
        authority = MIRRORS / "mirror-ca.crt"
        write_atomically(space.path(authority), mirror.ca_pem, mode=0o644)
        # Its own name too, for images that exist nowhere else.
        for upstream in (*mirror.upstreams, f"{mirror.host}:{mirror.port}"):
            folder = space.path(MIRRORS / upstream)
            write_atomically(folder / "hosts.toml", hosts_toml(mirror, upstream, authority), mode=0o600)


def hosts_toml(mirror: Mirror, upstream: str, authority: Path) -> str:
    """One registry's file. Images of another registry lie below a path of its name."""
    own = f"{mirror.host}:{mirror.port}"
    path = "/v2" if upstream == own else f"/v2/{upstream}"
    account = base64.b64encode(f"{mirror.username}:{mirror.password}".encode()).decode()
    return f"""server = "https://{own}{path}"
capabilities = ["pull", "resolve"]
override_path = true
ca = "{authority}"

[header]
  Authorization = ["Basic {account}"]
"""
