"""What several mutants edit, and how."""

from __future__ import annotations

from tests.controls.sabotage import Edit

CHART = "charts/ethereum-infrastructure"
GETH, PRYSM = "values/clients/geth.yaml", "values/clients/prysm.yaml"
LOCAL = "values/ethereum/local.yaml"


def template(name: str, old: str, new: str) -> Edit:
    """Of the ethereum chart's templates."""
    return Edit(f"{CHART}/templates/{name}", old, new)


def autoscaler(resource: str) -> Edit:
    """Adds one to each sync node, which scales by a share of a resource."""
    budget = '{{ include "ethereum.poddisruptionbudget" (dict "root" $ "role" "sync" "node" $node) }}\n'
    scaler = f"""---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {{name: {{{{ $node.name }}}}, namespace: {{{{ $.Release.Namespace }}}}}}
spec:
  scaleTargetRef: {{apiVersion: apps/v1, kind: StatefulSet, name: {{{{ $node.name }}}}}}
  maxReplicas: 4
  metrics: [{{type: Resource, resource: {{name: {resource}, target: {{type: Utilization, averageUtilization: 70}}}}}}]
"""
    return template("sync/poddisruptionbudget.yaml", budget, budget + scaler)
