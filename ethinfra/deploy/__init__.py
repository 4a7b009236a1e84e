"""Layers on a cluster, by way of helmfile.

A *layer* is one helmfile (`helmfiles/<layer>.helmfile.yaml.gotmpl`) with one or more *releases* of helm. It is
*applied* by one `helmfile sync`, and *healthy* when its objects and its own check say so, not when helm returns.

- `helmfile`   helmfile as a subprocess, with the pinned tools and nothing of the user's helm configuration
- `render`     what a layer consists of: its manifests, in a fixed order, and their digest
- `layers`     apply and destroy, in the order of the layers' needs
- `health`     whether the objects of a layer are as they should be, and why not
- `checks`     what each layer is for, tried
- `drift`      where live objects differ from rendered ones
- `unchanged`  whether applying again changed anything
- `rules`      what every rendered manifest keeps to
- `schemas`    whether an API server would take what is rendered
- `release`    a single release of a chart, beside the layers
"""

from ethinfra.deploy.drift import Difference, drift
from ethinfra.deploy.layers import Applied, apply_layer, apply_layers, destroy_layers, validate_layer
from ethinfra.deploy.release import install_release, release_values, uninstall_release
from ethinfra.deploy.render import Rendered, render_layer
from ethinfra.deploy.unchanged import changes, fingerprint

__all__ = [
    "Applied",
    "Difference",
    "Rendered",
    "apply_layer",
    "apply_layers",
    "changes",
    "destroy_layers",
    "drift",
    "fingerprint",
    "install_release",
    "release_values",
    "render_layer",
    "uninstall_release",
    "validate_layer",
]
