"""Which trainings start from, or are trained on the output of, the weights of others."""

from collections.abc import Iterable, Mapping

_BEFORE: Mapping[str, tuple[str, ...]] = {
    "semantic": (),
    "physical": (),
    "semantic_oma": ("semantic",),
    "noma": ("semantic", "physical"),
    "noma_aligned": ("semantic", "physical"),
    "oma": ("semantic_oma", "physical"),
    "oma_aligned": ("semantic_oma", "physical"),
    "acquisition": (),
    "feedback": ("acquisition",),
    "precoding": ("acquisition", "feedback"),
    "codec": ("semantic",),
    "codec_link": ("codec",),
    "noma_tracked": ("codec", "physical"),
    "oma_tracked": ("semantic_oma", "physical"),
    "codec_lean": ("codec", "acquisition", "feedback"),
    "digital": ("codec",),
    "digital_prior": ("digital",),
}


def before(training: str) -> tuple[str, ...]:
    """Return the trainings whose weights a training may read itself."""
    return _BEFORE.get(training, ())


def chain(trainings: Iterable[str]) -> list[str]:
    """Return trainings and all that come before them, in the order in which the pipeline runs them."""
    needed: set[str] = set()
    left = list(trainings)
    while left:
        name = left.pop()
        if name not in needed:
            needed.add(name)
            left += before(name)
    return [name for name in _BEFORE if name in needed]
