"""What can go wrong, said to the operator.

Every message has four parts: the object, what was expected, what was seen, and what to do.

    EthinfraError
    ├── BadInput            the operator's input: a name, a flag, a file; nothing was changed
    ├── MissingCapability   this machine or cluster cannot do it; says what would make it able
    ├── CommandFailed       a program that we ran failed (`process`)
    ├── NotInTime           a condition did not become true before its deadline (`waiting`)
    ├── ToolchainError      a binary could not be built or verified (`toolchain`)
    ├── ClusterError        a cluster could not be booted, found or removed (`cluster`)
    ├── ImageError          an image could not be built or pushed (`images`)
    ├── LayerUnhealthy      a layer was applied and does not do what it is for (`deploy`)
    ├── ChainError          a node answered wrongly or not at all (`chain`)
    └── CertificateInvalid  a certificate does not agree with its evidence (`certificate`)
"""

from __future__ import annotations


class EthinfraError(Exception):
    """The root of all errors that an operator can act on. Its text is printed without a traceback.

    subject:  the thing that the message is about, by the name that the operator knows it by
    expected: what should have been, if that is not plain from the subject
    seen:     what was found instead
    todo:     what to do now
    """

    def __init__(self, subject: str, *, expected: str = "", seen: str = "", todo: str = "") -> None:
        self.subject = subject
        self.expected = expected
        self.seen = seen
        self.todo = todo
        super().__init__(subject, expected, seen, todo)

    def __str__(self) -> str:
        lines = [self.subject]
        for label, text in (("expected", self.expected), ("seen", self.seen), ("do", self.todo)):
            if text:
                lines.append(f"  {label + ':':<10}{_hang(text)}")
        return "\n".join(lines)

    def __reduce__(self) -> tuple[object, ...]:
        # pytest-xdist and multiprocessing pickle exceptions; keyword arguments need help with that.
        return (_rebuild, (type(self), dict(self.__dict__)))


def _rebuild(kind: type[EthinfraError], facts: dict[str, object]) -> EthinfraError:
    error = kind.__new__(kind)
    error.__dict__.update(facts)
    Exception.__init__(error, *(facts.get(part, "") for part in ("subject", "expected", "seen", "todo")))
    return error


def _hang(text: str) -> str:
    """Indent the second and later lines under the first."""
    return text.replace("\n", "\n" + " " * 12)


class BadInput(EthinfraError):
    """The operator's input is wrong; nothing was changed."""


class MissingCapability(EthinfraError):
    """This machine or this cluster cannot do it."""


class ToolchainError(EthinfraError):
    """A binary could not be built, or is not what was recorded."""


class ClusterError(EthinfraError):
    """A cluster could not be booted, found or removed."""


class ImageError(EthinfraError):
    """A container image could not be built, imported or pushed."""


class LayerUnhealthy(EthinfraError):
    """A layer was applied, but its objects or its own checks say that it does not work."""


class ChainError(EthinfraError):
    """An execution or consensus client answered wrongly, or not at all."""


class CertificateInvalid(EthinfraError):
    """A certificate does not agree with its own evidence."""


def unknown_name(kind: str, name: str, known: list[str] | tuple[str, ...]) -> BadInput:
    """The error for a name that does not exist; lists those that do."""
    return BadInput(f"unknown {kind} {name!r}", expected=f"one of: {', '.join(known)}")
