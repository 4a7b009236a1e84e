"""All sabotages, by the cluster on which they are tried: a module for each."""

from __future__ import annotations

from tests.controls.catalogue.believed import BELIEVED
from tests.controls.catalogue.cut_off import CUT_OFF
from tests.controls.catalogue.open import OPEN
from tests.controls.catalogue.registry import REGISTRY
from tests.controls.catalogue.restores import RESTORES
from tests.controls.catalogue.serving import SERVING
from tests.controls.catalogue.snapshots import COPIED_ALIVE, SNAPSHOTS

BUNDLES = (REGISTRY, OPEN, CUT_OFF, BELIEVED, SNAPSHOTS, COPIED_ALIVE, RESTORES, SERVING)
