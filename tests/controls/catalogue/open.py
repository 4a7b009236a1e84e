"""What opens what is to be closed, and what is deployed wrongly beside it."""

from __future__ import annotations

from tests.controls.catalogue.edits import CHART, GETH, PREPARED
from tests.controls.sabotage import Bundle, Edit, Sabotage

OPEN = Bundle(
    name="open",
    prepared=PREPARED,
    sabotages=(
        Sabotage(
            name="nothing-denied",
            breaks="The namespace ethereum has no policy that denies by default, and its nodes have none either.",
            edits=(
                Edit(
                    "charts/infrastructure/templates/policies/default-deny.yaml",
                    "{{- if $namespace.defaultDeny }}",
                    '{{- if and $namespace.defaultDeny (ne $name "ethereum") }}',
                ),
                # A policy that admits DNS denies everything else, too.
                Edit(
                    "charts/infrastructure/templates/policies/allow-dns.yaml",
                    "{{- if $namespace.defaultDeny }}",
                    '{{- if and $namespace.defaultDeny (ne $name "ethereum") }}',
                ),
                Edit(
                    f"{CHART}/values.yaml",
                    "  enabled: true\n  # Let execution clients reach each other.",
                    "  enabled: false\n  # Let execution clients reach each other.",
                ),
            ),
            fails={
                "Every layer is healthy, and none started before the layers that it needs": "denies by default",
                "a stranger does not reach a sync node on port 8545": "is kept from",
                "a stranger does not reach a sync node on port 30303": "is kept from",
                "a neighbour does not reach a sync node on port 8545": "is kept from",
                "an RPC client does not reach a sync node on port 30303": "is kept from",
                "A pod in ethereum that no policy names is closed both ways": "is kept from",
                "Without devp2p a late node stays behind": "stays below",
            },
        ),
        Sabotage(
            name="registry-for-all",
            breaks="The registry's policy admits every pod.",
            edits=(
                Edit(
                    "charts/registry/templates/networkpolicy.yaml",
                    "matchLabels: {{- toYaml .Values.networkPolicy.clientLabels | nindent 14 }}",
                    "matchLabels: {}",
                ),
            ),
            fails={
                "a stranger does not reach the registry on port 5000": "is kept from",
                "a neighbour does not reach the registry on port 5000": "is kept from",
            },
        ),
        Sabotage(
            name="engine-outside",
            breaks="The Engine API listens on the pod's address.",
            edits=(Edit(GETH, "--authrpc.addr=127.0.0.1", "--authrpc.addr=0.0.0.0"),),
            fails={
                "The Engine API answers nobody but the consensus client of its own pod": "is kept from",
                "Not even the Kubernetes node reaches the Engine API of the pods on it": "8551: open",
            },
        ),
        Sabotage(
            name="jwt-on-disk",
            breaks="The JWT secret is written to the node's disk.",
            edits=(
                Edit(
                    f"{CHART}/templates/_volumes.tpl",
                    "emptyDir: {medium: Memory, sizeLimit: 1Mi}",
                    "emptyDir: {sizeLimit: 1Mi}",
                ),
            ),
            fails={"The JWT secret is made in the pod and is nowhere else": "volume of the JWT secret"},
        ),
        Sabotage(
            name="other-methods",
            breaks="The RPC port offers other namespaces than those that the values name.",
            edits=(
                Edit(GETH, '--http.api={{ join "," .node.rpc.namespaces }}', "--http.api=eth,net,txpool,admin,debug"),
            ),
            fails={
                "web3_clientVersion answers with its type through the RPC service": "-32601",
                "admin_nodeInfo is not offered": "a result",
                "debug_traceBlockByNumber is not offered": "-32601",
            },
        ),
        Sabotage(
            name="port-to-nowhere",
            breaks="The client's WebSocket port is another one than that of the Service.",
            edits=(Edit(GETH, "--ws.port={{ .ports.ws }}", "--ws.port=8547"),),
            fails={
                "Services lead to the ports that the containers serve": "8546",
                "A WebSocket subscriber receives each new head once and in order": "new heads over WebSocket",
                "an RPC client reaches a sync node on port 8546": "8546",
            },
        ),
        Sabotage(
            name="operators-are-all",
            breaks="The operators' view shows Secrets, and is bound to every service account.",
            edits=(
                Edit(
                    "values/infrastructure/common.yaml",
                    'operatorGroups: ["ethinfra:operators"]',
                    'operatorGroups: ["ethinfra:operators", "system:serviceaccounts"]',
                ),
                Edit(
                    "charts/infrastructure/templates/access/clusterrole-operator-view.yaml",
                    "    resources: [pods, pods/log, ",
                    "    resources: [secrets, pods, pods/log, ",
                ),
            ),
            fails={
                "Every service account of the layers has exactly the rights that are listed for it": "'secrets'",
                "ethereum/default may list pods: denied": "'allowed' == 'denied'",
                "ethereum/default may get secrets: denied": "'allowed' == 'denied'",
                "local-registry/default may get secrets: denied": "'allowed' == 'denied'",
            },
        ),
        Sabotage(
            name="privileged-namespace",
            breaks="The namespace ethereum is labelled privileged.",
            edits=(
                Edit(
                    "values/infrastructure/common.yaml",
                    "  ethereum:\n    podSecurity: restricted\n",
                    "  ethereum:\n    podSecurity: privileged\n    reason: sabotage\n",
                ),
            ),
            fails={"A privileged pod is refused in ethereum": "was admitted"},
        ),
        Sabotage(
            name="stray-workload",
            breaks="A chart puts a workload into the default namespace.",
            edits=(
                Edit(
                    "charts/infrastructure/templates/limits/priorityclass.yaml",
                    "description: {{ $priority.description | quote }}\n{{- end }}",
                    "description: {{ $priority.description | quote }}\n{{- end }}\n"
                    "---\n"
                    "apiVersion: apps/v1\n"
                    "kind: Deployment\n"
                    "metadata: {name: stray, namespace: default}\n"
                    "spec:\n"
                    "  replicas: 0\n"
                    "  selector: {matchLabels: {app: stray}}\n"
                    "  template:\n"
                    "    metadata: {labels: {app: stray}}\n"
                    "    spec: {containers: [{name: stray, image: stray}]}\n",
                ),
            ),
            fails={"Every layer has its namespace, and workloads are nowhere else": "Deployment/stray"},
        ),
        Sabotage(
            name="no-provisioner",
            breaks="Nobody provisions the volumes of one storage class.",
            edits=(
                Edit(
                    "values/infrastructure/local.yaml",
                    "    monitoring: *local",
                    "    monitoring: {provisioner: no/body, reclaimPolicy: Delete, allowVolumeExpansion: false}",
                ),
            ),
            fails={"What a pod wrote to a monitoring volume is there after the pod was replaced": "trial-writer"},
        ),
        Sabotage(
            name="no-metrics",
            breaks="The metrics server may not read the nodes' metrics.",
            edits=(
                Edit(
                    "ethinfra/cluster/embedded/addons/30-metrics.yaml",
                    "resources: [nodes/metrics]",
                    "resources: [none]",
                ),
            ),
            fails={"The cluster is upstream Kubernetes with working nodes, names and metrics": "metrics API reports"},
        ),
        Sabotage(
            name="random-render",
            breaks="One object is rendered differently each time.",
            edits=(
                Edit(
                    f"{CHART}/templates/network/configmap-chain.yaml",
                    "data:\n  config.yaml: |",
                    "  annotations: {sabotage: {{ randAlphaNum 8 | quote }}}\ndata:\n  config.yaml: |",
                ),
            ),
            fails={
                "Applying the layers again changes nothing": "ConfigMap ethereum/devnet-chain has changed",
                "Drift of one object is found, named and mended": "ConfigMap ethereum/devnet-chain",
            },
        ),
        Sabotage(
            name="data-in-the-pod",
            breaks="The execution client's data is as old as its pod.",
            edits=(
                Edit(
                    f"{CHART}/templates/_volumes.tpl",
                    '{{- $names := list "execution" "consensus" -}}',
                    '{{- $names := list "consensus" -}}',
                ),
                Edit(
                    f"{CHART}/templates/_volumes.tpl",
                    "- name: execution-tmp\n",
                    "- name: execution\n  emptyDir: {}\n- name: execution-tmp\n",
                ),
            ),
            fails={
                "A sync node of each client stops cleanly, and continues the same chain": "is not the one from before"
            },
        ),
        Sabotage(
            name="snap-is-full",
            breaks="A node that should sync by snap executes every block.",
            edits=(Edit(GETH, "snap: [--syncmode=snap]", "snap: [--syncmode=full]"),),
            fails={"Late nodes reach the same head hash by full sync and by snap sync": "state at block"},
        ),
        Sabotage(
            name="unknown-series",
            breaks="geth's file names a series that geth has not.",
            edits=(Edit(GETH, "          head: chain_head_block\n", "          head: chain_head_number\n"),),
            fails={"geth follows the chain beside its consensus client": "has no series"},
        ),
        Sabotage(
            name="impossible-mode",
            breaks="An operator's own JWT secret, which nobody here has, is mounted with bits that no file has.",
            edits=(
                Edit(
                    f"{CHART}/templates/_volumes.tpl",
                    "    defaultMode: 0440\n    items:",
                    "    defaultMode: 9999\n    items:",
                ),
            ),
            fails={"The API server would take every manifest": "defaultMode"},
        ),
    ),
    untouched=(
        "an RPC client reaches a sync node on port 8545",
        "a peer reaches a sync node on port 30303",
        "a registry client reaches the registry on port 5000",
        "A privileged pod is refused in local-registry",
        "A pod in local-registry that no policy names is closed both ways",
        "ethereum/devnet-genesis may create configmaps: denied",
        "ethereum/devnet-genesis may delete configmaps: denied",
        "ethereum/devnet-genesis may create pods: denied",
        "What a pod wrote to a chain-data volume is there after the pod was replaced",
        "eth_blockNumber answers with its type through the RPC service",
        "an unknown method is answered with error -32601",
        "Blocks advance and finalize on every node",
        "Sync nodes peer by devp2p",
        "Nodes that follow the chain are in service",
    ),
)
