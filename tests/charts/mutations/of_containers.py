"""What a container may do."""

from __future__ import annotations

from ethinfra.deploy.rules import containers
from tests.charts.draft import Draft
from tests.charts.mutations.mutation import GETH, REGISTRY, VALIDATORS, breaks


@breaks(containers.containers_run_as_non_root, VALIDATORS)
def init_container_runs_as_root(draft: Draft) -> None:
    draft.container(VALIDATORS, "genesis")["securityContext"]["runAsUser"] = 0


@breaks(containers.containers_run_as_non_root, REGISTRY)
def pod_names_no_user(draft: Draft) -> None:
    del draft.pod(REGISTRY)["securityContext"]["runAsUser"]


@breaks(containers.root_file_systems_are_read_only, REGISTRY)
def nobody_says_whether_the_image_is_writable(draft: Draft) -> None:
    del draft.container(REGISTRY, "gateway")["securityContext"]["readOnlyRootFilesystem"]


@breaks(containers.privileges_do_not_grow, VALIDATORS)
def container_is_privileged(draft: Draft) -> None:
    draft.container(VALIDATORS, "validator")["securityContext"]["privileged"] = True


@breaks(containers.privileges_do_not_grow, GETH)
def init_container_may_gain_privileges(draft: Draft) -> None:
    del draft.container(GETH, "jwt")["securityContext"]["allowPrivilegeEscalation"]


@breaks(containers.capabilities_are_dropped, GETH)
def capability_is_added(draft: Draft) -> None:
    draft.container(GETH, "consensus")["securityContext"]["capabilities"]["add"] = ["NET_ADMIN"]


@breaks(containers.capabilities_are_dropped, REGISTRY)
def only_some_capabilities_are_dropped(draft: Draft) -> None:
    draft.container(REGISTRY, "registry")["securityContext"]["capabilities"]["drop"] = ["NET_RAW"]


@breaks(containers.system_calls_are_filtered, GETH)
def pod_has_no_seccomp_profile(draft: Draft) -> None:
    del draft.pod(GETH)["securityContext"]["seccompProfile"]


@breaks(containers.pods_stay_off_the_host, GETH)
def container_takes_a_port_of_the_host(draft: Draft) -> None:
    draft.container(GETH, "execution")["ports"][0]["hostPort"] = 8545


@breaks(containers.resources_are_stated, GETH)
def memory_has_no_limit(draft: Draft) -> None:
    del draft.container(GETH, "execution")["resources"]["limits"]["memory"]


@breaks(containers.resources_are_stated, REGISTRY)
def container_requests_nothing(draft: Draft) -> None:
    del draft.container(REGISTRY, "registry")["resources"]["requests"]


@breaks(containers.images_are_named_exactly, GETH)
def image_is_the_latest(draft: Draft) -> None:
    draft.container(GETH, "execution")["image"] = "docker.io/ethereum/client-go:latest"


@breaks(containers.images_are_named_exactly, GETH)
def image_has_no_tag(draft: Draft) -> None:
    draft.container(GETH, "execution")["image"] = "registry.example:5000/ethereum/client-go"


@breaks(containers.images_are_named_exactly, VALIDATORS)
def image_has_no_registry(draft: Draft) -> None:
    draft.container(VALIDATORS, "execution")["image"] = "ethereum/client-go:v1.17.5"
