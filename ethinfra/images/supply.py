"""Where images come from: who made what is in them, under which licence, and what pins it.

This is what the catalogue, the recipes and the toolchain's locks say before anything is built; the bill of materials of
what was built is `sbom`'s.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from packageurl import PackageURL

from ethinfra.errors import unknown_name
from ethinfra.images.catalogue import Image, catalogue
from ethinfra.images.lock import locked_checksum
from ethinfra.images.standard import Recipe
from ethinfra.paths import ROOT
from ethinfra.toolchain import FAMILIES

#: Files by which a family of the toolchain pins what its programs are made of.
_PINS = ("go.sum", "package-lock.json")


@dataclass(frozen=True)
class Supplies:
    """What an image is made of.

    source, licences: of what it packages, by its labels
    modules:          of each family of the toolchain that it has programs of: package@version → checksum
    packages:         of Debian
    files:            that upstream released: URL → SHA-256; None while nobody has seen it
    ours:             paths of this repository
    """

    image: Image
    source: str
    licences: str
    modules: dict[str, dict[str, str]] = field(hash=False)
    packages: tuple[str, ...]
    files: dict[str, str | None] = field(hash=False)
    ours: tuple[str, ...]

    @property
    def listed(self) -> dict[str, Any]:
        """As evidence: modules by their number only, because they stand in the locks."""
        return {
            "image": self.image.reference,
            "built-from": self.image.built_from,
            "source": self.source,
            "licences": self.licences,
            "modules": {family: len(modules) for family, modules in self.modules.items()},
            "packages": self.packages,
            "files": self.files,
            "ours": self.ours,
        }


def supplies(image: Image) -> Supplies:
    """What is known of an image's origin."""
    recipe = Recipe.of(image)
    programs = {*image.tools, *dict(image.trees)}
    families = [name for name, one in FAMILIES.items() if programs & {tool.name for tool in one.tools}]
    compiled = [str((image.folder / source).resolve().relative_to(ROOT)) for _, source in image.compile]
    return Supplies(
        image,
        recipe.labels.get("org.opencontainers.image.source", ""),
        recipe.labels.get("org.opencontainers.image.licenses", ""),
        {family: pinned_modules(ROOT / "toolchain" / family) for family in families},
        image.packages,
        {release.url: locked_checksum(release.url) for release in image.releases},
        (*compiled, *(source for source, _ in image.sources)),
    )


def pinned_modules(family: Path) -> dict[str, str]:
    """Package@version → checksum of all that a family's programs may be made of; empty if nothing pins them."""
    modules = {}
    for line in _lines(family / "go.sum"):
        name, version, checksum = line.split()
        # The others are checksums of go.mod files, of versions that were only considered.
        if not version.endswith("/go.mod"):
            modules[f"{name}@{version}"] = checksum
    if (family / "package-lock.json").exists():
        packages = json.loads((family / "package-lock.json").read_text())["packages"]
        for place, one in packages.items():
            if place:
                modules[f"{place.rpartition('node_modules/')[2]}@{one['version']}"] = one.get("integrity", "")
    return modules


def gaps(one: Supplies) -> list[str]:
    """What is not told of an image's origin, as sentences."""
    found = []
    if not one.source.startswith("https://") and one.image.built_from != "project":
        found.append("its recipe does not say where its source is")
    if not one.licences:
        found.append("its recipe does not say its licences")
    if not (one.modules or one.packages or one.files or one.ours):
        found.append("the catalogue does not say what it is made of")
    for family, modules in one.modules.items():
        if not modules:
            found.append(f"toolchain/{family} has none of {', '.join(_PINS)}")
        found += [f"{name} of toolchain/{family} has no checksum" for name, checksum in modules.items() if not checksum]
    return [f"{one.image.reference}: {gap}" for gap in found]


def images_of(references: Iterable[str]) -> list[Image]:
    """The catalogue's images of references, as manifests have them. BadInput for one that nobody here knows."""
    known = {image.reference: image for image in catalogue()}
    names = sorted({reference.partition("@")[0] for reference in references})
    for name in names:
        if name not in known:
            raise unknown_name("image", name, list(known))
    return [known[name] for name in names]


def unpinned_modules(purls: Iterable[str], one: Supplies) -> list[str]:
    """Go modules and npm packages of a bill of materials that no lock of the toolchain pins.

    purls: as the bill of materials names its components
    """
    pinned = {name for modules in one.modules.values() for name in modules}
    return sorted(f"{name}@{version}" for name, version in _packages(purls) if f"{name}@{version}" not in pinned)


def _packages(purls: Iterable[str]) -> Iterable[tuple[str, str]]:
    for text in purls:
        purl = PackageURL.from_string(text)
        # The standard library comes with the compiler, which the toolchain itself pins.
        if purl.type in ("golang", "npm") and purl.name != "stdlib":
            yield "/".join(filter(None, (purl.namespace, purl.name))), purl.version or ""


def _lines(path: Path) -> list[str]:
    return [line for line in path.read_text().splitlines() if line] if path.exists() else []
