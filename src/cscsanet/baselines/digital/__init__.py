"""Digital late fusion: each UE codes its features into bits, a channel code carries them, the BS fuses what arrives."""
