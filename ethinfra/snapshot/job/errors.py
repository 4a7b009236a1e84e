"""What can go wrong in a job.

SnapshotError
├── NotFit               the node must not be stopped now: not ready, not final, no other replica
├── HoldTaken            somebody else holds the volume
├── HoldLost             the client started before the copy was done; the copy does not count
├── LeaseLost            another run works on this node
│   └── HeldElsewhere    it had the lease before this one, and is alive: there is nothing to do (`lease`)
├── CannotCopy           the volume's file system cannot share blocks between files
├── CutFailed            the storage could not cut a VolumeSnapshot (`volume_snapshot`)
├── StaleCut             a volume was made from another cut than the one that is recorded (`volume_snapshot`)
├── CameElsewhere        the node's pod came back on another Kubernetes node than the one that has its volume
├── NodeSilent           a node does not answer, or not in its protocol (`node`)
├── HeadMismatch         a node does not answer with the block that it should
├── InUseUnknown         a pod does not say which snapshot it stands on
└── ApiRefused           the Kubernetes API refused, or does not answer (exit code 5)
"""

from __future__ import annotations

from ethinfra.snapshot.errors import SnapshotError


class NotFit(SnapshotError):
    """The node must not be stopped for a snapshot now; nothing was changed."""


class HoldTaken(SnapshotError):
    """Somebody else holds the volume, and is alive."""


class HoldLost(SnapshotError):
    """The hold is not ours any more: the client may have started, so what was copied does not count."""


class LeaseLost(SnapshotError):
    """Another run has the lease of this node."""


class CannotCopy(SnapshotError):
    """The volume's file system cannot share blocks between files."""


class CameElsewhere(SnapshotError):
    """The node's new pod is on another Kubernetes node, and waits for the volume that this job's pod keeps here."""


class HeadMismatch(SnapshotError):
    """A node answered with another block than the one that was recorded."""


class InUseUnknown(SnapshotError):
    """A pod that may stand on a snapshot does not say on which; nothing was removed."""


class ApiRefused(SnapshotError):
    """The Kubernetes API refused a request, or does not answer. status: 0 for the latter."""

    def __init__(self, what: str, status: int, said: str) -> None:
        self.status = status
        todo = "give the service account that right" if status == 403 else "see the API server and the network policies"
        super().__init__(f"Kubernetes API: {what}", seen=f"{f'status {status}: ' if status else ''}{said}", todo=todo)


class Stopped(BaseException):
    """The pod is being deleted (SIGTERM). Not an Exception, so that no wait takes it for "not yet"."""
