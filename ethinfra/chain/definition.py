"""What a file of values/networks says about a network, read as one thing: both halves of its genesis, forks, times."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from ethinfra.chain.forks import FAR_FUTURE, FORKS, PRESETS, PUBLIC, Fork


@dataclass(frozen=True)
class Definition:
    """What stands under `network` in a file of values/networks.

    state_time: genesis time in the beacon state, where it is at hand; else it is taken from the configuration
    """

    values: Mapping[str, Any]
    state_time: int | None = None

    @property
    def kind(self) -> str:
        """known: the clients have it built in. given: it exists, with files of its own. made: the cluster makes it."""
        if self.values.get("preset"):
            return "known"
        return "given" if self.at("genesis", "state").get("url") else "made"

    @property
    def config(self) -> dict[str, str]:
        """The beacon configuration."""
        return {key: str(value) for key, value in self.at("genesis", "beaconConfig").items()}

    @property
    def execution(self) -> dict[str, Any]:
        """The execution genesis."""
        return self.at("genesis", "execution")

    @property
    def chain(self) -> dict[str, Any]:
        """`config` of the execution genesis."""
        return self.at("genesis", "execution", "config")

    @property
    def alloc(self) -> dict[str, dict[str, Any]]:
        """Accounts at genesis, by address in lower case with 0x."""
        found = self.at("genesis", "execution", "alloc")
        return {
            f"0x{str(key).lower().removeprefix('0x')}": value for key, value in found.items() if isinstance(value, dict)
        }

    @property
    def slots_per_epoch(self) -> int | None:
        """None where neither the configuration nor its preset says it."""
        return self.number("SLOTS_PER_EPOCH") or PRESETS.get(self.config.get("PRESET_BASE", "mainnet"))

    @property
    def genesis_time(self) -> int | None:
        """Of slot 0. None where it is fixed later, or not said."""
        if self.kind == "known":
            public = PUBLIC.get(str(self.values["preset"]))
            return public.genesis_time if public else None
        if self.kind == "made":
            return None
        return self.state_time or self._told_time or self._earliest_time

    @property
    def _earliest_time(self) -> int | None:
        """When it begins unless its validators came together later."""
        start, delay = self.number("MIN_GENESIS_TIME"), self.number("GENESIS_DELAY")
        return start + delay if start is not None and delay is not None else None

    @property
    def _told_time(self) -> int | None:
        """What all of `forks` say together, if it may be: a genesis can be later than the configuration's earliest."""
        length, earliest = self.epoch_seconds, self.number("MIN_GENESIS_TIME")
        pairs = [(one.get("time"), one.get("epoch")) for one in self.forks]
        told = {
            time - epoch * length
            for time, epoch in pairs
            if isinstance(time, int) and isinstance(epoch, int) and length is not None
        }
        return told.pop() if len(told) == 1 and earliest is not None and min(told) >= earliest else None

    @property
    def blob_entries(self) -> list[dict[str, int]] | None:
        """BLOB_SCHEDULE, by epoch. None where it is missing or unreadable."""
        try:
            found = yaml.safe_load(self.config["BLOB_SCHEDULE"])
            return sorted(
                ({key: int(one[key]) for key in ("EPOCH", "MAX_BLOBS_PER_BLOCK")} for one in found),
                key=lambda one: one["EPOCH"],
            )
        except (KeyError, TypeError, ValueError, yaml.YAMLError):
            return None

    @property
    def forks(self) -> list[dict[str, Any]]:
        """`forks` as it stands, entries without a name left out."""
        found = self.values.get("forks")
        return (
            [dict(one) for one in found if isinstance(one, Mapping) and "name" in one]
            if isinstance(found, list)
            else []
        )

    def at(self, *path: str) -> dict[str, Any]:
        """The map at a path; empty where there is none, or where something else is (the schema says so)."""
        found: Any = self.values
        for key in path:
            found = found.get(key) if isinstance(found, Mapping) else None
        return dict(found) if isinstance(found, Mapping) else {}

    def number(self, key: str) -> int | None:
        """A number of the beacon configuration. None where it is missing or none."""
        text = self.config.get(key, "")
        return int(text) if text.isdecimal() else None

    def epoch(self, fork: Fork) -> int | None:
        """None where the fork is not scheduled, or not named."""
        epoch = 0 if fork.name == "phase0" else self.number(fork.epoch_key)
        return None if epoch == FAR_FUTURE else epoch

    @property
    def epoch_seconds(self) -> int | None:
        """None where slots or their number are not said."""
        slots = self.slots_per_epoch if self.kind != "known" else PRESETS["mainnet"]
        seconds = self.values.get("slotSeconds")
        return slots * seconds if slots is not None and isinstance(seconds, int) else None

    def time_of(self, epoch: int) -> int | None:
        """When an epoch begins, Unix seconds."""
        if self.genesis_time is None or self.epoch_seconds is None:
            return None
        return self.genesis_time + epoch * self.epoch_seconds

    @property
    def blob_forks(self) -> list[tuple[str, int, int]]:
        """Changes of the number of blobs alone (EIP-7892), after Fulu: name, epoch, blobs."""
        fulu = next((self.epoch(fork) for fork in FORKS if fork.name == "fulu"), None)
        later = [one for one in self.blob_entries or [] if fulu is not None and one["EPOCH"] > fulu]
        return [(f"bpo{i}", one["EPOCH"], one["MAX_BLOBS_PER_BLOCK"]) for i, one in enumerate(later, start=1)]

    @property
    def schedule(self) -> list[dict[str, Any]]:
        """What `forks` must hold, of a network of one's own: all that the configuration schedules, in order."""
        named = [(fork.name, self.epoch(fork), bool(fork.time_key)) for fork in FORKS[1:]]
        named += [(name, epoch, True) for name, epoch, _ in self.blob_forks]
        scheduled = []
        for name, epoch, timed in named:
            if epoch is not None:
                time = self.time_of(epoch) if timed else None
                scheduled.append({"name": name, "epoch": epoch, **({"time": time} if time is not None else {})})
        return scheduled
