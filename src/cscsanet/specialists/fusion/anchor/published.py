"""The sum rates that Sohrabi et al. publish: arXiv 2007.06512, Fig. 4, as in the data of their figure.

F. Sohrabi, K. M. Attiah and W. Yu, "Deep Learning for Distributed Channel Feedback and Multiuser Precoding in FDD Massive
MIMO". K = 2 users, M = 64 antennas, L_p = 2 paths, L = 8 pilots, 10 dB. All in bit/s/Hz.
"""

from collections.abc import Mapping

# B of a user -> sum rate of learned pilots, feedback and precoder.
LEARNED: Mapping[int, float] = {
    1: 4.89,
    3: 8.48,
    6: 12.14,
    10: 12.57,
    15: 13.35,
    20: 13.83,
    30: 14.19,
    40: 14.38,
    50: 14.59,
    60: 14.60,
}
# Precoders of a known channel, scaled as a whole to the power.
PERFECT: Mapping[str, float] = {"perfect-zf": 15.32, "perfect-mrt": 13.16}
# Zero forcing on orthogonal matching pursuit, with feedback that is not quantised.
PURSUIT = 9.40
