"""Whether an API server would take what is rendered: every field, every type, every API version; without a cluster.

Schemas are made of documents that the toolchain keeps from pinned Go modules: the OpenAPI document of a Kubernetes, and
the CRDs of the custom kinds that charts render. They are made for two Kubernetes, the newest (which clusters here boot)
and the oldest that the charts support, so a field that came in between is found as well. `kubeconform` compares; it
reads files only, and what it has no schema for is a violation.

- `kinds`        what an object is: group, version, kind
- `openapi`      schemas of what Kubernetes itself serves
- `crds`         schemas of custom kinds
- `lifecycle`    since and until when an API version is served
- `release`      all of that for one Kubernetes, kept in the cache
- `kubeconform`  the program
- `verdict`      what is wrong with objects, in sentences
- `live`         whether a live API server serves what the kept document says

Not in these schemas, so left to the server-side dry run: the values that a field may have (the kept document is made
without enums), and whatever else a server computes, such as CEL rules and keys that are there twice in a list.
"""

from __future__ import annotations

from ethinfra.deploy.schemas.kinds import Kind
from ethinfra.deploy.schemas.live import compare_openapi
from ethinfra.deploy.schemas.verdict import Validator, openapi_document, validator, violations

__all__ = ["Kind", "Validator", "compare_openapi", "openapi_document", "validator", "violations"]
