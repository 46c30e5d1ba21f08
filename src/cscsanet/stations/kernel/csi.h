/* The CSI unit of one UE for one drop: sizes, tables and weights, as `tables.py` and `weights.py` make them.

   Real and imaginary parts are separate: the first axis 2 of a table is I/Q. Axes: N = N_c subcarriers, R chains of the
   UE, C chains of the BS, L CSI-RS symbols, K = L R C, P paths, chains and streams, I / J beams at BS / UE, D delays,
   M antennas of the BS, T of the UE, Q data symbols, F hidden features, S = d_CSI, X features of the paths. */

#ifndef CSI_H
#define CSI_H

struct sizes {
    int subcarriers, ue_chains, bs_chains, symbols, bs_antennas, ue_antennas; /* N, R, C, L, M, T */
    int paths, aoa_beams, aod_beams;                                          /* P, I, J */
    int coarse_aoa_beams, coarse_aod_beams, coarse_delays, fine_delays, dopplers, sweeps;
    int data_symbols, codeword_features, head_features; /* Q, B / 2, H */
    int hidden, layers, model, csi, inputs;             /* F, layers of a trunk, d_model, d_CSI, X */
    int certainty, aligned;
};

struct tables {
    const float *baseband;            /* x_BB (2, L, C, N) */
    const float *gram;                /* its products over subcarriers (2, L, C, C) */
    const float *transmit, *receive;  /* X_RF (2, M, L C), V_RF (2, L, R, T) */
    const float *aoa, *aoa_energy;    /* t* (2, L C, I) over the fine grid, and the energy of s (L, I) */
    const float *aod, *aod_energy;    /* v* (2, L R, J) over the fine grid, and its energy (L, J) */
    const float *coarse_aoa, *coarse_aoa_energy, *coarse_aod, *coarse_aod_energy;
    const float *coarse_ramp, *fine_ramp; /* e^(j 2 pi n tau / N_c) (2, N, D) */
    const float *aoa_grid, *aod_grid, *coarse_aoa_grid, *coarse_aod_grid, *coarse_delay_grid, *fine_delay_grid,
        *doppler_grid;
    const float *head_order; /* (2, H): the place of each feature of the head, in feedback order, at low and high SNR */
};

/* Layers: weight (out, in), or (out, in, kernel) of a convolution over beams, then bias (out). */
struct layer { const float *weight, *bias; };
struct mlp { struct layer first, second, third; };
struct beam_layer { struct layer norm, near, far, out; };
struct trunk { struct layer embed, context; const struct beam_layer *layers; };

struct weights {
    struct trunk aoa, aod;
    struct layer spectrum, on_grid, csi_embed, csi_context, to_csi;
    struct mlp codeword, mixer, correction;
    const float *threshold, *steepness; /* of the share of a path */
    const float *floor;                 /* kappa^2 */
    const float *correction_constants;  /* N_c R, and 3 / f_max^2 */
};

struct paths { /* P paths of a drop, the strongest first */
    float *aoa, *aod, *delay, *doppler; /* (P) */
    float *gain;                        /* (2, P) */
    float *aoa_profile, *aod_profile;   /* (P, I), (P, J) */
};

struct point { float snr_db, csirs_snr_db; int symbols, features, first_data_symbol; };

struct outputs {
    unsigned char *bits;                      /* (B) */
    float *precoder_phases, *csi, *alignment; /* (T, P), (N, S), (Q, N, P) */
};

void search(const struct sizes *, const struct tables *, const float *csirs, int symbols, struct paths *);
void networks(const struct sizes *, const struct tables *, const struct weights *, const struct point *,
              const struct paths *, struct outputs *);
void turns(double cycles, int count, float *restrict real, float *restrict imag);

#endif
