"""Policies, and objects among each other."""

from __future__ import annotations

from tests.controls.sabotage import Edit
from tests.mutants.catalogue.edits import GETH, LOCAL, PRYSM, template
from tests.mutants.mutant import CHECKS, KUBERNETES, SCHEMA, Mutant

POLICIES = (
    Mutant(
        "namespaces deny nothing",
        Edit(
            "charts/infrastructure/templates/policies/default-deny.yaml",
            "policyTypes: [Ingress, Egress]",
            "policyTypes: [Ingress]",
        ),
        by="namespaces_deny_by_default",
        defect="no network policies",
    ),
    Mutant(
        "a policy has an empty list",
        Edit(
            "charts/infrastructure/templates/policies/default-deny.yaml",
            "policyTypes: [Ingress, Egress]\n",
            "policyTypes: [Ingress, Egress]\n  ingress: []\n",
        ),
        by="policies_have_no_empty_lists",
    ),
    Mutant(
        "a policy selects nobody",
        template(
            "network/genesis-networkpolicy.yaml",
            '"name" (include "ethereum.network.genesis" .Values.network)) | nindent 6',
            '"name" "genesis-job") | nindent 6',
        ),
        by="policies_select_pods",
    ),
    Mutant(
        "a policy opens a port that nobody has",
        template(
            "_networkpolicies.tpl",
            "{port: {{ $ports.consensus.metrics }}, protocol: TCP}",
            "{port: 5054, protocol: TCP}",
        ),
        by="policies_admit_to_ports_that_exist",
    ),
    Mutant(
        "no policy opens the metrics of the consensus client",
        template("_networkpolicies.tpl", "        - {port: {{ $ports.consensus.metrics }}, protocol: TCP}\n", ""),
        by="services_are_let_in",
    ),
    Mutant(
        "the internet may call the RPC",
        template(
            "_networkpolicies.tpl",
            "        - namespaceSelector: {{ toJson .root.Values.networkPolicy.rpcClients.namespaceSelector }}\n"
            "          podSelector: {{ toJson .root.Values.networkPolicy.rpcClients.podSelector }}\n",
            "        - ipBlock: {cidr: 0.0.0.0/0}\n",
        ),
        by="policies_name_whom_they_admit",
    ),
    Mutant(
        "nodes may not call each other's Beacon API",
        template(
            "_networkpolicies.tpl",
            "{{- with $client.consensus -}}{{- $others = append $others (.ports.beacon | int) -}}{{- end -}}\n",
            "",
        ),
        by="peers_may_call_each_other",
    ),
    Mutant(
        "a namespace is privileged without a reason",
        Edit(
            "values/infrastructure/common.yaml",
            "  ethereum:\n    podSecurity: restricted\n",
            "  ethereum:\n    podSecurity: privileged\n",
        ),
        by=CHECKS,
    ),
    Mutant(
        "namespaces enforce nothing",
        Edit(
            "charts/infrastructure/templates/namespaces/namespace.yaml",
            "    pod-security.kubernetes.io/enforce: {{ $namespace.podSecurity }}\n",
            "",
        ),
        by="namespaces_enforce_pod_security",
    ),
)

OBJECTS = (
    Mutant(
        "an API version is gone from Kubernetes",
        template("_statefulset.tpl", "apiVersion: policy/v1\n", "apiVersion: policy/v1beta1\n"),
        by=KUBERNETES,
        defect="disruption budgets of policy/v1beta1 in ten charts",
    ),
    Mutant(
        "a field is misspelt",
        template("_services.tpl", "publishNotReadyAddresses: true", "publishNotReadyAdresses: true"),
        by=KUBERNETES,
    ),
    Mutant(
        "a number is a text",
        template("_statefulset.tpl", "replicas: {{ .node.replicas }}", "replicas: {{ .node.replicas | quote }}"),
        by=KUBERNETES,
    ),
    Mutant(
        "two objects have one name",
        template("_services.tpl", '(printf "%s-%s" $scope.node.name .purpose)', "$scope.node.name"),
        by="objects_are_unique",
    ),
    Mutant(
        "a workload takes another's pods",
        template(
            "_statefulset.tpl",
            'matchLabels: {{- include "ethereum.selector" (dict "root" .root "name" $name) | nindent 6 }}',
            "matchLabels: {app.kubernetes.io/part-of: ethereum-node-infra}",
        ),
        by="workloads_select_their_own_pods",
    ),
    Mutant(
        "a value is misspelt",
        Edit(LOCAL, "    gracePeriodSeconds: 120\n    snapshots", "    graceSeconds: 120\n    snapshots"),
        by=SCHEMA,
        defect="a documented key that no template reads is ignored",
    ),
    Mutant(
        "values are one level too high",
        Edit(LOCAL, "  nodes:\n    - name: geth\n", "  gracePeriodSeconds: 120\n  nodes:\n    - name: geth\n"),
        by=SCHEMA,
        defect="values that are indented wrongly are ignored",
    ),
    Mutant(
        "a client has a key that no template reads",
        Edit(
            GETH,
            "      metrics:\n        path: /debug",
            "      metricsPath: /metrics\n      metrics:\n        path: /debug",
        ),
        by=SCHEMA,
    ),
    Mutant(
        "a network contradicts itself",
        Edit("values/networks/devnet.yaml", "  chainId: 32382\n  public", "  chainId: 32383\n  public"),
        by=CHECKS,
    ),
    Mutant(
        "a client cannot have the chain's epochs",
        Edit(
            PRYSM,
            "presets: {mainnet: 32, minimal: 8, interop: 6}\n      anyPreset: true",
            "presets: {mainnet: 32, minimal: 8}\n      anyPreset: false",
        ),
        by=CHECKS,
    ),
)
