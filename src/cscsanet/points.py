"""The operating point: what every Link is told about one transmission."""

from dataclasses import dataclass

from cscsanet.errors import CscsanetError

MAX_SNR_DB = 60.0


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

    def within(self, capacity: "Capacity") -> "OperatingPoint":
        """Return the point itself if a model of this capacity can serve it.

        Raises:
            CscsanetError: L, B or Q is larger than what the model was built for.
        """
        for name in ("csirs_symbols", "feedback_bits", "data_symbols"):
            asked, built = getattr(self, name), getattr(capacity, name)
            if asked > built:
                raise CscsanetError(
                    f"{name} = {asked}: the model was built for at most {built}; "
                    f"ask for less, or add {asked} to points.{name} in params.yaml and train again"
                )
        return self


@dataclass(frozen=True)
class Capacity:
    """The largest L, B and Q that a model is built for; an operating point uses a prefix of each."""

    csirs_symbols: int
    feedback_bits: int
    data_symbols: int
