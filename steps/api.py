"""Steps that hold what is rendered against a live API server."""

from __future__ import annotations

import json

from pytest_bdd import then

from ethinfra.deploy.schemas import Kind, compare_openapi, openapi_document, validator
from ethinfra.environment import Environment
from ethinfra.kube import Kube
from ethinfra.toolchain import default_store
from ethinfra.trial.dry_run import distinct, refusals
from fixtures.evidence import Evidence
from fixtures.matrix import Matrix
from fixtures.statuses import not_applicable


@then("the API server defines every kind that is rendered as the kept document does")
def document_is_served(matrix: Matrix, kube: Kube, evidence: Evidence) -> None:
    """Only a server of the same version can: another one is NOT_APPLICABLE."""
    ours, theirs = default_store().binary("kube-apiserver").version, kube.server_version()
    if ours != theirs:
        not_applicable(f"the cluster runs Kubernetes {theirs}, and the kept document is of {ours}")
    kinds = validator().builtin(matrix.objects)
    served = json.loads(kube.kubectl("get", "--raw", "/openapi/v2").stdout)
    evidence.attach("kinds", sorted(str(kind) for kind in kinds))
    said = compare_openapi(served, openapi_document(), kinds)
    assert kinds, "nothing is rendered"
    assert not said, "\n".join(said)


@then("a server-side dry run takes every object whose kind the cluster serves")
def dry_run_takes(matrix: Matrix, kube: Kube, env: Environment, evidence: Evidence) -> None:
    """Each distinct object of the matrix once. Kinds of layers that are not written yet are named in the evidence."""
    objects = distinct(matrix.objects)
    served = {kind for kind in map(Kind.of, objects) if kube.serves(kind.name, kind.api_version)}
    known = [one for one in objects if Kind.of(one) in served]
    unknown = sorted({str(Kind.of(one)) for one in objects} - {str(kind) for kind in served})
    evidence.attach("dry run", {"objects": len(known), "kinds that the cluster does not serve": unknown})
    assert known, "the cluster serves none of the kinds"
    said = refusals(kube, known, within=env.timeout("layer"))
    assert not said, "\n".join(said)
