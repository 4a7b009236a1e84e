"""Snapshots: the jobs that take them, what they may do, what they were told, and the nodes that they stop (SNAP)."""

from __future__ import annotations

from ethinfra.deploy.render import title
from ethinfra.deploy.rules.builder import jobs, mounted, plans, program, steps, unreadable
from ethinfra.deploy.rules.manifests import Manifests, Pods, arguments
from ethinfra.kube import Object
from ethinfra.snapshot.errors import BAD_INPUT, DEFECT, FAILED, OUT_OF_SPACE

#: What a job does. A CSI snapshot is taken by one job and pushed by another.
_ORDERS = (
    ["take", "push", "restore", "promote"],
    ["take"],
    ["push", "restore", "promote"],
    ["prune"],
)

#: The sidecar in which the restore test's client runs, and who asks it.
_TESTED, _TESTER = "execution", "promote"

#: Exit codes of a step for which another try is the same again.
_REFUSED = sorted((FAILED, BAD_INPUT, OUT_OF_SPACE, DEFECT))

#: What a job's account may create, since RBAC cannot bind `create` to a name.
_CREATED = frozenset({"events", "volumesnapshots"})


def snapshot_jobs_never_overlap(manifests: Manifests) -> list[str]:
    """A second run of a job does not begin while the first one goes on, and none goes on, or stays, for ever."""
    said = []
    for pods in jobs(manifests):
        spec, job = pods.owner["spec"], pods.owner["spec"].get("jobTemplate", {}).get("spec", {})
        if spec.get("concurrencyPolicy") != "Forbid":
            said.append(f"{pods.title}: concurrencyPolicy is {spec.get('concurrencyPolicy', 'Allow')}, not Forbid")
        said += [f"{pods.title}: has no startingDeadlineSeconds"] * ("startingDeadlineSeconds" not in spec)
        said += [
            f"{pods.title}: its jobs have no {field}"
            for field in ("activeDeadlineSeconds", "ttlSecondsAfterFinished", "backoffLimit")
            if field not in job
        ]
        said += [f"{pods.title}: its pods start again by themselves"] * (pods.spec.get("restartPolicy") != "Never")
    return said


def snapshot_jobs_have_time(manifests: Manifests) -> list[str]:
    """A job's deadline is beyond those of its steps: it would be ended while it still holds a client."""
    return list(
        dict.fromkeys(
            f"{pods.title}: ends after {deadline}s, and its steps may take {needed}s"
            for pods, _, plan in plans(manifests)
            if pods in jobs(manifests) and plan.job is not None and "take" in steps(pods)
            for deadline in [pods.owner["spec"]["jobTemplate"]["spec"].get("activeDeadlineSeconds", 0)]
            for needed in [plan.job.stop_seconds + 2 * plan.job.start_seconds + plan.job.test_seconds]
            if deadline < needed
        )
    )


def snapshot_jobs_fail_by_their_steps_alone(manifests: Manifests) -> list[str]:
    """What a step refuses ends its job, what it could not reach does not; nor does a client that is killed beside it,
    whatever its exit code is."""
    said = []
    for pods in jobs(manifests):
        job = pods.owner["spec"].get("jobTemplate", {}).get("spec", {})
        rules = job.get("podFailurePolicy", {}).get("rules", [])
        ending = [one.get("onExitCodes", {}) for one in rules if one["action"] == "FailJob"]
        names = [one.get("containerName") for one in ending]
        said += [f"{pods.title}: goes on when {step} has refused" for step in steps(pods) if step not in names]
        said += [f"{pods.title}: ends by the exit code of {one or 'any'}" for one in names if one not in steps(pods)]
        said += [
            f"{pods.title}: ends when {one.get('containerName')} has an exit code {one.get('operator')} {codes}"
            for one in ending
            for codes in [sorted(one.get("values", []))]
            if (one.get("operator"), codes) != ("In", _REFUSED)
        ]
    return said


def snapshots_are_tested_before_they_count(manifests: Manifests) -> list[str]:
    """Take, push, restore, promote, in this order; between the last two the client starts on what was restored, and
    promotion waits until it has answered."""
    said = []
    for pods in jobs(manifests):
        found = steps(pods)
        if found not in _ORDERS:
            said.append(f"{pods.title}: does {', '.join(found)}")
        if "promote" not in found:
            continue
        names = [one["name"] for one in pods.before]
        tested = next((one for one in pods.before if one["name"] == _TESTED), {})
        restored = next((one for one in pods.before if program(one)[1:] == ("restore",)), {})
        if tested.get("restartPolicy") != "Always" or [one["name"] for one in pods.containers] != [_TESTER]:
            said.append(f"{pods.title}: no client runs beside the step that promotes")
        elif names.index(_TESTED) < names.index(restored.get("name", _TESTED)):
            said.append(f"{pods.title}: the client starts before its data is restored")
        elif not _volumes(tested) & _volumes(restored) - {"tmp"}:
            said.append(f"{pods.title}: the client does not start on what was restored")
    return said


def restore_tests_meet_nobody(manifests: Manifests) -> list[str]:
    """The restored node has the flags that keep it from peers, or its head would be theirs; and nobody gets to it."""
    said = []
    for pods in jobs(manifests):
        for one in manifests.all_programs(pods):
            if one.container["name"] == _TESTED:
                given = one.container.get("args", [])
                missing = [flag for flag in one.known["flags"].get("offline", ["flags"]) if flag not in given]
                said += [f"{pods.title}: container {_TESTED} has no {flag}" for flag in missing]
        for service in manifests.of_kind("Service"):
            selector = service["spec"].get("selector")
            if selector and pods in manifests.selected(service, {"matchLabels": selector}):
                said.append(f"{title(service)}: leads to {pods.title}, whose client is for its own pod")
    return said


def snapshot_jobs_have_few_rights(manifests: Manifests) -> list[str]:
    """Pods and leases by name, of their own node; nothing to make a pod from, and no Secrets."""
    said = []
    for pods in jobs(manifests):
        for role in _roles(manifests, pods):
            for rule in role.get("rules") or []:
                verbs, resources = set(rule["verbs"]), set(rule["resources"])
                if "secrets" in resources:
                    said.append(f"{title(role)}: reaches Secrets")
                if verbs & {"create", "deletecollection", "patch", "update"} and resources & {
                    "pods",
                    "jobs",
                    "cronjobs",
                }:
                    said.append(f"{title(role)}: may make pods, or change them")
                if "create" in verbs and resources - _CREATED:
                    said.append(f"{title(role)}: may create {', '.join(sorted(resources - _CREATED))}")
                if verbs & {"delete", "update", "patch"} and not rule.get("resourceNames"):
                    said.append(f"{title(role)}: may change {', '.join(sorted(resources))} of any name")
                said += [
                    f"{title(role)}: names {kind} {name}, which is not there"
                    for kind, names in (("pods", _replicas(manifests, pods)), ("leases", _leases(manifests, pods)))
                    if kind in resources
                    for name in rule.get("resourceNames") or []
                    if name not in names
                ]
    return list(dict.fromkeys(said))


def plans_say_what_is_so(manifests: Manifests) -> list[str]:
    """What the programs are told is what the table knows of the client, and what the nodes are."""
    said = unreadable(manifests)
    for pods, container, plan in plans(manifests):
        where = f"{pods.title}: the plan of container {container['name']}"
        node = next(
            (
                one
                for one in manifests.nodes
                if (one.namespace, one.owner["metadata"]["name"]) == (pods.namespace, plan.node)
            ),
            None,
        )
        if node is None:
            said.append(f"{where} is of {plan.node}, which is no node")
            continue
        known = manifests.clients.get(plan.client.name, {}).get("execution", {})
        probe = dict(arguments(node.container("probe") or {}))
        rules = known.get("snapshot", {})
        security = pods.spec.get("securityContext") or {}
        expected = {
            "client.name": (plan.client.name, node.labels.get("ethinfra.io/client")),
            "client.version": (plan.client.version, str(known.get("version"))),
            "network.name": (plan.network.name, node.labels.get("ethinfra.io/network")),
            "network.chainId": (str(plan.network.chain_id), probe.get("--chain-id")),
            "network.genesisHash": (plan.network.genesis_hash, probe.get("--genesis-hash", "")),
            "database.scheme": (plan.database.scheme, rules.get("scheme", "")),
            "database.include": (list(plan.database.include), rules.get("include")),
            "database.exclude": (list(plan.database.exclude), rules.get("exclude")),
            "database.immutable": (list(plan.database.immutable), rules.get("immutable", [])),
            "database.changes": (
                [(one.version, one.rollback) for one in plan.database.changes],
                [(one["version"], one.get("rollback", False)) for one in known.get("databaseChanges", [])],
            ),
            "ports.rpc": (plan.ports.rpc, known.get("ports", {}).get("rpc")),
            "ports.probe": (str(plan.ports.probe), probe.get("--listen", "").rpartition(":")[2]),
            "owner.uid": (plan.owner.uid, security.get("runAsUser")),
            "owner.gid": (plan.owner.gid, security.get("runAsGroup")),
        }
        said += [f"{where} says {key} {told}, and it is {is_}" for key, (told, is_) in expected.items() if told != is_]
    return list(dict.fromkeys(said))


def registry_credentials_are_given_out_sparingly(manifests: Manifests) -> list[str]:
    """Credentials come as a file from a Secret at the path that the plan says; who only pulls has another one than who
    pushes, and the registry's authority is there too."""
    said = []
    pushing: set[str | None] = set()
    pulling: set[str | None] = set()
    for pods, container, plan in plans(manifests):
        where = f"{pods.title}: container {container['name']}"
        secret = mounted(pods, container, plan.registry.config).get("secret", {})
        if plan.registry.config.rpartition("/")[2] not in {one["path"] for one in secret.get("items", [])}:
            said.append(f"{where} has no credentials at {plan.registry.config}")
        (pushing if program(container)[:1] == ("job",) else pulling).add(secret.get("secretName"))
        authority = plan.registry.authority
        if authority and not mounted(pods, container, authority):
            said.append(f"{where} has no certificate at {authority}")
        if plan.cache and not mounted(pods, container, plan.cache.directory).get("persistentVolumeClaim"):
            said.append(f"{where} has no cache at {plan.cache.directory}")
        if container.get("envFrom") or any(
            "valueFrom" in one and "secretKeyRef" in one["valueFrom"] for one in container.get("env", [])
        ):
            said.append(f"{where} has credentials in its environment")
    said += [
        f"Secret {name}: is for who pushes, and is given to who pulls"
        for name in sorted(name for name in pushing & pulling if name)
    ]
    return list(dict.fromkeys(said))


def nodes_wait_while_they_are_copied(manifests: Manifests) -> list[str]:
    """The nodes whose volumes a job mounts, and no others, look for its hold before anything opens the database, and
    bear its silence for as long as it is told."""
    said = []
    patience = {plan.node: plan.job.hold_patience_seconds for _, _, plan in plans(manifests) if plan.job}
    for node in manifests.nodes:
        name = node.owner["metadata"]["name"]
        copied = any(name in _copied(pods) and pods.namespace == node.namespace for pods in jobs(manifests))
        holds = [one for one in node.before if (one.get("args") or [""])[0] == "hold"]
        if copied and len(holds) != 1:
            said.append(f"{node.title}: is copied by a job, and does not wait for it before its clients start")
        if holds and not copied:
            said.append(f"{node.title}: waits for a job that does not exist")
        for one in holds if copied else ():
            given = dict(arguments(one))
            if given.get("--patience") != str(patience.get(name)):
                said.append(
                    f"{node.title}: bears {given.get('--patience')}s of silence, "
                    f"and jobs are told {patience.get(name)}s"
                )
            data = next(
                (program["dataDir"] for container, program in manifests.programs(node) if container["name"] == _TESTED),
                "",
            )
            places = {mount["mountPath"] for mount in one.get("volumeMounts", []) if not mount.get("readOnly")}
            if given.get("--data") != data or data not in places:
                said.append(f"{node.title}: does not look for the hold in its execution client's data")
            copied_volume = {mount["name"] for mount in one.get("volumeMounts", []) if mount["mountPath"] == data}
            said += [
                f"{node.title}: container {early['name']} writes to what a job copies, and waits for no hold"
                for early in node.before[: node.before.index(one)]
                if copied_volume & _volumes(early)
            ]
    return said


RULES = (
    snapshot_jobs_never_overlap,
    snapshot_jobs_have_time,
    snapshot_jobs_fail_by_their_steps_alone,
    snapshots_are_tested_before_they_count,
    restore_tests_meet_nobody,
    snapshot_jobs_have_few_rights,
    plans_say_what_is_so,
    registry_credentials_are_given_out_sparingly,
    nodes_wait_while_they_are_copied,
)


def _volumes(container: Object) -> set[str]:
    """Volumes that it may write to."""
    return {one["name"] for one in container.get("volumeMounts", []) if not one.get("readOnly")}


def _roles(manifests: Manifests, pods: Pods) -> list[Object]:
    """What is bound to a pod's account."""
    account = pods.spec.get("serviceAccountName", "default")
    names = {
        binding["roleRef"]["name"]
        for binding in manifests.of_kind("RoleBinding")
        if binding["metadata"]["namespace"] == pods.namespace
        and any((one["kind"], one["name"]) == ("ServiceAccount", account) for one in binding.get("subjects", []))
    }
    return [
        one
        for one in manifests.of_kind("Role")
        if one["metadata"]["namespace"] == pods.namespace and one["metadata"]["name"] in names
    ]


def _copied(pods: Pods) -> set[str]:
    """StatefulSets whose claims a job mounts."""
    claims = (one.get("persistentVolumeClaim", {}).get("claimName", "") for one in pods.spec.get("volumes", []))
    return {name.partition("-")[2].rpartition("-")[0] for name in claims}


def _replicas(manifests: Manifests, pods: Pods) -> set[str]:
    return {
        f"{one.owner['metadata']['name']}-{ordinal}"
        for one in manifests.nodes
        if one.namespace == pods.namespace and one.owner["kind"] == "StatefulSet"
        for ordinal in range(one.replicas)
    }


def _leases(manifests: Manifests, pods: Pods) -> set[str]:
    return {
        one["metadata"]["name"] for one in manifests.of_kind("Lease") if one["metadata"]["namespace"] == pods.namespace
    }
