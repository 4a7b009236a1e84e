"""Scenarios without a live sabotage: breaking what they claim would break the machine, the client itself or the way to
the scenario. Their controls are tests of what decides in them, or there is nothing left to try.
"""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase


@dataclass(frozen=True)
class Control:
    """titles: a pattern in the manner of a shell. test: where what decides is tried with the wrong answer.

    without: why there is none, instead of a test
    """

    titles: str
    test: str = ""
    without: str = ""

    def covers(self, title: str) -> bool:
        return fnmatchcase(title, self.titles)


ELSEWHERE = (
    Control("Pods on different nodes reach each other", without="`local` has one node, so it is not applicable there"),
    Control("Every node pulls through it", without="`local` has one node; with one node the mirror is sabotaged"),
    Control("The control plane is the one that the toolchain built", without="nothing else is there to boot it from"),
    Control(
        "The machine carries one link of the cluster and none of its rules",
        without="a rule on the machine itself would outlive a control that is killed",
    ),
    Control(
        "Every binary of the toolchain is the one that was recorded when it was built",
        test="tests/toolchain/test_store.py::test_a_change_that_kept_size_and_time_is_found_by_reading",
    ),
    Control(
        "What a pod wrote to a chain-data volume is there after the pod was replaced",
        without="the rows differ by class; the class `monitoring` is sabotaged",
    ),
    Control(
        "What a pod wrote to a snapshots volume is there after the pod was replaced",
        without="the rows differ by class; the class `monitoring` is sabotaged",
    ),
    Control(
        "A privileged pod is refused in local-registry", without="the rows differ by namespace; `ethereum` is sabotaged"
    ),
    Control(
        "A pod in local-registry that no policy names is closed both ways",
        without="the rows differ by namespace; `ethereum` is sabotaged",
    ),
    Control(
        "an RPC client reaches a sync node on port 8545",
        without="its rows differ by port; 8546, 30303 and 13000 are sabotaged",
    ),
    Control(
        "a registry client reaches the registry on port 5000",
        without="its rows differ by port; 8546, 30303 and 13000 are sabotaged",
    ),
    Control("a stranger reaches the DNS service on port 53", without="without DNS no layer comes up"),
    Control("ethereum/devnet-genesis may create configmaps: allowed", without="without it the layer does not come up"),
    Control("the push account may *: allowed", without="without it the layer has no images, and nothing comes up"),
    Control("the pull account may pull: allowed", without="without it no node pulls, and nothing comes up"),
    Control("net_version *", without="`web3_clientVersion`, a row of the same table, is sabotaged"),
    Control(
        "eth_* answers with its type through the RPC service", without="a node without `eth` is never ready: no layer"
    ),
    Control("* is answered with error *", without="the client itself answers; there is nothing of ours to break"),
    Control("personal_listAccounts is not offered", without="this client has no such methods any more"),
    Control("engine_exchangeCapabilities is not offered", without="this client never offers them without a token"),
    Control(
        "The API server speaks the document that manifests are checked against",
        test="tests/deploy/test_schemas.py::test_a_cluster_that_serves_something_else_is_said",
    ),
    Control(
        "[!g]* follows the chain beside its consensus client", without="the rows differ by client; `geth` is sabotaged"
    ),
    Control(
        "*, built again in another place, is the same",
        test="tests/trial/test_images.py::test_build_that_tells_its_time_is_another_image",
    ),
    Control(
        "* beside a recipe stops the build",
        test="tests/trial/test_images.py::test_build_that_nobody_refuses_is_noticed",
    ),
    Control("No image holds a secret", test="tests/images/test_secrets.py::test_secret_in_an_image_is_found"),
    Control(
        "Every image has a bill of materials, and no package in it is unpinned",
        test="tests/images/test_supply.py::test_package_that_no_lock_has_is_named",
    ),
    Control(
        "What is built is what its recipe says, and gives nobody a shell or more rights",
        test="tests/images/test_standard.py::test_what_gives_more_than_a_program_needs_is_named",
    ),
    Control("Nodes that follow the chain are in service", without="a layer whose nodes are not ready is not healthy"),
)


def control_of(title: str) -> Control | None:
    """The first control that covers a scenario."""
    return next((control for control in ELSEWHERE if control.covers(title)), None)
