"""Flags exist in the pinned release of the client that gets them (NODE-01).

A chart renders whatever it is told; a flag that a new release renamed is noticed when the pod does not start. So each
client's flags are recorded with their source (values/clients/flags), and a new version needs a new record.
"""

from __future__ import annotations

from ethinfra.deploy.rules.manifests import Manifests, Program, arguments, flag_templates, image_of


def flags_are_the_clients_own(manifests: Manifests) -> list[str]:
    """Every flag that a client is started with, before its node too, is in the recorded list of that client."""
    said = []
    for node in manifests.pods:
        for one in manifests.all_programs(node):
            known = _names(manifests, one)
            if known:
                where = f"{node.title}: container {one.container['name']}"
                given = dict.fromkeys(name for name, _ in arguments(one.container))
                said += [f"{where} has {name}, which {_release(one)} has not" for name in given if name not in known]
    return said


def flags_of_the_table_exist(manifests: Manifests) -> list[str]:
    """The same for what a node may get on another network, by another sync mode, or by an option: off is not exempt."""
    said = []
    for node in manifests.pods:
        for one in manifests.all_programs(node):
            known, rendered = _names(manifests, one), {name for name, _ in arguments(one.container)}
            for name in dict.fromkeys(template.partition("=")[0].strip() for template in flag_templates(one.known)):
                if known and name.startswith("-") and name not in known and name not in rendered:
                    where = f"{node.title}: container {one.container['name']}"
                    said.append(f"{where} may get {name}, which {_release(one)} has not")
    return said


def flag_lists_are_of_this_version(manifests: Manifests) -> list[str]:
    """There is a list of each client's flags, and it is of the version that is deployed."""
    said = []
    for node in manifests.pods:
        for one in manifests.all_programs(node):
            recorded, version = manifests.flags_of(one), one.known["version"]
            where = f"{node.title}: container {one.container['name']}"
            file = f"values/clients/flags/{one.client}.yaml"
            if recorded is None:
                said.append(f"{where} is {_release(one)}, and {file} has no list for {one.name}")
            elif recorded.version != str(version):
                bump = f"{file} is of {recorded.version}: a version bump without a new list"
                said.append(f"{where} is {_release(one)}, and {bump}")
    return said


def images_are_of_the_known_version(manifests: Manifests) -> list[str]:
    """What is known of a client is known of one release; its image is of the same one, by its tag."""
    said = []
    for node in manifests.pods:
        for one in manifests.all_programs(node):
            tag, version = image_of(one.container).tag.removeprefix("v"), str(one.known["version"])
            if tag and tag != version and not tag.startswith((f"{version}-", f"{version}_")):
                where = f"{node.title}: container {one.container['name']}"
                said.append(f"{where} runs {one.container['image']}, and the table knows {version}")
    return said


RULES = (
    flags_are_the_clients_own,
    flags_of_the_table_exist,
    flag_lists_are_of_this_version,
    images_are_of_the_known_version,
)


def _names(manifests: Manifests, one: Program) -> frozenset[str]:
    """The flags that a program has; empty if none are recorded, which is another rule's complaint."""
    recorded = manifests.flags_of(one)
    return recorded.flags if recorded else frozenset()


def _release(one: Program) -> str:
    return f"{one.client} {one.known['version']}"
