"""Whom to believe over TLS: the system's certificate authorities.

The image has no `/etc/ssl/certs`: Debian fills it when its package is configured, and images are made by unpacking.
Where the usual places are empty, the package's own files are read.
"""

from __future__ import annotations

import ssl
from pathlib import Path

#: Debian's package ca-certificates, one authority per file.
AUTHORITIES = Path("/usr/share/ca-certificates/mozilla")


def context() -> ssl.SSLContext:
    """Checks certificates and names. With no authority at all every server is refused."""
    made = ssl.create_default_context()
    if not _has_authorities(ssl.get_default_verify_paths()):
        for authority in sorted(AUTHORITIES.glob("*.crt")):
            made.load_verify_locations(authority)
    return made


def _has_authorities(places: ssl.DefaultVerifyPaths) -> bool:
    return places.cafile is not None or (places.capath is not None and any(Path(places.capath).iterdir()))
