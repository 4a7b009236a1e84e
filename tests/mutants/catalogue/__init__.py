"""All mutants, a module for each subject that they break."""

from tests.mutants.catalogue import change, clients, containers, life, platform, ports

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
    *platform.POLICIES,
    *platform.OBJECTS,
    *change.UPGRADES,
    *change.ENVIRONMENTS,
)
