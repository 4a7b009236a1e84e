"""Ports, flags, probes and Services."""

from __future__ import annotations

from ethinfra.deploy.rules import containers, engine, ports, probes, services
from tests.charts.draft import Draft
from tests.charts.mutations.mutation import GETH, REGISTRY, VALIDATORS, breaks


@breaks(ports.opened_ports_are_declared, GETH)
def flag_of_the_operators_opens_a_port(draft: Draft) -> None:
    draft.container(GETH, "execution")["args"] += ["--pprof", "--pprof.addr=0.0.0.0", "--pprof.port=6061"]


@breaks(ports.calls_inside_the_pod_arrive, GETH)
def probe_asks_a_port_of_nobody(draft: Draft) -> None:
    draft.argument(GETH, "probe", "--execution=http://127.0.0.1:8545", "--execution=http://127.0.0.1:8540")


@breaks(ports.ports_are_opened_once, GETH)
def port_has_the_name_of_another(draft: Draft) -> None:
    draft.container(GETH, "probe")["ports"][0]["name"] = "rpc"


@breaks(containers.paths_are_mounted, GETH)
def client_writes_where_no_volume_is(draft: Draft) -> None:
    draft.argument(GETH, "execution", "--ipcpath=/tmp/geth.ipc", "--ipcpath=/run/geth.ipc")


@breaks(containers.shells_hand_over, REGISTRY)
def shell_ends_with_a_program_of_its_own(draft: Draft) -> None:
    draft.container(REGISTRY, "registry")["command"] = ["/bin/bash", "-ec", "exec 3>&1; registry serve"]


@breaks(containers.pods_stay_off_the_host, GETH)
def volume_is_a_network_file_system(draft: Draft) -> None:
    volume = draft.volume(GETH, "execution-tmp")
    del volume["emptyDir"]
    volume["nfs"] = {"server": "files.example", "path": "/"}


@breaks(containers.privileges_do_not_grow, GETH)
def container_sees_the_kernels_files(draft: Draft) -> None:
    draft.container(GETH, "consensus")["securityContext"]["procMount"] = "Unmasked"


@breaks(containers.caches_fit_in_memory, GETH)
def cache_of_the_operators_is_too_large(draft: Draft) -> None:
    draft.argument(GETH, "execution", "--cache=128", "--cache=768")


@breaks(engine.clients_share_one_secret, GETH)
def secret_is_another_file_of_the_volume(draft: Draft) -> None:
    draft.argument(GETH, "consensus", "--jwt-secret=/jwt/jwt.hex", "--jwt-secret=/jwt/other.hex")


@breaks(engine.nodes_are_pairs, GETH)
def sidecar_drives_the_execution_client(draft: Draft) -> None:
    second = draft.container(GETH, "consensus") | {"name": "second"}
    draft.pod(GETH)["containers"].append(second)


@breaks(probes.the_probe_judges_the_chain, GETH)
def node_has_no_probe(draft: Draft) -> None:
    draft.pod(GETH)["containers"].remove(draft.container(GETH, "probe"))


@breaks(probes.clients_have_time_to_start, GETH)
def client_may_be_restarted_while_it_starts(draft: Draft) -> None:
    del draft.container(GETH, "consensus")["startupProbe"]


@breaks(services.services_lead_to_ports, "Service ethereum/validators-metrics")
def service_selects_nobody(draft: Draft) -> None:
    draft["Service ethereum/validators-metrics"]["spec"]["selector"]["app.kubernetes.io/name"] = "validator"


@breaks(services.services_lead_to_ports, "Service ethereum/geth-metrics")
def service_selects_everybody(draft: Draft) -> None:
    draft["Service ethereum/geth-metrics"]["spec"]["selector"] = {"app.kubernetes.io/part-of": "ethereum-node-infra"}


@breaks(services.services_lead_to_ports, "Service ethereum/validators-beacon")
def service_leads_to_no_port(draft: Draft) -> None:
    draft["Service ethereum/validators-beacon"]["spec"]["ports"][0]["targetPort"] = "beacon-api"


@breaks(services.services_lead_to_ports, "Service ethereum/validators-p2p")
def service_speaks_another_protocol(draft: Draft) -> None:
    for port in draft["Service ethereum/validators-p2p"]["spec"]["ports"]:
        if port["name"] == "beacon-udp":
            port["protocol"] = "TCP"


@breaks(services.services_lead_to_ports, "Service ethereum/validators-beacon")
def service_names_its_port_by_number(draft: Draft) -> None:
    draft["Service ethereum/validators-beacon"]["spec"]["ports"][0]["targetPort"] = 3500


@breaks(services.services_lead_to_ports, "Service ethereum/validators-metrics")
def container_port_has_moved(draft: Draft) -> None:
    port = next(one for one in draft.container(VALIDATORS, "execution")["ports"] if one["name"] == "metrics")
    port["containerPort"] = 6061
    for one in draft["NetworkPolicy ethereum/validators-metrics"]["spec"]["ingress"][0]["ports"]:
        one["port"] = 6061 if one["port"] == 6060 else one["port"]


@breaks(services.services_are_let_in, "Service ethereum/geth-rpc")
def policy_forgets_websocket(draft: Draft) -> None:
    ports = draft["NetworkPolicy ethereum/geth-rpc"]["spec"]["ingress"][0]["ports"]
    ports[:] = [port for port in ports if port["port"] != 8546]


@breaks(services.services_are_let_in, "Service local-registry/registry")
def policy_of_the_registry_is_missing(draft: Draft) -> None:
    draft.remove("NetworkPolicy local-registry/registry")


@breaks(services.sync_nodes_are_found, GETH)
def service_is_missing(draft: Draft) -> None:
    draft.remove("Service ethereum/geth-beacon")


@breaks(services.only_ready_nodes_answer_users, "Service ethereum/geth-p2p")
def peers_find_ready_nodes_only(draft: Draft) -> None:
    del draft["Service ethereum/geth-p2p"]["spec"]["publishNotReadyAddresses"]


@breaks(services.only_ready_nodes_answer_users, "Service ethereum/devnet-bootnode")
def bootnode_is_hidden_until_it_is_ready(draft: Draft) -> None:
    draft["Service ethereum/devnet-bootnode"]["spec"]["publishNotReadyAddresses"] = False
