"""All mutants, a module for each subject that they break."""

from tests.mutants.catalogue import change, clients, containers, life, platform, ports, serving, snapshots

MUTANTS = (
    *containers.PERMISSIONS,
    *containers.RESOURCES,
    *containers.IMAGES,
    *clients.FLAGS,
    *clients.ENGINE,
    *ports.PORTS,
    *life.PROBES,
    *life.STOPPING,
    *life.DATA,
    *snapshots.JOBS,
    *snapshots.PLANS,
    *snapshots.HOLDS,
    *serving.START,
    *serving.ANSWERS,
    *serving.SCALING,
    *platform.POLICIES,
    *platform.OBJECTS,
    *change.UPGRADES,
    *change.ENVIRONMENTS,
)
