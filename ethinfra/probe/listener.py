"""How a program of a pod listens: at once, and on a port that the program before it had a moment ago."""

from __future__ import annotations

from http.server import ThreadingHTTPServer
from socketserver import TCPServer


class Listener(ThreadingHTTPServer):
    """Each request in a thread of its own, which does not keep the program from ending."""

    daemon_threads = True

    def server_bind(self) -> None:
        # HTTPServer.server_bind looks its own name up in the DNS, which can take seconds in a pod. TCPServer's lets an
        # address be used again at once: a serve pod's restore answers on the port that its probe takes over, and
        # connections of the kubelet linger there.
        TCPServer.server_bind(self)
        self.server_name, self.server_port = str(self.server_address[0]), int(self.server_address[1])
