"""The operating point of one transmission: SNR, L, B and Q."""

from dataclasses import dataclass
from numbers import Integral, Real

from cscsanet.errors import CscsanetError

MAX_SNR_DB = 60.0
LENGTHS = ("csirs_symbols", "feedback_bits", "data_symbols")  # the fields of a point, except its SNR


@dataclass(frozen=True)
class OperatingPoint:
    """One point of the paper's sweeps.

    snr_db: P_t / sigma^2 [dB], total transmit power of one UE per resource element over the noise power at one
        BS antenna.
    csirs_symbols: L, downlink CSI-RS OFDM symbols.
    feedback_bits: B, error-free feedback bits of one UE; even, as a codeword feature takes two bits.
    data_symbols: Q, uplink OFDM symbols that carry semantics.
    """

    snr_db: float
    csirs_symbols: int
    feedback_bits: int
    data_symbols: int

    def __post_init__(self) -> None:
        for name in ("snr_db", *LENGTHS):
            value, kind = getattr(self, name), Real if name == "snr_db" else Integral
            # A bool is an integer, too.
            if isinstance(value, bool) or not isinstance(value, kind):
                what = "a number" if kind is Real else "a whole number"
                raise CscsanetError(f"{name} = {value!r}: must be {what}")
        if not -MAX_SNR_DB <= self.snr_db <= MAX_SNR_DB:
            raise CscsanetError(f"snr_db = {self.snr_db}: must be from -{MAX_SNR_DB:g} to {MAX_SNR_DB:g} dB")
        for name in ("csirs_symbols", "feedback_bits", "data_symbols"):
            if getattr(self, name) < 1:
                raise CscsanetError(f"{name} = {getattr(self, name)}: must be at least 1")
        if self.feedback_bits % 2:
            raise CscsanetError(
                f"feedback_bits = {self.feedback_bits}: must be a multiple of 2 (two bits a codeword feature)"
            )

    @property
    def noise_power(self) -> float:
        """sigma^2 at one BS antenna, linear, for P_t = 1."""
        return float(10.0 ** (-self.snr_db / 10.0))

    @property
    def slug(self) -> str:
        """The point as part of a file name, for example `snr-25-L8-B64-Q4`."""
        return f"snr{self.snr_db:g}-L{self.csirs_symbols}-B{self.feedback_bits}-Q{self.data_symbols}"

    def label(self, *, without: str | None = None, equals: str = " ") -> str:
        """Return the point as text, for example `-25 dB, L 8, B 64, Q 4`.

        without: a field to leave out. equals: the text between a letter and its value.
        """
        parts = {
            "snr_db": f"{self.snr_db:g} dB",
            "csirs_symbols": f"L{equals}{self.csirs_symbols}",
            "feedback_bits": f"B{equals}{self.feedback_bits}",
            "data_symbols": f"Q{equals}{self.data_symbols}",
        }
        return ", ".join(text for name, text in parts.items() if name != without)

    def within(self, capacity: "Capacity") -> "OperatingPoint":
        """Return the point itself if a model of this capacity can serve it.

        Raises:
            CscsanetError: L, B or Q is larger than what the model was built for.
        """
        for name in ("csirs_symbols", "feedback_bits", "data_symbols"):
            value, largest = getattr(self, name), getattr(capacity, name)
            if value > largest:
                raise CscsanetError(
                    f"{name} = {value}: the model was built for at most {largest}; "
                    f"choose less, or add {value} to points.{name} in params.yaml and train again"
                )
        return self


@dataclass(frozen=True)
class Capacity:
    """The largest L, B and Q of a model. At an operating point it uses a prefix of each."""

    csirs_symbols: int
    feedback_bits: int
    data_symbols: int
