"""Live controls: the deployment is broken on purpose, and the scenarios that claim to notice must fail.

A *sabotage* is a change of project files that breaks one promise, with the scenarios that must fail and why. A *bundle*
is a set of sabotages that do not touch each other, tried on one cluster, with scenarios that none of them touches and
that must still pass: a deployment in which everything fails would prove nothing.

- `sabotage`   what a sabotage and a bundle are
- `catalogue`  all of them
- `elsewhere`  the scenarios without one, and where their controls are
- `trial`      a bundle is tried: a copy of the project, broken, runs its own scenarios on a cluster of its own
- `table`      the list in README.md
"""
