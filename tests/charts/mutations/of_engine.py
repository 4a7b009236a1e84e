"""The Engine API and its secret."""

from __future__ import annotations

from ethinfra.deploy.rules import engine
from tests.charts.draft import Draft
from tests.charts.mutations.mutation import GETH, VALIDATORS, breaks


@breaks(engine.engine_listens_on_loopback, GETH)
def engine_listens_everywhere_by_a_later_flag(draft: Draft) -> None:
    draft.container(GETH, "execution")["args"] += ["--authrpc.addr", "0.0.0.0"]  # noqa: S104 -- in a manifest


@breaks(engine.engine_listens_on_loopback, VALIDATORS)
def engine_listens_where_the_client_likes(draft: Draft) -> None:
    draft.container(VALIDATORS, "execution")["args"].remove("--authrpc.addr=127.0.0.1")


@breaks(engine.nothing_leads_to_the_engine, GETH)
def engine_port_is_declared(draft: Draft) -> None:
    draft.container(GETH, "execution")["ports"].append({"name": "engine", "containerPort": 8551})


@breaks(engine.nothing_leads_to_the_engine, "Service ethereum/geth-rpc")
def service_leads_to_the_engine(draft: Draft) -> None:
    draft["Service ethereum/geth-rpc"]["spec"]["ports"].append({"name": "engine", "port": 8551, "targetPort": 8551})


@breaks(engine.nothing_leads_to_the_engine, "Service ethereum/geth-rpc")
def service_leads_to_the_engine_from_another_port(draft: Draft) -> None:
    draft["Service ethereum/geth-rpc"]["spec"]["ports"].append({"name": "admin", "port": 80, "targetPort": 8551})


@breaks(engine.nothing_leads_to_the_engine, "NetworkPolicy ethereum/geth-rpc")
def policy_opens_a_range_around_the_engine(draft: Draft) -> None:
    draft["NetworkPolicy ethereum/geth-rpc"]["spec"]["ingress"][0]["ports"][0]["endPort"] = 8600


@breaks(engine.nothing_leads_to_the_engine, "NetworkPolicy ethereum/geth-nodes")
def policy_opens_every_port(draft: Draft) -> None:
    del draft["NetworkPolicy ethereum/geth-nodes"]["spec"]["ingress"][0]["ports"]


@breaks(engine.jwt_lives_in_memory, GETH)
def jwt_is_in_a_config_map(draft: Draft) -> None:
    volume = draft.volume(GETH, "jwt")
    del volume["emptyDir"]
    volume["configMap"] = {"name": "devnet-chain"}


@breaks(engine.jwt_lives_in_memory, GETH)
def probe_sees_the_jwt(draft: Draft) -> None:
    draft.container(GETH, "probe")["volumeMounts"] = [{"name": "jwt", "mountPath": "/jwt", "readOnly": True}]


@breaks(engine.jwt_lives_in_memory, GETH)
def client_may_write_the_jwt(draft: Draft) -> None:
    mount = next(one for one in draft.container(GETH, "consensus")["volumeMounts"] if one["name"] == "jwt")
    del mount["readOnly"]


@breaks(engine.secrets_are_in_no_manifest, GETH)
def jwt_is_a_flag(draft: Draft) -> None:
    draft.container(GETH, "execution")["args"].append("--authrpc.jwt=0x" + "5e" * 32)


@breaks(engine.secrets_are_in_no_manifest, GETH)
def jwt_is_a_variable(draft: Draft) -> None:
    draft.container(GETH, "consensus")["env"].append({"name": "JWT", "value": "5e" * 32})


@breaks(engine.secrets_are_in_no_manifest, GETH)
def jwt_is_a_variable_from_a_secret(draft: Draft) -> None:
    source = {"secretKeyRef": {"name": "jwt", "key": "jwt"}}
    draft.container(GETH, "execution")["env"].append({"name": "JWT", "valueFrom": source})


@breaks(engine.secrets_are_in_no_manifest, "Secret ethereum/jwt")
def secret_is_rendered(draft: Draft) -> None:
    draft.add("jwt", like="ConfigMap ethereum/devnet-chain", kind="Secret", data={"jwt": "NWU="})


@breaks(engine.secrets_are_in_no_manifest, "ConfigMap ethereum/devnet-chain")
def jwt_is_in_a_rendered_config_map(draft: Draft) -> None:
    draft["ConfigMap ethereum/devnet-chain"]["data"]["jwt.hex"] = "5e" * 32 + "\n"
