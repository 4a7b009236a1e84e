"""What clients are started with, and how they reach each other."""

from __future__ import annotations

from tests.controls.sabotage import Edit
from tests.mutants.catalogue.edits import GETH, LOCAL, PRYSM, template
from tests.mutants.mutant import CHECKS, SCHEMA, Mutant

FLAGS = (
    Mutant(
        "a flag has the name of another release",
        Edit(GETH, "--maxpeers={{", "--max-peers={{"),
        by="flags_are_the_clients_own",
        defect="a renamed flag: the pod does not start",
    ),
    Mutant(
        "a flag before the start does not exist",
        Edit(GETH, "          - init\n          - --datadir=", "          - init\n          - --data-dir="),
        by="flags_are_the_clients_own",
    ),
    Mutant(
        "the tool for the genesis has no such flag",
        Edit(PRYSM, "--output-ssz=", "--ssz-out="),
        by="flags_are_the_clients_own",
    ),
    Mutant(
        "a sync mode that nobody renders has a wrong flag",
        Edit(GETH, "--gcmode=archive", "--gc-mode=archive"),
        by="flags_of_the_table_exist",
        defect="broken in what is off by default",
    ),
    Mutant(
        "a public network has a flag that went",
        Edit(GETH, "hoodi: [--hoodi]", "hoodi: [--goerli]"),
        by="flags_of_the_table_exist",
        defect="broken in what is off by default",
    ),
    Mutant(
        "an option of another client has a wrong flag",
        Edit("values/clients/lighthouse.yaml", "flags: [--semi-supernode]", "flags: [--half-supernode]"),
        by="flags_of_the_table_exist",
        case="clients",
    ),
    Mutant(
        "another client's flag has the name of another release",
        Edit("values/clients/teku.yaml", "--ee-jwt-secret-file=", "--ee-jwt-secret="),
        by="flags_are_the_clients_own",
        case="clients",
        defect="a renamed flag: the pod does not start",
    ),
)

ENGINE = (
    Mutant(
        "the Engine API listens for everybody",
        Edit(GETH, "--authrpc.addr=127.0.0.1", "--authrpc.addr=0.0.0.0"),
        by="engine_listens_on_loopback",
        defect="the Engine API is open to the cluster",
    ),
    Mutant(
        "the Engine API of another client listens for everybody",
        Edit("values/clients/nethermind.yaml", "--JsonRpc.EngineHost=127.0.0.1", "--JsonRpc.EngineHost=0.0.0.0"),
        by="engine_listens_on_loopback",
        case="clients",
        defect="the Engine API is open to the cluster",
    ),
    Mutant(
        "the consensus client calls another pod's Engine API",
        Edit(PRYSM, "http://127.0.0.1:{{ .enginePort }}", "http://geth-engine:{{ .enginePort }}"),
        by="engine_listens_on_loopback",
    ),
    Mutant(
        "a Service leads to the Engine API",
        template(
            "_services.tpl",
            '$list := list (dict "name" "rpc" "port" $ports.execution.rpc)',
            '$list := list (dict "name" "rpc" "port" $ports.execution.engine)',
        ),
        by="nothing_leads_to_the_engine",
        defect="the Engine API is open to the cluster",
    ),
    Mutant(
        "a policy opens the Engine API",
        template(
            "_networkpolicies.tpl",
            "        - {port: {{ $ports.execution.metrics }}, protocol: TCP}\n",
            "        - {port: {{ $ports.execution.metrics }}, protocol: TCP}\n"
            "        - {port: {{ $ports.execution.engine }}, protocol: TCP}\n",
        ),
        by="nothing_leads_to_the_engine",
    ),
    Mutant(
        "the JWT secret is on a disk",
        template("_volumes.tpl", "{medium: Memory, sizeLimit: 1Mi}", "{sizeLimit: 1Mi}"),
        by="jwt_lives_in_memory",
    ),
    Mutant(
        "nobody makes the JWT secret",
        template("_init.tpl", '{{- if eq (include "ethereum.jwtSource" .) "generate" -}}', "{{- if false -}}"),
        by="jwt_lives_in_memory",
    ),
    Mutant(
        "the clients read different JWT secrets",
        Edit(PRYSM, "--jwt-secret={{ .paths.jwt }}", "--jwt-secret={{ .dataDir }}/jwt.hex"),
        by="clients_share_one_secret",
        defect="the defaults of the two charts are different secrets",
    ),
    Mutant(
        "the JWT secret is mounted elsewhere",
        template(
            "_consensus.tpl",
            "- {name: jwt, mountPath: {{ dir $paths.jwt }}, readOnly: true}",
            "- {name: jwt, mountPath: /secrets, readOnly: true}",
        ),
        by="paths_are_mounted",
    ),
    Mutant(
        "the JWT secret is in the template",
        template(
            "_scope.tpl",
            "- name: POD_IP\n",
            f'- {{name: ENGINE_SECRET, value: "{"5e" * 32}"}}\n- name: POD_IP\n',
        ),
        by="secrets_are_in_no_manifest",
        defect="one public JWT secret as the default of 13 charts",
    ),
    Mutant(
        "the JWT secret is in the values",
        Edit(LOCAL, "sync:\n  defaults:\n", f'sync:\n  defaults:\n    jwt: {{fromLiteral: "{"5e" * 32}"}}\n'),
        by=SCHEMA,
        defect="a JWT secret in values",
    ),
    Mutant(
        "the JWT secret is generated and given",
        Edit(
            LOCAL, "sync:\n  defaults:\n", "sync:\n  defaults:\n    jwt: {existingSecret: {name: engine, key: jwt}}\n"
        ),
        by=CHECKS,
    ),
    Mutant(
        "an execution client has two consensus clients",
        template(
            "_pod.tpl",
            '    {{- include "ethereum.consensusContainer" . | nindent 4 }}\n',
            '    {{- include "ethereum.consensusContainer" . | nindent 4 }}\n'
            '    {{- include "ethereum.consensusContainer" . | replace "name: consensus\\n  image" '
            '"name: second\\n  image" | nindent 4 }}\n',
        ),
        by="nodes_are_pairs",
    ),
    Mutant(
        "nobody knows which client a node runs",
        template("_labels.tpl", "ethinfra.io/client: {{ .node.execution.client }}\n", ""),
        by="nodes_name_their_clients",
    ),
)
