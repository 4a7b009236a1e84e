"""helmfile, as the layers call it: the real one, on the real files."""

from __future__ import annotations

import os
import shutil
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from ethinfra.cluster.provider import Cluster
from ethinfra.deploy import helmfile, render_layer
from ethinfra.environment import known_environments, load_environment, merge
from ethinfra.errors import BadInput
from ethinfra.paths import ROOT
from ethinfra.process import CommandFailed, run
from ethinfra.toolchain import tool

LAYERS = ("infrastructure", "local-registry", "ethereum")


@cache
def built(environment: str, layer: str, *changed: str, by_hand: bool = False) -> dict[str, Any]:
    """A layer's helmfile with its templates filled in, as for `ethinfra deploy` or for somebody who calls helmfile.

    changed: keys of the environment with other values, `keda.enabled=false`
    """
    state = helmfile.state_file(load_environment(environment).layer(layer))
    changes = [f"--state-values-set={one}" for one in changed]
    done = run(
        [tool("helmfile"), "--file", state, "--environment", environment, *changes, "build"],
        env=helmfile.surroundings(None) | ({"ETHINFRA_DEPLOY": "", "ETHINFRA": ""} if by_hand else {}),
    )
    # One document per part of the file; the last one is complete.
    return [one for one in yaml.safe_load_all(done.stdout) if one][-1]


def hooks(state: dict[str, Any]) -> list[str]:
    return [
        " ".join([event, Path(hook["command"]).name, *hook["args"]])
        for release in state["releases"]
        for hook in release.get("hooks") or []
        for event in hook["events"]
    ]


@pytest.mark.parametrize("layer", LAYERS)
def test_by_hand_every_layer_validates_itself_at_its_end(layer: str) -> None:
    """So `helmfile -e production sync` starts nothing on a layer that does not work."""
    state = built("production", layer, by_hand=True)

    assert hooks(state)[-1] == f"postsync ethinfra validate --env production --layer {layer}"
    assert state["releases"][-1]["hooks"]


def test_the_kinds_of_keda_come_before_it() -> None:
    (keda,) = (one for one in built("local", "infrastructure")["releases"] if one["name"] == "keda")

    assert hooks({"releases": [keda]}) == ["presync ethinfra kinds apply --env local keda.sh eventing.keda.sh"]
    assert keda["needs"] == ["kube-system/infrastructure"]
    assert "../values/infrastructure/keda.yaml" in built("local", "infrastructure")["releases"][0]["values"]


def test_a_cluster_that_has_keda_keeps_its_own() -> None:
    """Neither the release nor its namespace is ours then; what is left validates itself."""
    state = built("production", "infrastructure", "keda.enabled=false", by_hand=True)

    (release,) = state["releases"]
    assert release["name"] == "infrastructure"
    assert not any("keda" in str(one) for one in release["values"])
    assert hooks(state) == ["postsync ethinfra validate --env production --layer infrastructure"]


@pytest.mark.parametrize("layer", LAYERS)
def test_deploy_validates_layers_by_itself(layer: str) -> None:
    """It can say what it waits for."""
    assert not any("validate" in hook for hook in hooks(built("local", layer)))


def test_the_release_that_validates_its_layer_is_the_last_one() -> None:
    """helmfile applies releases side by side where nothing is said of their order."""
    releases = {one["name"]: one for one in built("local", "ethereum", by_hand=True)["releases"]}

    assert list(releases) == ["devnet", "validators", "sync", "serve"]
    assert releases["sync"]["needs"] == releases["validators"]["needs"] == ["ethereum/devnet"]
    assert releases["serve"]["needs"] == ["ethereum/sync"]
    assert [name for name, one in releases.items() if hooks({"releases": [one]})] == ["serve"]
    assert releases["devnet"]["wait"]
    assert releases["devnet"]["waitForJobs"]


@pytest.mark.parametrize("environment", known_environments())
def test_helm_does_not_wait_for_a_chain(environment: str) -> None:
    """Nodes get ready when their network moves, and it moves by nodes; the layer's own check waits."""
    state = built(environment, "ethereum")

    assert [one["name"] for one in state["releases"] if one.get("wait")] in ([], ["devnet"])
    assert not state["helmDefaults"]["wait"]


@pytest.mark.parametrize("environment", known_environments())
def test_helm_takes_back_fields_that_others_have_changed(environment: str) -> None:
    """It applies on the server, where another owner's field would else stop it."""
    defaults = built(environment, "local-registry")["helmDefaults"]

    assert (defaults["serverSide"], defaults["forceConflicts"]) == ("true", True)


@pytest.mark.parametrize("environment", known_environments())
def test_helmfile_and_harness_read_the_same_environment(environment: str) -> None:
    files = [yaml.safe_load((ROOT / "environments" / f"{name}.yaml").read_text()) for name in ("default", environment)]

    assert built(environment, "infrastructure")["renderedvalues"] == merge(*files)


def test_images_are_pushed_where_nodes_cannot_pull_them() -> None:
    assert any("images push" in hook for hook in hooks(built("local", "local-registry")))
    assert not any("images push" in hook for hook in hooks(built("production", "local-registry")))


@pytest.mark.parametrize("environment", known_environments())
def test_the_root_helmfile_has_all_layers_in_their_order(environment: str) -> None:
    """It is read top to bottom; `needs` does not reach across files."""
    document = (ROOT / "helmfile.yaml").read_text().rpartition("---")[2]
    files = [one["path"] for one in yaml.safe_load(document)["helmfiles"]]

    known = load_environment(environment)
    assert files == [str(helmfile.state_file(layer).relative_to(ROOT)) for layer in known.layers]


@pytest.fixture
def copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the deployment to break."""
    for folder in ("helmfiles", "charts", "values", "environments"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    monkeypatch.setattr(helmfile, "ROOT", tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ("sync: {replica: 3}", "sync: additional properties 'replica' not allowed"),
        ("sync: {defaults: {replicas: three}}", "sync/defaults/replicas: got string, want integer"),
        (
            "sync: {nodes: [{name: one, execution: {client: parity}}]}",
            'sync.nodes[one].execution.client: no client "parity"; known: ',
        ),
        (
            "sync: {defaults: {jwt: {generate: false}}}",
            "sync.nodes[geth].jwt: generate is false, so existingSecret.name",
        ),
    ],
    ids=["unknown key", "ill-typed value", "unknown client", "contradiction"],
)
def test_a_value_that_a_chart_refuses_is_bad_input(values: str, said: str, copied: Path) -> None:
    (copied / "values" / "ethereum" / "local.yaml").write_text(values)
    environment = load_environment("local")

    with pytest.raises(BadInput) as refused:
        render_layer(environment, environment.layer("ethereum"))

    assert refused.value.seen.startswith(said)
    assert "\n" not in refused.value.seen
    assert "mend values/ethereum/local.yaml" in refused.value.todo


@pytest.mark.parametrize(
    ("file", "text", "said"),
    [
        ("values/ethereum/local.yaml", "sync: [", "cannot unmarshal yaml document"),
        ("charts/ethereum-infrastructure/templates/broken.yaml", "{{ .Values.", "templates/broken.yaml:1"),
        ("charts/ethereum-infrastructure/templates/broken.yaml", "{{ .Values.no.such }}", "nil pointer evaluating"),
    ],
    ids=["no YAML", "a template that cannot be read", "a template that fails"],
)
def test_what_else_helm_refuses_is_told_with_the_command(file: str, text: str, said: str, copied: Path) -> None:
    (copied / file).write_text(text)
    environment = load_environment("local")

    with pytest.raises(CommandFailed) as failed:
        render_layer(environment, environment.layer("ethereum"))

    message = str(failed.value)
    assert said in message
    # Ready to paste.
    assert "ethereum.helmfile.yaml.gotmpl --environment local --no-color" in message
    assert "exit code 1" in message


def test_without_a_cluster_nothing_reaches_the_users_own() -> None:
    assert helmfile.surroundings(None)["KUBECONFIG"] == os.devnull


def test_helm_sees_nothing_of_the_users_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HELM_DATA_HOME", "/home/user/helm")

    known = {key: value for key, value in helmfile.surroundings(None).items() if key.startswith("HELM_")}

    assert set(known) == {"HELM_CONFIG_HOME", "HELM_CACHE_HOME", "HELM_DATA_HOME"}
    assert not any(value.startswith("/home/user") for value in known.values())


@pytest.mark.parametrize(
    ("provider", "said"), [("embedded", "embedded"), ("kind", "kind"), ("context", "context:ethinfra-test")]
)
def test_hooks_learn_which_cluster_is_meant(provider: str, said: str, cluster: Cluster) -> None:
    """They are commands of their own, and must not choose another cluster than helmfile's."""
    there = Cluster("test", provider, cluster.kubeconfig, cluster.context, frozenset(), owned=True)

    env = helmfile.surroundings(there)

    assert (env["ETHINFRA_CLUSTER"], env["ETHINFRA_PROVIDER"]) == ("test", said)
    assert env["KUBECONFIG"] == str(cluster.kubeconfig)


def test_helmfile_works_on_the_clusters_context(cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """And on no other, whatever the kubeconfig says is current."""
    called: list[str] = []
    monkeypatch.setattr(helmfile, "run", lambda argv, **_: called.extend(str(word) for word in argv))
    environment = load_environment("local")

    helmfile.helmfile(environment, environment.layer("ethereum"), "sync", within=5, cluster=cluster)

    assert called[called.index("--kube-context") + 1] == "ethinfra-test"
    assert called.index("--kube-context") < called.index("sync")
