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
    # Snapshots and serve nodes
    Control(
        "A node that has nothing but the snapshot starts at the recorded block, without a repair",
        test="tests/snapshot/job/test_promote.py::test_candidate_that_answers_otherwise_fails",
    ),
    Control(
        "It is taken on schedule",
        test="tests/test_jobs.py::test_only_jobs_of_the_controller_count_as_scheduled",
    ),
    Control(
        "Only the job that pushes has an account that may",
        test="tests/trial/test_accounts.py::test_secret_of_a_pod_is_found",
    ),
    Control('A job that is killed in phase "[!c]*', without="the rows differ by phase; `copy` is sabotaged"),
    Control(
        "The registry goes down while a snapshot is pushed",
        test="tests/snapshot/test_registry_away.py::test_push_goes_on_when_the_registry_is_back",
    ),
    Control(
        "The registry is full", without="the kernel says that its storage is full; there is nothing of ours to break"
    ),
    Control(
        "A snapshot with a [!w]* is refused, and the one before it is used",
        test="tests/snapshot/test_corruption.py::test_damaged_snapshot_is_refused",
    ),
    Control(
        "A snapshot with an* is refused, and the one before it is used",
        test="tests/snapshot/test_corruption.py::test_damaged_snapshot_is_refused",
    ),
    Control(
        "A snapshot with two* is refused, and the one before it is used",
        test="tests/snapshot/test_corruption.py::test_damaged_snapshot_is_refused",
    ),
    Control(
        "No node gets ready on bad data",
        test="tests/trial/test_serving.py::test_client_that_was_started_without_data_is_noticed",
    ),
    Control(
        "What would go is shown first", test="tests/snapshot/job/test_prune.py::test_dry_run_says_it_and_does_nothing"
    ),
    Control(
        "Space is given back, and a push in between loses nothing",
        test="tests/snapshot/test_push.py::test_chunks_that_garbage_collection_took_are_sent_again",
    ),
    Control(
        "Load raises the number of replicas by the RPC rate, and idling lowers it",
        test="tests/trial/test_scaling.py::test_cause_is_the_one_that_the_scaler_gives",
    ),
    Control(
        "Load raises the number of replicas by CPU",
        test="tests/trial/test_scaling.py::test_cause_is_the_one_that_the_scaler_gives",
    ),
    Control(
        "A second serve node fetches nothing that the first one fetched, and gives the same answers",
        test="tests/snapshot/test_cached_restore.py::test_second_replica_fetches_nothing",
    ),
    Control(
        "* is not offered to the clients of serve nodes",
        test="tests/trial/test_surface.py::test_method_that_is_closed_has_its_code_and_one_that_is_open_has_none",
    ),
    Control(
        "Requests beyond the limit are refused, those within it are answered",
        test="tests/trial/test_surface.py::test_request_beyond_the_limit_that_is_answered_is_noticed",
    ),
    Control(
        "A batch whose answers are larger than the limit is cut short",
        test="tests/trial/test_surface.py::test_answers_that_are_not_cut_short_are_noticed",
    ),
    Control(
        "A client of the serve nodes' Service for WebSocket receives each head once and in order",
        test="tests/trial/test_surface.py::test_heads_that_do_not_come_are_missed",
    ),
    Control("Nodes that follow the chain are in service", without="a layer whose nodes are not ready is not healthy"),
)


def control_of(title: str) -> Control | None:
    """The first control that covers a scenario."""
    return next((control for control in ELSEWHERE if control.covers(title)), None)
