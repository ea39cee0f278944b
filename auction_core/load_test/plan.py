"""What a load test is asked to do, within bounds."""

from dataclasses import dataclass

from auction_core.errors import Refused

# A ledger of ten minutes at 2,000 requests a second is some 250 MB, which the proof reads at once.
LONGEST_SECONDS = 600
MOST_CLIENTS = 512
MOST_LISTINGS = 10_000


@dataclass(frozen=True, slots=True)
class Plan:
    """`clients` threads, dealt out to `processes`. Half of the bids go to `hot` listings, half to `spread` ones."""

    url: str
    clients: int = 32
    seconds: float = 20
    hot: int = 1
    spread: int = 64
    processes: int = 4
    kill: bool = False
    seed: int = 1
    keep: bool = False

    def __post_init__(self) -> None:
        """Raises Refused when a number makes no sense."""
        if not 1 <= self.clients <= MOST_CLIENTS:
            raise Refused(f"--clients is 1 to {MOST_CLIENTS}.")
        if not 0 < self.seconds <= LONGEST_SECONDS:
            raise Refused(f"--seconds is above 0 and at most {LONGEST_SECONDS}.")
        if not 1 <= self.processes <= self.clients:
            raise Refused("--processes is at least 1 and at most the number of clients.")
        if self.hot < 0 or self.spread < 0 or not 1 <= self.hot + self.spread <= MOST_LISTINGS:
            raise Refused(f"--hot and --spread make 1 to {MOST_LISTINGS} listings together.")

    @property
    def threads(self) -> tuple[int, ...]:
        """How many clients each process has."""
        each, rest = divmod(self.clients, self.processes)
        return tuple(each + (number < rest) for number in range(self.processes))
