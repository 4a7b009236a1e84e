"""Steps about what service accounts may do."""

from __future__ import annotations

from pytest_bdd import parsers, then, when

from ethinfra.environment import Environment
from ethinfra.kube import Kube
from ethinfra.trial import rights


@then("the rights of every service account of the layers are the listed ones:")
def rights_are_the_listed_ones(datatable: list[list[str]], kube: Kube, env: Environment) -> None:
    """The whole list: an account with any other right fails it."""
    expected = {account: _parse(may) for account, may in datatable[1:]}
    namespaces = sorted({layer.namespace for layer in env.layers if not layer.pending} - {"kube-system"})
    seen = {
        account: found
        for account in rights.service_accounts(kube, namespaces)
        if (found := rights.listed(kube, account, namespaces)) or account in expected
    }
    assert seen == expected, f"service accounts with rights: {seen}, listed in the feature: {expected}"


@when(parsers.parse('"{account}" tries to {verb} {resource} in "{namespace}"'), target_fixture="answer")
def tries_to(account: str, verb: str, resource: str, namespace: str, kube: Kube) -> str:
    """A real request in the account's name; what would change anything is a dry run on the server."""
    return rights.attempt(kube, account, verb, resource, namespace)


@then(parsers.parse('the API server\'s answer is "{expected}"'))
def answer_is(answer: str, expected: str) -> None:
    assert answer == expected


def _parse(text: str) -> dict[str, set[str]]:
    """`create,get configmaps; create secrets` → resource → verbs."""
    rules = [rule.split() for rule in text.split(";") if rule.strip()]
    return {resource: set(verbs.split(",")) for verbs, resource in rules}
