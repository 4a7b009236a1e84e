"""What keeps nodes from each other, and ends them too early."""

from __future__ import annotations

from tests.controls.catalogue.edits import CHART, PREPARED
from tests.controls.sabotage import Bundle, Edit, Sabotage

CUT_OFF = Bundle(
    name="cut-off",
    prepared=(
        *PREPARED,
        # Three times what a late node needs here.
        Edit("environments/default.yaml", "\n  sync: 900\n", "\n  sync: 120\n"),
    ),
    sabotages=(
        Sabotage(
            name="no-devp2p",
            breaks="Policies deny devp2p, and a node without peers counts as ready.",
            edits=(
                Edit(
                    "values/ethereum/local.yaml",
                    "sync:\n  defaults:\n",
                    "networkPolicy: {devp2p: false}\n\nsync:\n  defaults:\n    minPeers: 0\n",
                ),
            ),
            fails={
                "Sync nodes peer by devp2p": "execution, consensus: {",
                "A transaction sent to one node of each client is seen with the same receipt on all": "receipt",
                "a peer reaches a sync node on port 30303": "30303",
                "Erigon 3.1.0-dev, built from source here, joins late and follows the chain": "Block(number=0",
                # Cut-off nodes carry another label than the one by which a peer knows them.
                "a peer reaches a sync node on port 13000": "13000",
            },
        ),
        Sabotage(
            name="lag-is-death",
            breaks="Liveness asks for readiness.",
            edits=(Edit(f"{CHART}/templates/_execution.tpl", "path: /livez", "path: /readyz"),),
            fails={"Lag takes a node out of service and never restarts it": "restarts"},
        ),
        Sabotage(
            name="no-grace",
            breaks="Nodes are killed a second after they are told to stop.",
            edits=(
                Edit(
                    f"{CHART}/templates/_pod.tpl",
                    'terminationGracePeriodSeconds: {{ include "ethereum.grace" . }}',
                    "terminationGracePeriodSeconds: 1",
                ),
            ),
            fails={"A sync node of each client stops cleanly, and continues the same chain": "s of 1s"},
        ),
        Sabotage(
            name="web-ports-only",
            breaks="Nodes may fetch a genesis state at the ports of the web only, whatever its address says.",
            edits=(
                Edit(
                    f"{CHART}/templates/_networkpolicies.tpl",
                    '{{- $ports = append $ports (trimPrefix ":" .) -}}',
                    "",
                ),
            ),
            fails={
                "A node that knows a network by its files alone joins it and follows it": "the pod of late node guest",
                "A node starts nothing from a genesis state that is not the promised one": "refuses the state",
            },
        ),
        Sabotage(
            name="budget-for-all",
            breaks="The disruption budget of a node lets all its replicas go at once.",
            edits=(
                Edit(
                    f"{CHART}/templates/_statefulset.tpl",
                    "maxUnavailable: {{ .node.maxUnavailable }}",
                    "maxUnavailable: 100%",
                ),
            ),
            fails={
                "An eviction is held back until the replica that was evicted before is replaced and ready": (
                    "refused 0 times"
                ),
            },
        ),
    ),
    untouched=(
        "an RPC client reaches a sync node on port 8546",
        "A node that follows its consensus client at a distance gets no traffic",
        "Services lead to the ports that the containers serve",
        "The Engine API answers nobody but the consensus client of its own pod",
        "The JWT secret is made in the pod and is nowhere else",
        "Every service account of the layers has exactly the rights that are listed for it",
        "a stranger reaches the DNS service on port 53",
    ),
)
