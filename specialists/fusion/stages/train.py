"""Train the fusion precoders: ours with several seeds, the paper's form, and variants of ours."""

from cscsanet.config.fusion import NAME, load_fusion_params
from cscsanet.specialists.fusion.training import train_links
from cscsanet.specialists.room import run_specialist

if __name__ == "__main__":
    run_specialist(NAME, load_fusion_params, __file__, train_links)
