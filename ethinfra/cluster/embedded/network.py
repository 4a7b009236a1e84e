"""Links, addresses and routes: a bridge in the control space, a link from it to each node and one to the machine."""

from __future__ import annotations

import json

from ethinfra.cluster.embedded.plan import ClusterPlan, NodePlan
from ethinfra.cluster.embedded.spaces import Space
from ethinfra.errors import ClusterError
from ethinfra.process import run

BRIDGE = "nodes"
#: A node's own link, and its bridge of pods.
NODE_LINK, POD_BRIDGE = "eth0", "pods"


def connect_control(plan: ClusterPlan, control: Space) -> None:
    """The bridge, and the machine's link to it. Repeating it changes nothing; a half-made network is made anew."""
    if str(plan.control_address) not in control.run(["ip", "-json", "-4", "address"]).stdout:
        control.run(["ip", "link", "delete", BRIDGE], check=False)
        _batch(
            control,
            f"link add {BRIDGE} type bridge",
            f"link set {BRIDGE} up",
            f"address add {plan.control_address}/24 dev {BRIDGE}",
        )
    # Frames between nodes cross this bridge; what they carry is the nodes' affair, so no rules are applied to it here.
    _set(
        control,
        {
            "net.ipv4.ip_forward": 1,
            "net.ipv4.conf.all.send_redirects": 0,
            f"net.ipv4.conf.{BRIDGE}.send_redirects": 0,
            "net.bridge.bridge-nf-call-iptables": 0,
            "net.bridge.bridge-nf-call-ip6tables": 0,
        },
    )
    link = plan.machine_link
    routes = json.loads(run(["ip", "-json", "-4", "route", "show", "dev", link], check=False).stdout or "[]")
    if {route["dst"] for route in routes} >= {str(plan.link_network), str(plan.services), str(plan.pods)}:
        return
    run(["ip", "link", "delete", link], check=False)
    run(["ip", "link", "add", link, "type", "veth", "peer", "name", "machine", "netns", str(control.holder)])
    _batch(control, f"link set machine master {BRIDGE}", "link set machine up")
    lines = (
        f"link set {link} up",
        f"address add {plan.machine_address}/24 dev {link}",
        # Through the control space, whose kube-proxy turns a Service's address into a pod's.
        f"route add {plan.services} via {plan.control_address}",
        f"route add {plan.pods} via {plan.control_address}",
    )
    run(["ip", "-batch", "-"], stdin="\n".join(lines))


def connect_node(plan: ClusterPlan, node: NodePlan, control: Space, space: Space) -> None:
    """A node's link, its bridge of pods, and the way to it for the control space. Repeating it changes nothing."""
    if not space.run(["ip", "-json", "-4", "route", "show", "default"]).stdout.strip("[] \n"):
        port = f"node{node.index}"
        control.run(["ip", "link", "delete", port], check=False)
        space.run(["ip", "link", "delete", POD_BRIDGE], check=False)
        _batch(
            control,
            f"link add {port} type veth peer name {NODE_LINK} netns {space.holder}",
            f"link set {port} master {BRIDGE} up",
        )
        _batch(
            space,
            # The bridge plugin would make it with the first pod; policies and checks want it from the start.
            f"link add {POD_BRIDGE} type bridge",
            f"link set {POD_BRIDGE} up",
            f"address add {node.gateway}/{node.pods.prefixlen} dev {POD_BRIDGE}",
            f"link set {NODE_LINK} up",
            f"address add {node.address}/24 dev {NODE_LINK}",
            # The control space has no way out, so a packet to elsewhere is refused there at once.
            # The last line, so its effect tells that all were executed.
            f"route add default via {plan.control_address}",
        )
    _set(
        space,
        {"net.ipv4.ip_forward": 1, "net.bridge.bridge-nf-call-iptables": 1, "net.bridge.bridge-nf-call-ip6tables": 1},
    )


def route_pods(plan: ClusterPlan, spaces: dict[str, Space], control: Space) -> None:
    """Every node, and the control space, can reach every node's pods. Repeating it changes nothing."""
    _batch(
        control,
        # The API server calls aggregated APIs and webhooks by their Services' addresses. A packet needs a route before
        # kube-proxy's rule for outgoing packets gets to see it.
        f"route replace {plan.services} dev {BRIDGE} src {plan.control_address}",
        *(f"route replace {node.pods} via {node.address}" for node in plan.nodes),
    )
    for node in plan.nodes:
        others = [f"route replace {other.pods} via {other.address}" for other in plan.nodes if other != node]
        if others:
            _batch(spaces[node.name], *others)


def _batch(space: Space, *lines: str) -> None:
    space.run(["ip", "-batch", "-"], stdin="\n".join(lines))


def _set(space: Space, settings: dict[str, int]) -> None:
    """Set sysctls of a space's network namespace, and read them back: some kernels keep one value for all of them."""
    space.run(["sysctl", "-q", "-w", *(f"{name}={value}" for name, value in settings.items())])
    seen = space.run(["sysctl", "-n", *settings]).stdout.split()
    if seen != [str(value) for value in settings.values()]:
        raise ClusterError(
            f"settings of the network of {space.name} did not stick",
            expected=", ".join(f"{name}={value}" for name, value in settings.items()),
            seen=" ".join(seen),
            todo="load the module br_netfilter: modprobe br_netfilter",
        )
