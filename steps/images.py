"""Steps about images: their recipes, what is built of them, what pins them."""

from __future__ import annotations

import json
import re
from typing import Any

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from pytest_bdd import given, parsers, then, when

from ethinfra.clients import known_clients
from ethinfra.environment import Pin, load_environment
from ethinfra.errors import unknown_name
from ethinfra.images import Archive, Image, archive_of, catalogue, find_image
from ethinfra.images.layout import read_config, read_members
from ethinfra.images.lock import Source, read_lock
from ethinfra.images.pinning import Pinning, pinning
from ethinfra.images.sbom import sbom
from ethinfra.images.standard import RULES, Recipe, breaches, disagreements, excesses, misbuilt
from ethinfra.images.store import secrets_in
from ethinfra.images.supply import gaps, images_of, supplies, unpinned_modules
from ethinfra.trial.images import BuiltImages, TrialPush, built_elsewhere, refusal_with
from ethinfra.trial.secrets import Planted, made
from fixtures.evidence import Evidence
from fixtures.images import Push
from fixtures.matrix import Matrix
from fixtures.statuses import pending


@given(parsers.parse('the recipe of "{image}"'), target_fixture="recipe")
def recipe_of(image: str) -> Recipe:
    return Recipe.of(find_image(image))


@then("it keeps to every rule of the standard")
def keeps_to_standard(recipe: Recipe) -> None:
    """Those of `ethinfra/images/standard.py`."""
    said = breaches(recipe)
    assert not said, "\n".join(said)


@then("its ports, command, health check and stop signal are those of the client table")
def agrees_with_table(recipe: Recipe) -> None:
    """Of each program in values/clients that has this image; there is one at least."""
    parts = [part for programs in known_clients().values() for part in programs.values() if _is_in(recipe.image, part)]
    assert parts, f"no program of the client table is in {recipe.image.reference}"
    said = disagreements(recipe, parts)
    assert not said, "\n".join(said)


@then("everything that it is made of is pinned")
def made_of_pinned(recipe: Recipe, evidence: Evidence) -> None:
    """By the toolchain's locks, the package index, the image lock. A file whose checksum nobody has seen is PENDING."""
    one = supplies(recipe.image)
    evidence.observe("made of", one.listed)
    assert not gaps(one), "\n".join(gaps(one))
    unseen = [url for url, checksum in one.files.items() if checksum is None]
    if unseen:
        pending(f"{Source.UPSTREAM.file.name} has no checksum yet of {', '.join(unseen)}")


@then(parsers.parse("rule {rule} of the standard holds for every recipe"))
def rule_of_standard(rule: str) -> None:
    """Of the catalogue, which has every Dockerfile of the project."""
    if rule not in RULES:
        raise unknown_name("rule", rule, sorted(RULES))
    said = [f"{image.key}: {one}" for image in catalogue() for one in RULES[rule](Recipe.of(image))]
    assert not said, "\n".join(said)


@then("every image in production has the digest that the image locks know for it", target_fixture="pinned")
def production_is_pinned(matrix: Matrix, evidence: Evidence) -> Pinning:
    """As its values have it. A digest that is in no lock is wrong too."""
    assert load_environment("production").pin == Pin.DIGEST
    references = matrix.images("production")
    found = pinning(references, {source: read_lock(source) for source in Source})
    evidence.attach("images of production", {"rendered": references, "pending": found.pending})
    assert not found.wrong, "\n".join(found.wrong)
    return found


@then("the image locks know the digest of each")
def locks_are_complete(pinned: Pinning) -> None:
    """PENDING with the names of those that nobody has seen."""
    if pinned.pending:
        pending(
            f"nobody has seen the digest of {', '.join(pinned.pending)}; `ethinfra images lock` asks the registries"
        )


@then("every image in any environment is one of the catalogue", target_fixture="deployed")
def in_the_catalogue(matrix: Matrix) -> list[Image]:
    """By name and tag, in every rendering."""
    return images_of(matrix.images())


@then("each has its source, its licences and the list of what it is made of")
def origins_are_listed(deployed: list[Image], evidence: Evidence) -> None:
    """Every module of the toolchain's programs with its checksum; Debian's packages and upstream's files by name."""
    found = [supplies(image) for image in deployed]
    evidence.attach("origins", [one.listed for one in found])
    evidence.attach("modules", {family: sorted(names) for one in found for family, names in one.modules.items()})
    said = [gap for one in found for gap in gaps(one)]
    assert not said, "\n".join(said)


@given("every image that is built here")
def images_are_built(built_images: BuiltImages, evidence: Evidence) -> None:
    """Those of upstream's releases only where somebody has built them; the others are named with the reason."""
    assert built_images.archives
    evidence.observe("images", {one.image.reference: one.digest for one in built_images.archives})
    evidence.observe("not built here", built_images.missing)


@then("none of them holds a secret")
def images_hold_no_secret(built_images: BuiltImages) -> None:
    """In any file of any layer."""
    said = [f"{one.image.reference}: {found}" for one in built_images.archives for found in secrets_in(one)]
    assert not said, "\n".join(said)


@then("each runs, stops and is labelled as its recipe says")
def built_as_meant(built_images: BuiltImages) -> None:
    """User, entrypoint, command, stop signal, health check, labels: as the archive's configuration has them."""
    said = [
        f"{one.image.reference}: {found}"
        for one in built_images.archives
        for found in misbuilt(one.image, read_config(one.path))
    ]
    assert not said, "\n".join(said)


@then("none of them has a shell without a reason, a program with its owner's rights, or a device")
def built_without_tools(built_images: BuiltImages) -> None:
    """In any layer; the reason stands in the recipe's first words."""
    said = [
        f"{one.image.reference}: {found}"
        for one in built_images.archives
        for found in excesses(one.image, read_members(one.path))
    ]
    assert not said, "\n".join(said)


@then("the bill of materials of each is valid, and names its version and its digest", target_fixture="bills")
def bills_are_valid(built_images: BuiltImages, evidence: Evidence) -> list[tuple[Archive, dict[str, Any]]]:
    """CycloneDX, as `ethinfra images sbom` writes it."""
    bills = []
    for archive in built_images.archives:
        text = sbom(archive)
        problem = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
        assert problem is None, f"{archive.image.reference}: {problem}"
        bill: dict[str, Any] = json.loads(text)
        subject = bill["metadata"]["component"]
        assert (subject["name"], subject["version"]) == (archive.image.name, archive.image.tag)
        assert f"sha256:{subject['hashes'][0]['content']}" == archive.digest
        assert bill["components"], f"{archive.image.reference}: nothing is listed"
        bills.append((archive, bill))
        evidence.attach(f"sbom {archive.image.key}", text)
    return bills


@then("every package in them is one that the toolchain's locks have")
def packages_are_locked(bills: list[tuple[Archive, dict[str, Any]]], evidence: Evidence) -> None:
    """Go modules as each program tells them itself, npm packages as they lie in the image."""
    said, count = [], 0
    for archive, bill in bills:
        purls = [one["purl"] for one in bill["components"] if "purl" in one]
        count += len(purls)
        if not archive.image.releases:
            said += [f"{archive.image.reference}: {one}" for one in unpinned_modules(purls, supplies(archive.image))]
    evidence.observe("packages", count)
    assert not said, "\n".join(said)


@when(
    parsers.parse('the image "{image}" is built again in another folder, with another cache and umask'),
    target_fixture="rebuilt",
)
def built_again(image: str) -> tuple[Archive, str]:
    """By another process. What it is made of is shared, nothing that was made of it is."""
    return archive_of(find_image(image)), built_elsewhere(find_image(image))


@then("its digest is that of the first build")
def same_digest(rebuilt: tuple[Archive, str], evidence: Evidence) -> None:
    first, digest = rebuilt
    evidence.observe("digest", digest)
    assert digest == first.digest


@when(parsers.parse("an image is built with {secret} beside its recipe"), target_fixture="attempt")
def built_with_secret(secret: str) -> tuple[Planted, str]:
    """In a copy of the recipe, which builds without the secret."""
    one = made(secret)
    return one, refusal_with(one.text)


@then("the build is refused, with the secret's kind and place and without the secret")
def build_is_refused(attempt: tuple[Planted, str]) -> None:
    planted, said = attempt
    assert "has secrets in it" in said, said or "it was built"
    assert planted.kind in said
    assert "planted" in said
    assert not planted.shown_in(said)


@when(parsers.parse('the image "{image}" is pushed to the registry by the project\'s command'), target_fixture="push")
def image_is_pushed(image: str, push_image: Push) -> TrialPush:
    """`ethinfra images push`; tags that were not there before are removed afterwards."""
    return push_image(find_image(image))


@then("the registry has it by its version, and by its version and commit")
def has_both_tags(push: TrialPush, evidence: Evidence) -> None:
    """The commit is the last one that changed what it is made of."""
    version, tags = push.archive.image.tag, push.tags()
    evidence.observe("tags", tags)
    assert version in tags
    commits = [tag for tag in tags if re.fullmatch(re.escape(version) + "-g[0-9a-f]{12}(-dirty)?", tag)]
    assert commits, f"none of {tags} tells a commit"


@then("every byte that is pulled by either tag is that of the build")
def pulled_as_built(push: TrialPush) -> None:
    """The manifest's digest, and those of configuration and layers."""
    for tag in push.archive.tags:
        assert push.pulled(tag) == push.archive.digest


def _is_in(image: Image, program: dict[str, Any]) -> bool:
    return image.reference == f"{program['image']['repository']}:{program['image']['tag']}"
