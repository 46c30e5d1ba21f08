"""Orthogonal access (Sec. IV): which subcarriers each UE has to itself, and the last pool that goes with them.

UE k has every K-th subcarrier from k on, so that each UE meets the whole band. A latent position rides on one subcarrier
of its UE, hence there are N_c / K of them.
"""

from cscsanet.networks.ue_msf_net import LAST_POOL

USERS = 2
# Along the axis of the N_c subcarriers.
SHARES = tuple(slice(user, None, USERS) for user in range(USERS))
SHARED_POOL = (USERS * LAST_POOL[0], LAST_POOL[1])
