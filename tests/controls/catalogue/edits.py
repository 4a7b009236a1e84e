"""What several bundles edit, and what lets a sabotage be seen."""

from __future__ import annotations

from tests.controls.sabotage import Edit

CHART = "charts/ethereum-infrastructure"
GETH = "values/clients/geth.yaml"

#: The harness deploys nothing on a layer that its own check refuses. Here that would end the run before a scenario is
#: tried; so a layer counts as up when its objects are. `ethinfra validate` is as it was.
OBJECTS_ARE_ENOUGH = Edit(
    "ethinfra/deploy/layers.py",
    "        _wait(cluster, environment, rendered, progress, within=left)\n    return Applied",
    "        ready = _nodes_must_be_ready(environment)\n"
    "        wait_until_healthy(Kube.of(cluster), name, rendered.lasting, within=left, ready=ready)\n"
    "    return Applied",
)

#: And nothing is waited for that comes: these seconds are spent for each scenario that fails by waiting.
PREPARED = (
    OBJECTS_ARE_ENOUGH,
    Edit("environments/default.yaml", "\n  pod: 120\n", "\n  pod: 45\n"),
    Edit("environments/default.yaml", "\n  policy: 30\n", "\n  policy: 15\n"),
)
