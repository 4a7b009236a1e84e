"""Ways to break what is rendered for `local`, each with the rule that must notice and the object that it names.

They try the branches of a rule, on objects and alone; that careless edits of a source come to a rule at all is tried by
tests/mutants, and no edit of there is repeated here.
"""

from __future__ import annotations

# Importing a module adds its mutations.
from tests.charts.mutations import of_containers, of_engine, of_nodes, of_platform, of_policies, of_ports
from tests.charts.mutations.mutation import MUTATIONS, Mutation

__all__ = ["MUTATIONS", "Mutation", "of_containers", "of_engine", "of_nodes", "of_platform", "of_policies", "of_ports"]
