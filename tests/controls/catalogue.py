"""All sabotages, by the cluster on which they are tried."""

from __future__ import annotations

from tests.controls.sabotage import Bundle, Edit, Sabotage

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

#: Nothing is waited for that comes: these seconds are spent for each scenario that fails by waiting.
LESS_PATIENCE = (
    Edit("environments/default.yaml", "\n  pod: 120\n", "\n  pod: 45\n"),
    Edit("environments/default.yaml", "\n  policy: 30\n", "\n  policy: 15\n"),
)

REGISTRY = Bundle(
    name="registry",
    prepared=(OBJECTS_ARE_ENOUGH, *LESS_PATIENCE),
    sabotages=(
        Sabotage(
            name="puller-writes",
            breaks="The gateway takes writes from the pull account, too.",
            edits=(
                Edit("charts/registry/files/nginx.conf", "default push.htpasswd;", "default all.htpasswd;"),
                Edit("charts/registry/files/nginx.conf", '        "1:pull" 1;\n', ""),
            ),
            fails={
                "the pull account may push: forbidden": "'allowed' == 'forbidden'",
                "the pull account may delete: forbidden": "'allowed' == 'forbidden'",
            },
        ),
        Sabotage(
            name="anonymous",
            breaks="The registry's API asks nobody for an account.",
            edits=(
                Edit(
                    "charts/registry/files/nginx.conf",
                    "        location /v2/ {\n",
                    "        location /v2/ {\n            auth_basic off;\n",
                ),
            ),
            fails={
                "nobody may pull: unauthorized": "'allowed' == 'unauthorized'",
                "nobody may push: unauthorized": "'allowed' == 'unauthorized'",
            },
        ),
        Sabotage(
            name="open-page",
            breaks="The management page is shown without a login.",
            edits=(
                Edit(
                    "charts/registry/files/nginx.conf",
                    "        location /ui/ {\n",
                    "        location /ui/ {\n            auth_basic off;\n",
                ),
            ),
            fails={"The management page is shown after a login only": "200 == 401"},
        ),
        Sabotage(
            name="wrong-usage",
            breaks="What is reported as usage is another folder than the stored bytes.",
            edits=(
                Edit(
                    "charts/registry/files/nginx.conf",
                    "alias /var/lib/registry/docker/registry/v2/blobs/;",
                    "alias /var/lib/registry/docker/registry/v2/repositories/;",
                ),
            ),
            fails={
                "What is stored is listed with its size": ">= (1 * 1048576)",
                "Space of what was deleted is given back, and what is still tagged stays": "before the collection",
            },
        ),
        Sabotage(
            name="memory-only",
            breaks="The registry's volume is as old as its pod.",
            edits=(
                Edit(
                    "charts/registry/templates/statefulset.yaml",
                    "        - name: run\n          emptyDir:",
                    "        - name: data\n          emptyDir: {}\n        - name: run\n          emptyDir:",
                ),
                Edit(
                    "charts/registry/templates/statefulset.yaml",
                    "  volumeClaimTemplates:\n    - apiVersion: v1\n      kind: PersistentVolumeClaim\n"
                    "      metadata:\n        name: data\n",
                    "  volumeClaimTemplates:\n    - apiVersion: v1\n      kind: PersistentVolumeClaim\n"
                    "      metadata:\n        name: unused\n",
                ),
            ),
            fails={"Content survives a restart of the registry": "status 404"},
        ),
        Sabotage(
            name="no-mirror",
            breaks="Nodes are not told to pull through the registry.",
            edits=(
                Edit(
                    "helmfiles/local-registry.helmfile.yaml.gotmpl",
                    "args: [registry, mirror, --env, {{ .Environment.Name }}]",
                    "args: [--help]",
                ),
            ),
            fails={"A pod's image under its upstream name comes from the registry": "Pull"},
        ),
        Sabotage(
            name="unsaid-growth",
            breaks="Storage classes leave it to a default whether volumes can grow.",
            edits=(
                Edit(
                    "charts/infrastructure/templates/storage/storageclass.yaml",
                    "allowVolumeExpansion: {{ $class.allowVolumeExpansion }}\n",
                    "",
                ),
            ),
            fails={
                "Storage classes state what happens to data and whether volumes can grow": "allowVolumeExpansion",
            },
        ),
        Sabotage(
            name="version-only",
            breaks="Images are pushed by their version alone.",
            edits=(
                Edit(
                    "ethinfra/images/store.py",
                    'return (self.image.tag, f"{self.image.tag}-g{commit}") if commit else (self.image.tag,)',
                    "return (self.image.tag,)",
                ),
            ),
            fails={
                "A pushed image is there by its version and by its commit, and is pulled as it was built": (
                    "tells a commit"
                ),
            },
        ),
    ),
    untouched=(
        "the push account may push: allowed",
        "the push account may pull: allowed",
        "the pull account may pull: allowed",
        "Every binary of the toolchain is the one that was recorded when it was built",
        "The machine carries one link of the cluster and none of its rules",
    ),
)

OPEN = Bundle(
    name="open",
    prepared=(OBJECTS_ARE_ENOUGH, *LESS_PATIENCE),
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

CUT_OFF = Bundle(
    name="cut-off",
    prepared=(
        OBJECTS_ARE_ENOUGH,
        *LESS_PATIENCE,
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

SNAPSHOTS = Bundle(
    name="snapshots",
    prepared=(OBJECTS_ARE_ENOUGH, *LESS_PATIENCE),
    sabotages=(
        Sabotage(
            name="proved-unseen",
            breaks="A candidate is promoted without a look at the node that was started from it.",
            edits=(
                Edit(
                    "ethinfra/snapshot/job/promote.py",
                    "            must_be_the_recorded_node(rpc, run, within=place.plan.job_plan.test_seconds)\n",
                    "            pass\n",
                ),
            ),
            fails={
                "What does not start a node is not promoted: all of its data is lost": "assert not True",
                "What does not start a node is not promoted: its newest table loses its end": "assert not True",
            },
        ),
        Sabotage(
            name="fetched-anew",
            breaks="A restore fetches what is there already.",
            edits=(
                Edit(
                    "ethinfra/snapshot/restore.py",
                    "if target.before > chunk.offset and self._is_there(target, chunk):",
                    "if target.before < 0 and self._is_there(target, chunk):",
                ),
            ),
            fails={"A restore over an older copy fetches only what differs": "fetched"},
        ),
        Sabotage(
            name="believed-bytes",
            breaks="What comes from the registry is not compared with its digest.",
            edits=(
                Edit(
                    "ethinfra/snapshot/chunks.py",
                    "    if hashlib.sha256(data).digest() != chunk.raw:\n",
                    "    if chunk.size < 0:\n",
                ),
            ),
            fails={"A snapshot with a wrong digest is refused, and the one before it is used": "restored"},
        ),
        Sabotage(
            name="held-for-ever",
            breaks="The hold of a job that was killed does not expire.",
            edits=(
                Edit("ethinfra/probe/hold.py", "        if untouched > patience:\n", "        if untouched > 86400:\n"),
            ),
            fails={
                'A job that is killed in phase "copy" leaves the last good snapshot, and the node runs again': "ready",
            },
        ),
        Sabotage(
            name="nobody-is-asked",
            breaks="Old snapshots are removed whatever pods stand on.",
            edits=(
                Edit(
                    "ethinfra/snapshot/job/prune.py",
                    "used = in_use(cluster, plan.ports.probe, patience=patience)",
                    "used: set[str] = set()",
                ),
            ),
            fails={
                "Retention by count and age": "==",
                "Nothing goes while a pod does not say what it was restored from": "assert not True",
            },
        ),
    ),
    untouched=(
        "A snapshot with a flipped bit is refused, and the one before it is used",
        "What would go is shown first",
    ),
)

SERVING = Bundle(
    name="serving",
    prepared=(OBJECTS_ARE_ENOUGH, *LESS_PATIENCE),
    sabotages=(
        Sabotage(
            name="nothing-restored",
            breaks="A serve node starts with an empty volume.",
            edits=(
                Edit(
                    "ethinfra/snapshot/job/commands.py",
                    "        restore(plan, _store(plan), options.data)\n    except",
                    "        say(str(plan.client))\n    except",
                ),
            ),
            fails={
                "A serve node has its data from the newest snapshot, and is ready at the head only": "was restored",
            },
        ),
        Sabotage(
            name="no-drain",
            breaks="Nodes stop as soon as they are told to.",
            edits=(Edit(f"{CHART}/templates/_serve.tpl", "{{- with .node.drainSeconds -}}", '{{- with "" -}}'),),
            fails={
                "From one replica to three and back under load": "failed of",
                "While one replica is held for its snapshot, the Service answers through the other": "failed of",
            },
        ),
        Sabotage(
            name="no-limits",
            breaks="geth is told no limit on batches.",
            edits=(
                Edit(
                    GETH,
                    "          - --rpc.batch-request-limit={{ .node.rpc.limits.batchRequests | int64 }}\n",
                    "",
                ),
            ),
            fails={"Batches beyond the limit are refused, those within it are answered": "batch"},
        ),
        Sabotage(
            name="always-pulled",
            breaks="A pod pulls its image though the node has it.",
            edits=(Edit("ethinfra/trial/pods.py", '"imagePullPolicy": "IfNotPresent"', '"imagePullPolicy": "Always"'),),
            fails={"Nodes serve on, and a pod starts whose image is there": "runs"},
        ),
    ),
    untouched=("A client of the serve nodes' Service for WebSocket receives each head once and in order",),
)

BUNDLES = (REGISTRY, OPEN, CUT_OFF, BELIEVED, SNAPSHOTS, SERVING)
