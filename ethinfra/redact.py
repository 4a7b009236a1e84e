"""Keeps secrets out of logs, evidence and reports.

Two nets, because each has holes: values that are known to be secret (registered when they are read) are replaced
wherever they occur, and shapes that secrets have (bearer tokens, private keys, passwords in URLs) are replaced
whether or not anybody registered them.
"""

from __future__ import annotations

import base64
import re

MASK = "«redacted»"

_SHAPES = (
    re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.S),
    # JSON web tokens: three base64url parts, the first of which is a JSON object.
    re.compile(r"\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+"),
    re.compile(r"(?i)(?<=\bauthorization: )\s*(basic|bearer)\s+\S+"),
    re.compile(r"(?i)(?<=\bbearer )\s*[A-Za-z0-9._~+/=-]{16,}"),
    re.compile(r"(?<=://)[^/\s:@]+:[^/\s@]+(?=@)"),
    re.compile(r"(?i)(?<=password[\"']: )\"[^\"]*\"|(?<=password=)[^\s&\"']+"),
)


class Redactor:
    """Replaces secrets in text. Values shorter than 8 characters are not registered: they would hit ordinary words."""

    def __init__(self) -> None:
        self._values: set[str] = set()

    def register(self, value: str | bytes) -> None:
        """Remember a secret, in its plain and in its base64 form."""
        raw = value if isinstance(value, bytes) else value.encode()
        plain = raw.decode(errors="ignore").strip()
        if len(plain) >= 8:
            self._values.add(plain)
            self._values.add(plain.removeprefix("0x"))
            self._values.add(base64.b64encode(raw).decode())

    def __call__(self, text: str) -> str:
        for value in sorted(self._values, key=len, reverse=True):
            text = text.replace(value, MASK)
        for shape in _SHAPES:
            text = shape.sub(MASK, text)
        return text


#: The redactor of this process. Whoever reads a secret registers it here; whoever writes evidence calls it.
redact = Redactor()
