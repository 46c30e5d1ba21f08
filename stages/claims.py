"""The ledger: what the paper states, and what was measured."""

from cscsanet.pipeline.claims import judge_claims
from cscsanet.pipeline.entry import run_stage

if __name__ == "__main__":
    run_stage(judge_claims)
