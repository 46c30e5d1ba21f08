"""The ledger of claims, each with its comparisons and a verdict by rule."""

from cscsanet.studies.claims.ledger import judge_claims
from cscsanet.workflow.stage import run_stage

if __name__ == "__main__":
    run_stage(__file__, judge_claims)
