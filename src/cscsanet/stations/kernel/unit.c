/* The CSI unit of one UE for a batch of drops. */

#include "csi.h"

/* csirs: (batch, N, R, L, 2); the outputs have the batch first, too. paths: (batch, 6 P + P I + P J), in the order of
   `struct paths`; a null pointer where nobody wants them. */
void run_unit(const struct sizes *z, const struct tables *t, const struct weights *w, const struct point *point, int batch,
              const float *csirs, unsigned char *bits, float *precoder_phases, float *csi, float *alignment, float *paths)
{
    int P = z->paths, N = z->subcarriers;
    long kept = 6L * P + (long)P * (z->aoa_beams + z->aod_beams);
    for (int drop = 0; drop < batch; drop++) {
        float found[kept], *first = paths ? paths + drop * kept : found;
        struct paths detected = {first,         first + P,     first + 2 * P, first + 3 * P,
                                 first + 4 * P, first + 6 * P, first + 6 * P + (long)P * z->aoa_beams};
        struct outputs out = {bits + (long)drop * 2 * z->codeword_features, precoder_phases + (long)drop * z->ue_antennas * P,
                              csi + (long)drop * N * z->csi, alignment + (long)drop * z->data_symbols * N * P};
        search(z, t, csirs + (long)drop * N * z->ue_chains * z->symbols * 2, point->symbols, &detected);
        networks(z, t, w, point, &detected, &out);
    }
}
