"""Steps about volumes."""

from __future__ import annotations

from pytest_bdd import given, parsers, then, when

from ethinfra.kube import Kube, Object
from ethinfra.trial.volumes import TrialVolumes, Written


@then("there are storage classes for chain data, snapshots and monitoring")
def storage_classes_exist(kube: Kube) -> None:
    names = {found["metadata"]["name"] for found in kube.list("StorageClass")}
    assert names >= {"chain-data", "snapshots", "monitoring"}, f"storage classes: {sorted(names)}"


@then("each of them states its reclaim policy, its binding mode and whether volumes can grow")
def storage_classes_are_explicit(kube: Kube) -> None:
    """Written down, not filled in by the API server."""
    # The API server fills in defaults for the first two; what was applied shows in the managed fields.
    for name in ("chain-data", "snapshots", "monitoring"):
        missing = {"reclaimPolicy", "volumeBindingMode", "allowVolumeExpansion"} - _applied(kube, name)
        assert not missing, f"storage class {name} leaves {sorted(missing)} to a default"


@given(
    parsers.parse('a pod has written a random value to a claim of class "{storage_class}"'), target_fixture="written"
)
def pod_has_written(storage_class: str, trial_volumes: TrialVolumes) -> Written:
    return trial_volumes.write(storage_class)


@when("the pod is deleted and another one mounts the claim", target_fixture="read")
def another_pod_reads(written: Written, trial_volumes: TrialVolumes) -> str:
    return trial_volumes.read_elsewhere(written)


@then("the other pod reads the same value")
def same_value(written: Written, read: str) -> None:
    assert read == written.value


def _applied(kube: Kube, storage_class: str) -> set[str]:
    found: Object | None = kube.get("StorageClass", storage_class)
    assert found is not None, f"no storage class {storage_class}"
    fields: set[str] = set()
    for owner in found["metadata"].get("managedFields", []):
        fields |= {key.removeprefix("f:") for key in owner.get("fieldsV1", {})}
    return fields
