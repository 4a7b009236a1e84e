"""What lets a node be believed that should not be."""

from __future__ import annotations

from tests.controls.catalogue.edits import CHART, OBJECTS_ARE_ENOUGH
from tests.controls.sabotage import Bundle, Edit, Sabotage

#: The lies of features/sync/readiness.feature that a TCP probe believes: all of them.
LIES = (
    "stops its head, in both clients, and keeps its ports open",
    "says eth_syncing: false at block 0",
    "follows another chain",
    "has no peers",
    "has lost its consensus client",
    "answers HTTP 200 with an error in the body",
    "accepts connections and never answers",
    "follows its consensus client at a distance",
)

BELIEVED = Bundle(
    name="believed",
    prepared=(OBJECTS_ARE_ENOUGH, Edit("environments/default.yaml", "\n  readiness: 60\n", "\n  readiness: 40\n")),
    sabotages=(
        Sabotage(
            name="tcp-probe",
            breaks="Readiness asks for an open port.",
            edits=(
                Edit(
                    f"{CHART}/templates/_execution.tpl",
                    "httpGet: {path: /readyz, port: {{ .root.Values.probe.port }}}",
                    "tcpSocket: {port: rpc}",
                ),
            ),
            fails={
                **{f"A node that {lie} gets no traffic": "is out of service" for lie in LIES},
                "A node whose consensus client is frozen is out of service until it continues": "is out of service",
            },
        ),
        Sabotage(
            name="another-chain",
            breaks="The sync nodes make another genesis than the validators.",
            edits=(
                Edit(
                    "values/clients/prysm.yaml",
                    "--num-validators={{ .network.genesis.validators }}\n          - --genesis-time",
                    "--num-validators={{ if .node.bootnode }}64{{ else }}63{{ end }}\n          - --genesis-time",
                ),
            ),
            fails={
                "Blocks advance and finalize on every node": "goes from block 0",
                "Heads stay together and never contradict each other": "the same head throughout",
            },
        ),
        Sabotage(
            name="wide-role",
            breaks="The genesis job may delete and list what it creates, create pods, and edit local-registry.",
            edits=(
                Edit(
                    f"{CHART}/templates/network/genesis-role.yaml",
                    "    resources: [configmaps, secrets]\n    verbs: [create]",
                    "    resources: [configmaps, secrets, pods]\n    verbs: [create, delete, list]",
                ),
                Edit(
                    f"{CHART}/templates/network/genesis-rolebinding.yaml",
                    "\n{{ end -}}",
                    "\n---\n"
                    "apiVersion: rbac.authorization.k8s.io/v1\n"
                    "kind: RoleBinding\n"
                    "metadata: {name: stray, namespace: local-registry}\n"
                    "roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: edit}\n"
                    "subjects:\n"
                    "  - {kind: ServiceAccount, name: devnet-genesis, namespace: ethereum}\n"
                    "{{ end -}}",
                ),
            ),
            fails={
                "Every service account of the layers has exactly the rights that are listed for it": "in local-reg",
                "ethereum/devnet-genesis may create configmaps: denied": "'allowed' == 'denied'",
                "ethereum/devnet-genesis may delete configmaps: denied": "'allowed' == 'denied'",
                "ethereum/devnet-genesis may list secrets: denied": "'allowed' == 'denied'",
                "ethereum/devnet-genesis may create pods: denied": "'allowed' == 'denied'",
            },
        ),
        Sabotage(
            name="wide-jobs",
            breaks="Snapshots' jobs may do to every pod what they may to their node's, make some, and read Secrets.",
            edits=(
                Edit(
                    f"{CHART}/templates/snapshots/role.yaml",
                    "    resources: [pods]\n    resourceNames: {{ toJson $pods }}\n    verbs: [get, delete]\n",
                    "    resources: [pods, secrets]\n    verbs: [get, list, create, delete]\n",
                ),
                Edit(
                    f"{CHART}/templates/snapshots/prune-role.yaml",
                    "    resources: [pods]\n    verbs: [list]\n",
                    "    resources: [pods, secrets]\n    verbs: [get, delete]\n",
                ),
            ),
            fails={
                "ethereum/snapshot-geth may delete pods: denied": "'allowed' == 'denied'",
                "ethereum/snapshot-geth may list pods: denied": "'allowed' == 'denied'",
                "ethereum/snapshot-geth may create pods: denied": "'allowed' == 'denied'",
                "ethereum/snapshot-geth may get secrets: denied": "'allowed' == 'denied'",
                "ethereum/snapshot-prune may list pods: allowed": "'denied' == 'allowed'",
                "ethereum/snapshot-prune may delete pods: denied": "'allowed' == 'denied'",
                "ethereum/snapshot-prune may get secrets: denied": "'allowed' == 'denied'",
            },
        ),
    ),
    untouched=(
        "ethereum/default may list pods: denied",
        "ethereum/default may get secrets: denied",
        "a stranger does not reach a sync node on port 8545",
        "a neighbour does not reach the registry on port 5000",
        "eth_chainId answers with its type through the RPC service",
        "A pod's image under its upstream name comes from the registry",
    ),
)
