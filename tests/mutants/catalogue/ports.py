"""Ports: opened, declared, led to, let in, asked, scraped."""

from __future__ import annotations

from tests.controls.sabotage import Edit
from tests.mutants.catalogue.edits import GETH, PRYSM, template
from tests.mutants.mutant import SCHEMA, Mutant

PORTS = (
    Mutant(
        "WebSocket listens at another port than it is declared",
        Edit(GETH, "--ws.port={{ .ports.ws }}", "--ws.port=8547"),
        by="declared_ports_are_opened",
        defect="a WebSocket port that nobody serves",
    ),
    Mutant(
        "WebSocket is not turned on",
        Edit(GETH, "          - --ws\n", ""),
        by="declared_ports_are_opened",
        defect="a WebSocket port that nobody serves",
    ),
    Mutant(
        "metrics are not turned on",
        Edit(GETH, "          - --metrics\n", ""),
        by="declared_ports_are_opened",
        defect="a metrics port without the flag that opens it",
    ),
    Mutant(
        "metrics are on the pod's loopback",
        Edit(GETH, "--metrics.addr=0.0.0.0", "--metrics.addr=127.0.0.1"),
        by="declared_ports_are_opened",
    ),
    Mutant(
        "nobody says where metrics listen",
        Edit(
            PRYSM,
            "          - --monitoring-host=0.0.0.0\n          - --monitoring-port={{ .ports.metrics }}\n        p2p:",
            "          - --monitoring-port={{ .ports.metrics }}\n        p2p:",
        ),
        by="declared_ports_are_opened",
        defect="a client's own address is loopback",
    ),
    Mutant(
        "metrics of another client are not turned on",
        Edit("values/clients/teku.yaml", "          - --metrics-enabled=true\n", ""),
        by="declared_ports_are_opened",
        case="clients",
        defect="a metrics port without the flag that opens it",
    ),
    Mutant(
        "QUIC listens at another port than it is declared",
        Edit("values/clients/lighthouse.yaml", "          - --quic-port=9001\n", "          - --quic-port=9002\n"),
        by="declared_ports_are_opened",
        case="clients",
    ),
    Mutant(
        "a container port is another one",
        template(
            "_execution.tpl",
            "{name: metrics, containerPort: {{ $program.ports.metrics }}}",
            "{name: metrics, containerPort: 6061}",
        ),
        by="declared_ports_are_opened",
    ),
    Mutant(
        "a port is declared nowhere",
        template("_consensus.tpl", "    - {name: beacon-metrics, containerPort: {{ $program.ports.metrics }}}\n", ""),
        by="opened_ports_are_declared",
    ),
    Mutant(
        "gRPC of the consensus client is open",
        Edit(PRYSM, "--rpc-host=127.0.0.1", "--rpc-host=0.0.0.0"),
        by="opened_ports_are_declared",
    ),
    Mutant(
        "WebSocket and HTTP have one port",
        Edit(GETH, "ws: 8546,", "ws: 8545,"),
        by="ports_are_opened_once",
        defect="the port of HTTP is declared a second time for WebSocket",
    ),
    Mutant(
        "two clients of a pod have one port",
        Edit(PRYSM, "discovery: 12000, metrics: 8080}", "discovery: 12000, metrics: 6060}"),
        by="ports_are_opened_once",
    ),
    Mutant(
        "the consensus client calls the Engine API at another port",
        Edit(
            PRYSM,
            "--execution-endpoint=http://127.0.0.1:{{ .enginePort }}",
            "--execution-endpoint=http://127.0.0.1:8550",
        ),
        by="calls_inside_the_pod_arrive",
    ),
    Mutant(
        "the consensus client calls the RPC for the Engine API",
        Edit(
            PRYSM,
            "--execution-endpoint=http://127.0.0.1:{{ .enginePort }}",
            "--execution-endpoint=http://127.0.0.1:8545",
        ),
        by="calls_inside_the_pod_arrive",
    ),
    Mutant(
        "the node probe asks the wrong port for the Beacon API",
        template(
            "_probe.tpl",
            "http://127.0.0.1:{{ $consensus.ports.beacon }}",
            "http://127.0.0.1:{{ $consensus.ports.rpc }}",
        ),
        by="calls_inside_the_pod_arrive",
    ),
    Mutant(
        "the validators call nobody",
        Edit(PRYSM, "--beacon-rpc-provider=127.0.0.1:{{ .consensusRpcPort }}", "--beacon-rpc-provider=127.0.0.1:4001"),
        by="calls_inside_the_pod_arrive",
    ),
    Mutant(
        "Services lead to ports of other names",
        template("_services.tpl", "targetPort: {{ .name }}", "targetPort: {{ .name }}-api"),
        by="services_lead_to_ports",
        defect="targetPort and the container's port have different names",
    ),
    Mutant(
        "a Service has another port than the container",
        template(
            "_services.tpl",
            '(dict "name" "beacon" "port" $ports.consensus.beacon)',
            '(dict "name" "beacon" "port" 5052)',
        ),
        by="services_lead_to_ports",
    ),
    Mutant(
        "no Service leads to the consensus client's metrics",
        template("_services.tpl", '      (dict "name" "beacon-metrics" "port" $ports.consensus.metrics)\n', ""),
        by="sync_nodes_are_found",
    ),
    Mutant(
        "users are led to nodes that are not ready",
        template("_services.tpl", '"purpose" "rpc" "ports" $list', '"purpose" "rpc" "notReady" true "ports" $list'),
        by="only_ready_nodes_answer_users",
    ),
    Mutant(
        "a late node finds ready nodes only",
        template("_services.tpl", '"purpose" "beacon" "notReady" true', '"purpose" "beacon"'),
        by="only_ready_nodes_answer_users",
        defect="a node that is not ready is hidden from those that would make it ready",
    ),
    Mutant(
        "a monitor asks for another path",
        template("_servicemonitor.tpl", ").metrics.path }}", ').metrics.path | replace "/prometheus" "" }}'),
        by="monitors_lead_to_metrics",
        defect="a metrics path that the client does not have",
    ),
    Mutant(
        "a monitor asks for a port that the Service has not",
        template("_servicemonitor.tpl", '"beacon-metrics" "consensus"', '"metrics-beacon" "consensus"'),
        by="monitors_lead_to_metrics",
        defect="a metrics port that no Service has",
    ),
    Mutant(
        "a monitor matches every Service of a node",
        template("_services.tpl", "ethinfra.io/purpose: {{ .purpose }}", "ethinfra.io/purpose: metrics"),
        by="monitors_lead_to_metrics",
        defect="every series twice: the headless Service is scraped, too",
    ),
    Mutant(
        "the node probe is scraped twice",
        template(
            "_servicemonitor.tpl", "    - port: probe\n", "    - {port: probe, path: /metrics}\n    - port: probe\n"
        ),
        by="metrics_are_scraped_once",
        defect="every series twice",
    ),
    Mutant(
        "the consensus client is not scraped",
        template("_servicemonitor.tpl", ' "beacon-metrics" "consensus"', ""),
        by="metrics_are_scraped_once",
        defect="no monitor where a port is declared for it",
    ),
    Mutant(
        "users may change the node",
        Edit(GETH, '--http.api={{ join "," .node.rpc.namespaces }}', "--http.api=eth,net,admin"),
        by="users_get_no_administration",
        defect="admin, engine and debug on a public RPC",
    ),
    Mutant(
        "users of production may change the node",
        Edit("values/ethereum/production.yaml", "namespaces: [eth, net, web3]", "namespaces: [eth, net, web3, admin]"),
        by=SCHEMA,
        case="production",
        defect="admin, engine and debug on a public RPC",
    ),
)
