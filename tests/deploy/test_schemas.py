"""What no API server would take, found without one. The schemas are those of the documents that the toolchain keeps."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any

import pytest
import yaml

from ethinfra.deploy import render_layer
from ethinfra.deploy.schemas import (
    Kind,
    Validator,
    compare_openapi,
    crds,
    kubeconform,
    openapi,
    openapi_document,
    validator,
    violations,
)
from ethinfra.deploy.schemas.lifecycle import Lifecycle, lifecycles
from ethinfra.deploy.schemas.release import release
from ethinfra.environment import known_environments, load_environment
from ethinfra.errors import ToolchainError
from ethinfra.kube import Object
from ethinfra.toolchain import Kept, kept_documents

STATEFULSET = """
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: geth, namespace: ethereum, labels: {app: geth}}
spec:
  replicas: 2
  serviceName: geth
  selector: {matchLabels: {app: geth}}
  persistentVolumeClaimRetentionPolicy: {whenDeleted: Retain, whenScaled: Retain}
  template:
    metadata: {labels: {app: geth}}
    spec:
      containers:
        - name: execution
          image: geth
          ports: [{name: rpc, containerPort: 8545}]
          resources: {limits: {memory: 4Gi, cpu: 2}}
          livenessProbe: {httpGet: {path: /, port: rpc}}
"""


def statefulset() -> Object:
    made: Object = yaml.safe_load(STATEFULSET)
    return made


def container(one: Object) -> Any:
    return one["spec"]["template"]["spec"]["containers"][0]


def bare(api_version: str, kind: str, **parts: Any) -> Object:
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": "one", "namespace": "ethereum"}, **parts}


def monitor(**endpoint: Any) -> Object:
    spec = {"selector": {"matchLabels": {"app": "geth"}}, "endpoints": [{"port": "metrics", **endpoint}]}
    return bare("monitoring.coreos.com/v1", "ServiceMonitor", spec=spec)


def scaled(**trigger: Any) -> Object:
    one = {"type": "cpu", "metricType": "Utilization", "metadata": {"value": "60"}, **trigger}
    return bare("keda.sh/v1alpha1", "ScaledObject", spec={"scaleTargetRef": {"name": "serve"}, "triggers": [one]})


@pytest.mark.parametrize("environment", known_environments())
def test_every_environment_is_what_an_api_server_takes(environment: str) -> None:
    known = load_environment(environment)

    assert violations(one for layer in known.layers for one in render_layer(known, layer).objects) == []


@pytest.mark.parametrize(
    "one",
    [
        statefulset(),
        monitor(interval="15s", targetPort=6060),
        scaled(),
        bare("snapshot.storage.k8s.io/v1", "VolumeSnapshot", spec={"source": {"persistentVolumeClaimName": "data"}}),
        bare("v1", "Secret", data={"jwt": "MHhhYg=="}, stringData={"plain": "text"}),
        bare("policy/v1", "PodDisruptionBudget", spec={"maxUnavailable": "50%"}),
        bare("networking.k8s.io/v1", "NetworkPolicy", spec={"podSelector": {}}),
    ],
    ids=lambda one: one["kind"],
)
def test_what_is_right_is_left_alone(one: Object) -> None:
    assert violations([one]) == []


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda one: one["spec"].update(replica=3), "spec: additional properties 'replica' not allowed"),
        (
            lambda one: container(one).update(readynessProbe={}),
            "spec.template.spec.containers[0]: additional properties",
        ),
        (lambda one: one["spec"].update(replicas="2"), "spec.replicas: got string, want integer"),
        (lambda one: one["spec"].update(replicas=2**40), "spec.replicas: maximum"),
        (lambda one: one["spec"].pop("selector"), "spec: missing property 'selector'"),
        (lambda one: one["spec"].update(serviceName=None), "spec.serviceName: got null, want string"),
        (lambda one: one["metadata"]["labels"].update(port=8545), "metadata.labels.port: got number, want string"),
        (
            lambda one: container(one)["ports"][0].update(containerPort="rpc"),
            "spec.template.spec.containers[0].ports[0].containerPort: got string, want integer",
        ),
        (lambda one: container(one)["resources"]["limits"].update(memory="4GB"), "limits.memory: '4GB' does not match"),
        (lambda one: container(one)["resources"]["limits"].update(cpu=True), "limits.cpu: got boolean"),
        (lambda one: container(one)["livenessProbe"]["httpGet"].update(port=1.5), "httpGet.port: got number"),
        (lambda one: container(one).update(env=[{"name": "A", "value": 1}]), "env[0].value: got number, want string"),
        (lambda one: one.update(apiVersion="apps/v1", extra={}), "the object: additional properties 'extra'"),
    ],
)
def test_a_field_that_is_unknown_missing_or_of_another_type(change: Callable[[Object], Any], sentence: str) -> None:
    one = statefulset()
    change(one)

    (said,) = violations([one])

    assert said.startswith("StatefulSet ethereum/geth: ")
    assert sentence in said


def test_every_fault_of_an_object_is_said() -> None:
    """Also two in the same place, which kubeconform puts in one."""
    one = statefulset()
    one["spec"].update(replica=3, serviceName=7)
    container(one).update(image=7, command="geth")

    said = violations([one])

    assert sorted(line.split(": ", 2)[1] for line in said) == [
        "spec",
        "spec.serviceName",
        "spec.template.spec.containers[0].command",
        "spec.template.spec.containers[0].image",
    ]


@pytest.mark.parametrize(
    ("one", "sentence"),
    [
        (monitor(intervall="15s"), "spec.endpoints[0]: additional properties 'intervall' not allowed"),
        (monitor(interval="15"), "spec.endpoints[0].interval: '15' does not match pattern"),
        (monitor(port=8545), "spec.endpoints[0].port: got number, want string"),
        (monitor(relabelings=[{"action": "dropp"}]), "spec.endpoints[0].relabelings[0].action: value must be one of"),
        (scaled(metadata={"value": 60}), "spec.triggers[0].metadata.value: got number, want string"),
        (scaled(metricKind="Value"), "spec.triggers[0]: additional properties 'metricKind' not allowed"),
        (bare("snapshot.storage.k8s.io/v1", "VolumeSnapshot"), "the object: missing property 'spec'"),
        (monitor() | {"metadata": {"name": "one", "lables": {}}}, "metadata: additional properties 'lables'"),
        (bare("v1", "Secret", data={"jwt": "0x**"}), "data.jwt: '0x**' does not match pattern"),
    ],
)
def test_custom_kinds_and_formats(one: Object, sentence: str) -> None:
    (said,) = violations([one])

    assert sentence in said


@pytest.mark.parametrize(
    ("api_version", "kind", "sentence"),
    [
        ("policy/v1beta1", "PodDisruptionBudget", "is removed in Kubernetes 1.25; use policy/v1 PodDisruptionBudget"),
        ("autoscaling/v2beta2", "HorizontalPodAutoscaler", "is removed in Kubernetes 1.26; use autoscaling/v2 Horizon"),
        ("extensions/v1beta1", "Ingress", "is removed in Kubernetes 1.22; use networking.k8s.io/v1 Ingress"),
        (
            "resource.k8s.io/v1",
            "ResourceClaim",
            "is not yet known in Kubernetes 1.33, the oldest supported; it came in 1.34",
        ),
        ("networking.k8s.io/v1beta1", "IPAddress", "is not served unless the owner of the cluster switches it on"),
        ("autoscaling/v3", "HorizontalPodAutoscaler", "know: autoscaling/v1, autoscaling/v2"),
        ("monitoring.coreos.com/v2", "ServiceMonitor", "know: monitoring.coreos.com/v1"),
        ("keda.sh/v1", "ScaledObject", "know: keda.sh/v1alpha1"),
        ("cert-manager.io/v1", "Certificate", "has no schema; a custom kind's CRD is added with one line"),
        ("", "Service", "has no apiVersion"),
    ],
)
def test_an_api_version_that_not_every_supported_kubernetes_serves(api_version: str, kind: str, sentence: str) -> None:
    (said,) = violations([bare(api_version, kind)])

    assert said.startswith(f"{kind} ethereum/one: ")
    assert sentence in said


def test_a_field_that_the_oldest_supported_kubernetes_does_not_know_yet() -> None:
    """The kind is as old as Kubernetes, `hostnameOverride` of pods came in 1.34."""
    one = statefulset()
    one["spec"]["template"]["spec"]["hostnameOverride"] = "geth"

    assert violations([one]) == [
        "StatefulSet ethereum/geth: spec.template.spec: additional properties 'hostnameOverride' not allowed"
        " (in Kubernetes 1.33, the oldest supported)"
    ]


def test_sentences_name_the_object_among_others() -> None:
    objects = [
        bare("v1", "ConfigMap", data={"n": "1"}) | {"metadata": {"name": str(n), "namespace": "a"}} for n in range(12)
    ]
    objects[10]["data"]["n"] = 1
    objects[11]["apiVersion"] = "v2"

    said = violations(objects)

    assert [line.split(":")[0] for line in said] == ["ConfigMap a/10", "ConfigMap a/11"]


def test_an_object_is_looked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same objects come in dozens of renderings."""
    looking = Validator(validator().newest, validator().oldest)
    wrong = statefulset()
    wrong["spec"]["replicas"] = "2"
    first = looking.violations([wrong, copy.deepcopy(wrong), statefulset()])
    monkeypatch.setattr(kubeconform, "run", None)

    again = looking.violations([statefulset(), wrong])

    assert first == again
    assert len(again) == 1


@pytest.mark.parametrize(
    "text", ["", '{"resources": [], "summary": {"valid": 1, "invalid": 0, "errors": 0, "skipped": 1}}']
)
def test_an_object_that_kubeconform_passed_over_is_an_error(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    answer = kubeconform.run(["printf", "%s", text])
    monkeypatch.setattr(kubeconform, "run", lambda *_, **__: answer)

    with pytest.raises(ToolchainError, match="did not look at every object"):
        kubeconform.complaints([statefulset(), statefulset()], Path("/nowhere"))


def test_a_schema_that_is_lost_is_no_pass(tmp_path: Path) -> None:
    """kubeconform takes a schema that it cannot read for none."""
    ((said,),) = kubeconform.complaints([statefulset()], tmp_path)

    assert said == "could not find schema for StatefulSet"


def test_schemas_are_made_once(tmp_path: Path) -> None:
    documents = kept_documents("schemas-oldest")
    made = release(documents, tmp_path)
    (made.folder / "apps" / "v1" / "statefulset.json").write_text("{}")

    again = release(documents, tmp_path)

    assert again == made
    assert (made.folder / "apps" / "v1" / "statefulset.json").read_text() == "{}"
    assert [path.name for path in tmp_path.iterdir()] == [made.folder.name]


def test_other_documents_are_other_schemas(tmp_path: Path) -> None:
    documents = kept_documents("schemas-oldest")
    before = release(documents, tmp_path)
    first, *others = documents
    changed = Kept(first.module, first.version, first.file, first.path, "0" * 64)

    assert release([changed, *others], tmp_path).folder != before.folder


CRD: Object = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "spec": {
        "group": "example.test",
        "names": {"kind": "Node"},
        "versions": [
            {"name": "v1alpha1", "served": False, "schema": {"openAPIV3Schema": {"type": "object"}}},
            {
                "name": "v1",
                "served": True,
                "schema": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "required": ["spec"],
                        "properties": {
                            "spec": {
                                "type": "object",
                                "properties": {
                                    "size": {"x-kubernetes-int-or-string": True, "pattern": "^[0-9]+$"},
                                    "maybe": {"type": "string", "nullable": True},
                                    "anything": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
                                    "labels": {"type": "object", "additionalProperties": {"type": "string"}},
                                    "count": {"type": "integer", "format": "int32", "minimum": 1},
                                    "pod": {
                                        "type": "object",
                                        "x-kubernetes-embedded-resource": True,
                                        "properties": {"spec": {"type": "object"}},
                                    },
                                },
                            }
                        },
                    }
                },
            },
        ],
    },
}


@pytest.fixture(scope="module")
def custom(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the schemas of the CRD."""
    folder = tmp_path_factory.mktemp("schemas")
    ((kind, schema),) = crds.schemas(CRD, openapi.object_meta(openapi_document()))
    assert kind == Kind("example.test", "v1", "Node"), "the other version is not served"
    path = folder / "example.test" / "v1" / "node.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(schema))
    return folder


@pytest.mark.parametrize(
    ("spec", "sentence"),
    [
        ({"size": 5, "maybe": None, "anything": {"a": 1}, "labels": {"b": "c"}, "count": 1}, ""),
        ({"size": "5", "pod": {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}, "spec": {}}}, ""),
        ({"size": "five"}, "spec.size: 'five' does not match"),
        ({"size": True}, "spec.size: got boolean"),
        ({"labels": {"b": 1}}, "spec.labels.b: got number"),
        ({"count": None}, "spec.count: got null"),
        ({"count": 0}, "spec.count: minimum"),
        ({"count": 2**31}, "spec.count: maximum"),
        ({"other": 1}, "spec: additional properties 'other'"),
        ({"pod": {"metadata": {"nam": "a"}}}, "spec.pod.metadata: additional properties 'nam'"),
        ({"pod": {"spec": {"a": 1}}}, "spec.pod.spec: additional properties 'a'"),
    ],
)
def test_a_crd_is_read_as_a_server_reads_it(custom: Path, spec: Object, sentence: str) -> None:
    (said,) = kubeconform.complaints([bare("example.test/v1", "Node", spec=spec)], custom)

    assert len(said) == bool(sentence)
    assert sentence in "".join(said)


def test_lifecycles_are_read_from_the_sources_of_the_api() -> None:
    generated = """
        func (in *Budget) APILifecycleIntroduced() (major, minor int) {
            return 1, 5
        }
        func (in *Budget) APILifecycleDeprecated() (major, minor int) {
            return 1, 21
        }
        func (in *Budget) APILifecycleReplacement() schema.GroupVersionKind {
            return schema.GroupVersionKind{Group: "policy.example", Version: "v1", Kind: "Budget"}
        }
        func (in *Budget) APILifecycleRemoved() (major, minor int) {
            return 1, 25
        }
        func (in *Eviction) APILifecycleIntroduced() (major, minor int) {
            return 1, 22
        }
    """
    folder = PurePosixPath("policy/v1beta1")

    found = lifecycles(
        [(folder / "zz.go", generated), (folder / "register.go", 'const GroupName = "policy.example"\n')]
    )

    assert found == {
        Kind("policy.example", "v1beta1", "Budget"): Lifecycle(5, 25, Kind("policy.example", "v1", "Budget")),
        Kind("policy.example", "v1beta1", "Eviction"): Lifecycle(22),
    }


STATEFULSETS = Kind("apps", "v1", "StatefulSet")


@pytest.fixture(scope="module")
def kept() -> Object:
    return openapi_document()


def fields(document: Object, definition: str) -> Any:
    return document["definitions"][f"io.k8s.api.{definition}"]["properties"]


def test_a_cluster_that_serves_the_kept_document_agrees(kept: Object) -> None:
    """Descriptions, enums and the kinds that nobody renders do not count."""
    cluster = copy.deepcopy(kept)
    fields(cluster, "core.v1.Container")["imagePullPolicy"].update(enum=["Always", "Never"], description="other")
    del cluster["definitions"]["io.k8s.api.resource.v1beta1.ResourceClaim"]

    assert compare_openapi(cluster, kept, [STATEFULSETS, Kind("", "v1", "Service")]) == []


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (
            lambda cluster: fields(cluster, "core.v1.PodSpec").update(new={"type": "string"}),
            "io.k8s.api.core.v1.PodSpec.new: only the cluster has it",
        ),
        (
            lambda cluster: fields(cluster, "core.v1.PodSpec").pop("hostUsers"),
            "io.k8s.api.core.v1.PodSpec.hostUsers: only the kept document has it",
        ),
        (
            lambda cluster: fields(cluster, "core.v1.ContainerPort")["containerPort"].update(format="int64"),
            "io.k8s.api.core.v1.ContainerPort.containerPort: is {'type': 'integer', 'format': 'int64'} in the cluster",
        ),
        (
            lambda cluster: cluster["definitions"]["io.k8s.api.apps.v1.StatefulSetSpec"].update(required=["selector"]),
            "io.k8s.api.apps.v1.StatefulSetSpec: is {'type': 'object', 'required': ['selector']} in the cluster",
        ),
        (
            lambda cluster: cluster["definitions"].pop("io.k8s.api.apps.v1.StatefulSet"),
            "apps/v1 StatefulSet: the cluster does not serve it",
        ),
    ],
)
def test_a_cluster_that_serves_something_else_is_said(
    kept: Object, change: Callable[[Object], Any], sentence: str
) -> None:
    cluster = copy.deepcopy(kept)
    change(cluster)

    (said,) = compare_openapi(cluster, kept, [STATEFULSETS])

    assert said.startswith(sentence)
    (mirrored,) = compare_openapi(kept, cluster, [STATEFULSETS])
    assert mirrored != said


def test_the_kinds_to_compare_are_those_that_kubernetes_serves() -> None:
    assert validator().builtin([statefulset(), statefulset(), monitor()]) == [STATEFULSETS]
