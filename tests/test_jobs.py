"""Jobs made of CronJobs, and what is told of their end."""

from __future__ import annotations

from typing import Any

import pytest

from ethinfra.errors import BadInput, ClusterError
from ethinfra.jobs import Ended, exit_codes, job_of, scheduled, start

CRONJOB: dict[str, Any] = {
    "metadata": {"name": "snapshot-geth-0", "namespace": "ethereum", "uid": "u-1"},
    "spec": {
        "schedule": "@daily",
        "suspend": True,
        "jobTemplate": {
            "metadata": {"labels": {"app": "snapshot"}},
            "spec": {
                "backoffLimit": 1,
                "template": {
                    "spec": {
                        "initContainers": [{"name": "take", "env": [{"name": "FORCE", "value": "0"}]}],
                        "containers": [{"name": "promote", "args": ["job", "promote"]}],
                    }
                },
            },
        },
    },
}


def test_a_job_is_what_the_cronjob_would_start() -> None:
    job = job_of(CRONJOB, "one", {}, [])

    assert job["metadata"]["namespace"] == "ethereum"
    assert job["metadata"]["labels"] == {"app": "snapshot"}
    assert job["metadata"]["ownerReferences"][0]["uid"] == "u-1"
    assert job["spec"]["backoffLimit"] == 1


def test_variables_go_to_every_container_and_replace_those_of_the_template() -> None:
    pod = job_of(CRONJOB, "one", {"FORCE": "1"}, [])["spec"]["template"]["spec"]

    assert pod["initContainers"][0]["env"] == [{"name": "FORCE", "value": "1"}]
    assert pod["containers"][0]["env"] == [{"name": "FORCE", "value": "1"}]
    template = CRONJOB["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    assert template["initContainers"][0]["env"] == [{"name": "FORCE", "value": "0"}], "the template was changed"


def test_arguments_go_to_the_end() -> None:
    pod = job_of(CRONJOB, "one", {}, ["--dry-run"])["spec"]["template"]["spec"]

    assert pod["containers"][0]["args"] == ["job", "promote", "--dry-run"]


def test_only_jobs_of_the_controller_count_as_scheduled() -> None:
    def job(name: str, second: int, owner: str = "snapshot-geth-0", **annotations: str) -> dict[str, Any]:
        made = f"2026-11-01T00:00:{second:02}Z"
        owners = [{"name": owner}] if owner else []
        about = {"name": name, "creationTimestamp": made, "ownerReferences": owners, "annotations": annotations}
        return {"metadata": about}

    class Cluster:
        def list(self, *_: object) -> list[dict[str, Any]]:
            by_hand = job_of(CRONJOB, "by-hand", {}, [])
            by_hand["metadata"]["creationTimestamp"] = "2026-11-01T00:00:09Z"
            return [job("older", 1), job("newer", 2), job("another", 3, "snapshot-geth-1"), job("free", 4, ""), by_hand]

    api: Any = Cluster()

    assert scheduled(api, "ethereum", "snapshot-geth-0") == ["newer", "older"]


def test_an_unknown_cronjob_is_named_with_those_that_there_are() -> None:
    class Cluster:
        def get(self, *_: object) -> None:
            return None

        def list(self, *_: object) -> list[dict[str, Any]]:
            return [CRONJOB]

    with pytest.raises(BadInput, match="snapshot-reth-0") as refused:
        start(Cluster(), "ethereum", "snapshot-reth-0")  # type: ignore[arg-type]

    assert "snapshot-geth-0" in str(refused.value)


def test_containers_are_told_in_their_order_and_one_that_never_ran_is_marked() -> None:
    pod = {
        "spec": {"initContainers": [{"name": "take"}, {"name": "push"}], "containers": [{"name": "promote"}]},
        "status": {
            "containerStatuses": [{"name": "promote", "state": {"waiting": {"reason": "PodInitializing"}}}],
            "initContainerStatuses": [
                {"name": "take", "state": {"terminated": {"exitCode": 0}}},
                {"name": "push", "state": {"terminated": {"exitCode": 4}}},
            ],
        },
    }

    assert exit_codes(pod) == {"take": 0, "push": 4, "promote": -1}


def test_a_failure_shows_what_the_failed_container_said() -> None:
    codes, logs = {"take": 0, "push": 4, "promote": -1}, {"take": "fine", "push": "line\nno route to registry"}
    job = Ended("one", "ethereum", False, "BackoffLimitExceeded", codes, logs)

    with pytest.raises(ClusterError, match="no route to registry"):
        job.must_have_succeeded()
    assert Ended("one", "ethereum", True, "").must_have_succeeded().succeeded
