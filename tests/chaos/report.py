"""The report of a storm, for people and for programs."""

from dataclasses import dataclass, field

import orjson

from tests.chaos.findings import Fault, Findings


@dataclass
class Report:
    """What happened, and what was found afterwards."""

    seed: int
    phones: int = 0
    storm_s: float = 0.0
    settled_s: float = 0.0
    checked_s: float = 0.0
    all_in_all_s: float = 0.0
    operations: dict[str, int] = field(default_factory=dict[str, int])
    stored: dict[str, int] = field(default_factory=dict[str, int])
    refused: dict[str, int] = field(default_factory=dict[str, int])
    kills: dict[str, int] = field(default_factory=dict[str, int])
    ended_by_themselves: dict[str, int] = field(default_factory=dict[str, int])
    network: dict[str, int] = field(default_factory=dict[str, int])
    answers: dict[str, int] = field(default_factory=dict[str, int])
    swept: dict[str, int] = field(default_factory=dict[str, int])
    city: dict[str, int] = field(default_factory=dict[str, int])
    """How much of patrols and tasks there is in the end."""

    findings: Findings = field(default_factory=Findings)

    @property
    def losses(self) -> int:
        """How much was told to be stored and is not there."""
        return self.findings.counts[Fault.LOSS]

    @property
    def doubles(self) -> int:
        """How much is there more than once."""
        return self.findings.counts[Fault.DOUBLE]

    def as_json(self) -> bytes:
        """Return it for programs."""
        told = {name: value for name, value in vars(self).items() if name != "findings"}
        told |= {"faults": dict(self.findings.counts), "sentences": self.findings.sentences}
        return orjson.dumps(told, option=orjson.OPT_INDENT_2 | orjson.OPT_SORT_KEYS)

    def as_text(self) -> str:
        """Return it for people."""
        lines = [
            (
                f"chaos: {self.phones} phones, {self.storm_s:.0f} s of storm, {self.all_in_all_s:.0f} s all in all"
                f" (seed {self.seed}); nothing was held {self.settled_s:.0f} s after the storm"
            ),
            _line("people did", self.operations),
            _line("network", self.network),
            _line("answers", self.answers),
            _line(f"kills ({sum(self.kills.values())})", self.kills),
            _line("ended by itself", self.ended_by_themselves),
            _line("stored", self.stored),
            _line("refused, with the reason", self.refused),
            _line("swept", self.swept),
            _line("in the city", self.city),
            f"{'losses':<26}{self.losses}",
            f"{'doubles':<26}{self.doubles}",
            _line("other faults", {name: self.findings.counts[name] for name in list(Fault)[2:]}),
        ]
        lines += (f"  {fault}: {one}" for fault, told in self.findings.sentences.items() for one in told)
        return "\n".join(lines)


def _line(name: str, counts: dict[str, int]) -> str:
    told = ", ".join(f"{what} {count}" for what, count in counts.items()) or "nothing"
    return f"{name:<26}{told}"
