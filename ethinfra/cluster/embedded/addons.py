"""What the cluster itself deploys: access of its components, DNS, metrics, node-local volumes (`addons/*.yaml`)."""

from __future__ import annotations

import textwrap
from pathlib import Path
from string import Template

from ethinfra.cluster.embedded.disk import VOLUMES
from ethinfra.cluster.embedded.pki import Pki
from ethinfra.cluster.embedded.plan import CLUSTER_DOMAIN, ClusterPlan
from ethinfra.images import find_image
from ethinfra.process import run

_MANIFESTS = Path(__file__).parent / "addons"
#: Owner of the fields that are applied here.
_FIELD_MANAGER = "ethinfra-cluster"


def manifests(plan: ClusterPlan) -> str:
    """All addons as one stream of YAML documents."""
    values = {
        "domain": CLUSTER_DOMAIN,
        "dns": str(plan.dns_service),
        "volumes": str(VOLUMES),
        "coredns": find_image("coredns").reference,
        "metrics_server": find_image("metrics-server").reference,
        "provisioner": find_image("local-path-provisioner").reference,
        "busybox": find_image("busybox").reference,
        "kubelet_ca": textwrap.indent(Pki(plan.pki_dir).certificate("ca").read_text().rstrip(), " " * 4),
    }
    return "\n---\n".join(Template(path.read_text()).substitute(values) for path in sorted(_MANIFESTS.glob("*.yaml")))


def apply_addons(plan: ClusterPlan, kubectl: Path) -> None:
    """Create or update all addons. Repeating it changes nothing."""
    run(
        [
            kubectl,
            f"--kubeconfig={plan.kubeconfig}",
            "apply",
            "--server-side",
            "--force-conflicts",
            f"--field-manager={_FIELD_MANAGER}",
            "--validate=false",
            "-f",
            "-",
        ],
        stdin=manifests(plan),
        within=60,
    )
