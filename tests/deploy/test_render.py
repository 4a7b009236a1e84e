"""The manifests of a layer: the same for the same objects, whatever order and format they came in."""

from __future__ import annotations

from pathlib import Path

import yaml

from ethinfra.deploy import render_layer
from ethinfra.deploy.render import HOOK, Rendered, parse, title
from ethinfra.environment import Environment, Layer
from tests.deploy.fake_cluster import FakeCluster
from tests.deploy.recorded import rendered

LAYER = Layer("ethereum", 1, (), "ethereum")

OBJECTS = [rendered("Service", "b"), rendered("Service", "a"), rendered("ConfigMap"), rendered("Namespace", "ethereum")]


def test_documents_are_sorted_and_empty_ones_left_out() -> None:
    output = "---\n# nothing here\n---\n".join(yaml.safe_dump(one) for one in OBJECTS)

    assert [title(one) for one in parse(LAYER, output).objects] == [
        "ConfigMap ethereum/geth",
        "Namespace ethereum",
        "Service ethereum/a",
        "Service ethereum/b",
    ]


def test_an_object_without_a_namespace_gets_that_of_its_layer() -> None:
    """helm does it when it installs; drift and health need to know it before."""
    homeless = rendered("Service")
    del homeless["metadata"]["namespace"]
    cluster_wide = {"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass", "metadata": {"name": "chain-data"}}

    found = parse(LAYER, yaml.safe_dump_all([homeless, cluster_wide]))

    assert [title(one) for one in found.objects] == ["Service ethereum/geth", "StorageClass chain-data"]


def test_the_digest_does_not_depend_on_order() -> None:
    backwards = [{key: one[key] for key in reversed(one)} for one in reversed(OBJECTS)]

    assert parse(LAYER, yaml.safe_dump_all(OBJECTS)).digest == parse(LAYER, yaml.safe_dump_all(backwards)).digest


def test_the_digest_of_recorded_manifests_never_changes() -> None:
    """Certificates hold it: another way to compute it would make old ones lie."""
    assert Rendered("ethereum", ({"kind": "Service", "metadata": {"name": "a"}},)).digest == (
        "sha256:8d589b5af2ad9d690f854949ea5565dea0d94ed437511dde23ebfc8752d77ce2"
    )


def test_every_value_counts_in_the_digest() -> None:
    """Also its type: `"1"` and `1` are different manifests."""
    values = [1, "1", True, None, [1], {"a": 1}]

    digests = {Rendered("", (rendered("ConfigMap") | {"data": {"key": value}},)).digest for value in values}

    assert len(digests) == len(values)


def test_hooks_do_not_last() -> None:
    hook = rendered("Job", "test", annotations={HOOK: "test"})
    plain = rendered("Job", "genesis", annotations=None)

    assert Rendered("ethereum", (hook, plain)).lasting == (plain,)


def test_a_pending_layer_has_no_objects(environment: Environment, fake: FakeCluster) -> None:
    assert render_layer(environment, environment.layer("mesh")).objects == ()
    assert fake.asked == []


def test_what_is_recorded_can_be_read_again(tmp_path: Path) -> None:
    one = parse(LAYER, yaml.safe_dump_all(OBJECTS))

    path = one.write(tmp_path / "new" / "folder")

    assert path.name == "ethereum.yaml"
    assert parse(LAYER, path.read_text()) == one
    assert path.read_text().splitlines()[0] == f"# {one.digest}"
