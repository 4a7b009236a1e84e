"""What a mutant is."""

from __future__ import annotations

from dataclasses import dataclass

from tests.controls.sabotage import Edit

#: Checks that are no rules. What the schema and the templates' own checks refuse is never rendered.
SCHEMA, CHECKS, KUBERNETES, ORDER, UPGRADE, RELEASES = (
    "values.schema.json",
    "templates/_checks.tpl",
    "schemas of Kubernetes",
    "order of environments",
    "upgrade",
    "order of releases",
)


@dataclass(frozen=True)
class Mutant:
    """One edit, and who must notice it.

    by:     the id of a rule, or one of the checks above
    case:   which deployment is rendered (`trial.CASES`)
    defect: what of the public charts it repeats, in a few words; empty if none was seen there
    """

    name: str
    edit: Edit
    by: str
    case: str = "local"
    defect: str = ""

    def __str__(self) -> str:
        return self.name
