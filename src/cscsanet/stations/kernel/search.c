/* The path search of one drop, with the arithmetic of `networks/beamspace/path_search.py` and `matched_filter.py`.

   Every step depends on the received signal y only through its correlation with the CSI-RS,

       z_k[n] = y[n, r, l] x*_BB[l, n, c]        k = (l, r, c)

   A path has the response v_l,r s_l,n e^(j 2 pi (f l - n tau / N_c)), with s_l,n = sum over c of t_l,c x_BB[l, n, c] and
   t_l(u) = X_RF[l]^T a(u), so that

       <y, response> = sum over k of v*_l,r t*_l,c e^(-j 2 pi f l) q_k(tau)
       q_k(tau) = sum over n of z_k[n] e^(j 2 pi n tau / N_c)

   Symbols that were not sent are not visited. Axes: see csi.h. */

#include <math.h>
#include <string.h>

#include "csi.h"

#define TINY 1e-12f /* keeps quotients of energies finite */
#define MAX(a, b) ((a) > (b) ? (a) : (b))
#define MIN(a, b) ((a) < (b) ? (a) : (b))

struct response { /* to one path */
    float *t, *v;               /* t (2, L, C), v without Doppler shift (2, L, R) */
    float *energy_s, *energy_v; /* (L) */
    float *over_time;           /* e^(j 2 pi f l) (2, L) */
    float *over_frequency;      /* e^(j 2 pi n tau / N_c) (2, N) */
    float aoa, aod, delay, doppler;
};

/* e^(j 2 pi m cycles) for m below count, by powers in double precision. */
void turns(double cycles, int count, float *restrict real, float *restrict imag)
{
    double step_real = cos(2 * M_PI * cycles), step_imag = sin(2 * M_PI * cycles), x = 1, y = 0;
    for (int m = 0; m < count; m++) {
        real[m] = (float)x;
        imag[m] = (float)y;
        double next = x * step_real - y * step_imag;
        y = x * step_imag + y * step_real;
        x = next;
    }
}

/* Add the complex product of a vector (rows) with a table (rows, width), whose imaginary part is `apart` further. */
static void add_product(int rows, int width, const float *a_real, const float *a_imag, const float *table, long apart,
                        float *restrict real, float *restrict imag)
{
    int row = 0;
    /* Four rows in one pass: registers hold the sums. */
    for (; row + 4 <= rows; row += 4) {
        const float *r0 = table + (long)row * width, *r1 = r0 + width, *r2 = r1 + width, *r3 = r2 + width;
        const float *i0 = r0 + apart, *i1 = r1 + apart, *i2 = r2 + apart, *i3 = r3 + apart;
        float a = a_real[row], b = a_real[row + 1], c = a_real[row + 2], d = a_real[row + 3];
        float e = a_imag[row], f = a_imag[row + 1], g = a_imag[row + 2], h = a_imag[row + 3];
        for (int i = 0; i < width; i++) {
            real[i] += a * r0[i] + b * r1[i] + c * r2[i] + d * r3[i] - e * i0[i] - f * i1[i] - g * i2[i] - h * i3[i];
            imag[i] += a * i0[i] + b * i1[i] + c * i2[i] + d * i3[i] + e * r0[i] + f * r1[i] + g * r2[i] + h * r3[i];
        }
    }
    for (; row < rows; row++) {
        const float *r = table + (long)row * width, *q = r + apart;
        float a = a_real[row], e = a_imag[row];
        for (int i = 0; i < width; i++) {
            real[i] += a * r[i] - e * q[i];
            imag[i] += a * q[i] + e * r[i];
        }
    }
}

/* t of the path's AoA, and the energy of s. */
static void set_transmit(const struct sizes *z, const struct tables *t, int symbols, struct response *p)
{
    int C = z->bs_chains, M = z->bs_antennas, width = z->symbols * C, used = symbols * C;
    float steer[2][M], sum[2][width];
    turns(p->aoa / 2.0, M, steer[0], steer[1]);
    memset(sum, 0, sizeof sum);
    add_product(M, width, steer[0], steer[1], t->transmit, (long)M * width, sum[0], sum[1]);
    memcpy(p->t, sum[0], used * sizeof(float));
    memcpy(p->t + used, sum[1], used * sizeof(float));
    for (int l = 0; l < symbols; l++) {
        float energy = 0;
        for (int c = 0; c < C; c++)
            for (int d = 0; d < C; d++) {
                float a = sum[0][l * C + c], b = sum[1][l * C + c], e = sum[0][l * C + d], f = sum[1][l * C + d];
                const float *gram = t->gram + (l * C + c) * C + d;
                energy += (a * e + b * f) * gram[0] - (b * e - a * f) * gram[(long)z->symbols * C * C];
            }
        p->energy_s[l] = energy;
    }
}

/* v of the path's AoD, and its energy over the chains. */
static void set_receive(const struct sizes *z, const struct tables *t, int symbols, struct response *p)
{
    int R = z->ue_chains, T = z->ue_antennas;
    long apart = (long)z->symbols * R * T;
    float steer[2][T];
    turns(-p->aod / 2.0, T, steer[0], steer[1]);
    for (int l = 0; l < symbols; l++) {
        p->energy_v[l] = 0;
        for (int r = 0; r < R; r++) {
            const float *receive = t->receive + (l * R + r) * T;
            float real = 0, imag = 0;
            for (int m = 0; m < T; m++) {
                real += steer[0][m] * receive[m] - steer[1][m] * receive[apart + m];
                imag += steer[0][m] * receive[apart + m] + steer[1][m] * receive[m];
            }
            p->v[l * R + r] = real;
            p->v[(symbols + l) * R + r] = imag;
            p->energy_v[l] += real * real + imag * imag;
        }
    }
}

static void set_doppler(int symbols, struct response *p)
{
    turns(p->doppler, symbols, p->over_time, p->over_time + symbols);
}

static void set_delay(const struct sizes *z, struct response *p)
{
    turns(p->delay / z->subcarriers, z->subcarriers, p->over_frequency, p->over_frequency + z->subcarriers);
}

/* q (2, K) at the path's delay, turned back by its Doppler shift if `over_time`. */
static void correlate(const struct sizes *z, int symbols, const float *signal, const struct response *p, float *q)
{
    int N = z->subcarriers, K = symbols * z->ue_chains * z->bs_chains;
    const float *ramp = p->over_frequency;
    for (int k = 0; k < K; k++) {
        const float *a = signal + (long)k * N, *b = a + (long)K * N;
        float real = 0, imag = 0;
        for (int n = 0; n < N; n++) {
            real += a[n] * ramp[n] - b[n] * ramp[N + n];
            imag += a[n] * ramp[N + n] + b[n] * ramp[n];
        }
        q[k] = real;
        q[K + k] = imag;
    }
}

/* v*_l,r t*_l,c (2, K), with e^(-j 2 pi f l) if `moving`. */
static void matched_weights(const struct sizes *z, int symbols, const struct response *p, int moving, float *w)
{
    int R = z->ue_chains, C = z->bs_chains, K = symbols * R * C;
    for (int l = 0; l < symbols; l++)
        for (int r = 0; r < R; r++) {
            float x = p->v[l * R + r], y = p->v[(symbols + l) * R + r];
            float g = moving ? p->over_time[l] : 1, h = moving ? p->over_time[symbols + l] : 0;
            float a = x * g - y * h, b = x * h + y * g;
            for (int c = 0; c < C; c++) {
                float e = p->t[l * C + c], f = p->t[(symbols + l) * C + c];
                w[(l * R + r) * C + c] = a * e - b * f;
                w[K + (l * R + r) * C + c] = -(a * f + b * e);
            }
        }
}

/* The least-squares gain (2) of a path in a signal. */
static void least_squares(const struct sizes *z, int symbols, const float *signal, const struct response *p, float *gain)
{
    int K = symbols * z->ue_chains * z->bs_chains;
    float q[2 * K + 1], w[2 * K + 1], energy = TINY;
    correlate(z, symbols, signal, p, q);
    matched_weights(z, symbols, p, 1, w);
    gain[0] = gain[1] = 0;
    for (int k = 0; k < K; k++) {
        gain[0] += q[k] * w[k] - q[K + k] * w[K + k];
        gain[1] += q[k] * w[K + k] + q[K + k] * w[k];
    }
    for (int l = 0; l < symbols; l++)
        energy += p->energy_s[l] * p->energy_v[l];
    gain[0] /= energy;
    gain[1] /= energy;
}

static void subtract(const struct sizes *z, const struct tables *t, int symbols, const struct response *p,
                     const float *gain, float *signal)
{
    int N = z->subcarriers, R = z->ue_chains, C = z->bs_chains, K = symbols * R * C;
    long apart = (long)z->symbols * C * N;
    const float *ramp = p->over_frequency;
    float s[2][N];
    for (int l = 0; l < symbols; l++) {
        memset(s, 0, sizeof s);
        add_product(C, N, p->t + l * C, p->t + (symbols + l) * C, t->baseband + (long)l * C * N, apart, s[0], s[1]);
        for (int n = 0; n < N; n++) {
            float real = s[0][n] * ramp[n] + s[1][n] * ramp[N + n];
            s[1][n] = s[1][n] * ramp[n] - s[0][n] * ramp[N + n];
            s[0][n] = real;
        }
        float g = gain[0] * p->over_time[l] - gain[1] * p->over_time[symbols + l];
        float h = gain[0] * p->over_time[symbols + l] + gain[1] * p->over_time[l];
        for (int r = 0; r < R; r++) {
            float x = p->v[l * R + r], y = p->v[(symbols + l) * R + r];
            float a = x * g - y * h, b = x * h + y * g;
            for (int c = 0; c < C; c++) {
                const float *x_real = t->baseband + ((long)l * C + c) * N, *x_imag = x_real + apart;
                float *real = signal + ((long)(l * R + r) * C + c) * N, *imag = real + (long)K * N;
                for (int n = 0; n < N; n++) {
                    float e = a * s[0][n] - b * s[1][n], f = a * s[1][n] + b * s[0][n];
                    real[n] -= e * x_real[n] + f * x_imag[n];
                    imag[n] -= f * x_real[n] - e * x_imag[n];
                }
            }
        }
    }
}

/* |sum over rows of combined times table|^2 / energy, (width). */
static void energy_profile(int rows, int width, const float *combined, const float *table, long apart, int symbols,
                           const float *weight, const float *energies, float *profile)
{
    float real[width], imag[width], energy[width];
    memset(real, 0, sizeof real);
    memset(imag, 0, sizeof imag);
    add_product(rows, width, combined, combined + rows, table, apart, real, imag);
    for (int i = 0; i < width; i++)
        energy[i] = TINY;
    for (int l = 0; l < symbols; l++)
        for (int i = 0; i < width; i++)
            energy[i] += weight[l] * energies[(long)l * width + i];
    for (int i = 0; i < width; i++)
        profile[i] = (real[i] * real[i] + imag[i] * imag[i]) / energy[i];
}

/* The energy map (I) along the AoA; q: at the path's delay. */
static void aoa_profile(const struct sizes *z, const struct tables *t, int symbols, const float *q,
                        const struct response *p, float *profile)
{
    int R = z->ue_chains, C = z->bs_chains, K = symbols * R * C, rows = symbols * C;
    float combined[2 * rows + 1];
    memset(combined, 0, sizeof combined);
    for (int l = 0; l < symbols; l++)
        for (int r = 0; r < R; r++) {
            float x = p->v[l * R + r], y = p->v[(symbols + l) * R + r];
            float g = p->over_time[l], h = p->over_time[symbols + l];
            float a = x * g - y * h, b = x * h + y * g;
            for (int c = 0; c < C; c++) {
                int k = (l * R + r) * C + c, row = l * C + c;
                combined[row] += q[k] * a + q[K + k] * b;
                combined[rows + row] += q[K + k] * a - q[k] * b;
            }
        }
    energy_profile(rows, z->aoa_beams, combined, t->aoa, (long)z->symbols * C * z->aoa_beams, symbols, p->energy_v,
                   t->aoa_energy, profile);
}

/* The energy map (J) along the AoD; q: at the path's delay. */
static void aod_profile(const struct sizes *z, const struct tables *t, int symbols, const float *q,
                        const struct response *p, float *profile)
{
    int R = z->ue_chains, C = z->bs_chains, K = symbols * R * C, rows = symbols * R;
    float combined[2 * rows + 1];
    memset(combined, 0, sizeof combined);
    for (int l = 0; l < symbols; l++)
        for (int c = 0; c < C; c++) {
            float x = p->t[l * C + c], y = p->t[(symbols + l) * C + c];
            float g = p->over_time[l], h = p->over_time[symbols + l];
            float a = x * g - y * h, b = x * h + y * g;
            for (int r = 0; r < R; r++) {
                int k = (l * R + r) * C + c, row = l * R + r;
                combined[row] += q[k] * a + q[K + k] * b;
                combined[rows + row] += q[K + k] * a - q[k] * b;
            }
        }
    energy_profile(rows, z->aod_beams, combined, t->aod, (long)z->symbols * R * z->aod_beams, symbols, p->energy_s,
                   t->aod_energy, profile);
}

/* The position of a profile's maximum, finer than its grid; see `beam_grid.parabolic_peak`. */
static float parabolic_peak(const float *profile, const float *grid, int length, int circular)
{
    int best = 0, last = length - 1;
    for (int i = 1; i < length; i++)
        if (profile[i] > profile[best])
            best = i;
    int before = circular ? (best + last) % length : MAX(best - 1, 0);
    int after = circular ? (best + 1) % length : MIN(best + 1, last);
    float left = profile[before], top = profile[best], right = profile[after];
    float curvature = MIN(left - 2 * top + right, -1e-12f);
    float offset = MIN(MAX(0.5f * (left - right) / curvature, -0.5f), 0.5f);
    float peak = grid[best] + offset * (grid[last] - grid[0]) / MAX(last, 1);
    return circular ? peak - 2 * floorf((peak + 1) / 2) : MIN(MAX(peak, grid[0]), grid[last]);
}

/* The strongest cell of the energy map over the coarse grids, at zero Doppler shift. */
static void strongest_cell(const struct sizes *z, const struct tables *t, int symbols, const float *signal,
                           struct response *p)
{
    int N = z->subcarriers, R = z->ue_chains, C = z->bs_chains, K = symbols * R * C, rows = symbols * C;
    int D = z->coarse_delays, I = z->coarse_aoa_beams, J = z->coarse_aod_beams;
    float delayed[2][K + 1][D], departed[2][D][rows + 1], energy[I], real[I], imag[I], best = -1;
    memset(delayed, 0, sizeof delayed);
    for (int k = 0; k < K; k++) {
        const float *row = signal + (long)k * N;
        add_product(N, D, row, row + (long)K * N, t->coarse_ramp, (long)N * D, delayed[0][k], delayed[1][k]);
    }
    int cell[3] = {0, 0, 0};
    for (int j = 0; j < J; j++) {
        for (int i = 0; i < I; i++)
            energy[i] = TINY;
        for (int l = 0; l < symbols; l++)
            for (int i = 0; i < I; i++)
                energy[i] += t->coarse_aod_energy[l * J + j] * t->coarse_aoa_energy[(long)l * I + i];
        for (int i = 0; i < I; i++)
            energy[i] = 1 / energy[i];
        memset(departed, 0, sizeof departed);
        for (int l = 0; l < symbols; l++)
            for (int r = 0; r < R; r++) {
                const float *v = t->coarse_aod + (long)(l * R + r) * J + j;
                float a = v[0], b = v[(long)z->symbols * R * J];
                for (int c = 0; c < C; c++)
                    for (int d = 0, k = (l * R + r) * C + c; d < D; d++) {
                        departed[0][d][l * C + c] += delayed[0][k][d] * a - delayed[1][k][d] * b;
                        departed[1][d][l * C + c] += delayed[0][k][d] * b + delayed[1][k][d] * a;
                    }
            }
        for (int d = 0; d < D; d++) {
            memset(real, 0, sizeof real);
            memset(imag, 0, sizeof imag);
            add_product(rows, I, departed[0][d], departed[1][d], t->coarse_aoa, (long)z->symbols * C * I, real, imag);
            float top = 0;
            for (int i = 0; i < I; i++) {
                real[i] = (real[i] * real[i] + imag[i] * imag[i]) * energy[i];
                top = MAX(top, real[i]);
            }
            if (top > best) {
                best = top;
                int i = 0;
                while (i < I - 1 && real[i] < top)
                    i++;
                cell[0] = i, cell[1] = j, cell[2] = d;
            }
        }
    }
    p->aoa = t->coarse_aoa_grid[cell[0]];
    p->aod = t->coarse_aod_grid[cell[1]];
    p->delay = t->coarse_delay_grid[cell[2]];
    p->doppler = 0;
    set_transmit(z, t, symbols, p);
    set_receive(z, t, symbols, p);
    set_doppler(symbols, p);
    set_delay(z, p);
}

/* Refine a path once, coordinate by coordinate. */
static void refine(const struct sizes *z, const struct tables *t, int symbols, const float *signal, struct response *p)
{
    int N = z->subcarriers, K = symbols * z->ue_chains * z->bs_chains, D = z->fine_delays;
    float q[2 * K + 1], w[2 * K + 1], profile[MAX(MAX(z->aoa_beams, z->aod_beams), MAX(D, z->dopplers))];
    correlate(z, symbols, signal, p, q);
    aod_profile(z, t, symbols, q, p, profile);
    p->aod = parabolic_peak(profile, t->aod_grid, z->aod_beams, 1);
    set_receive(z, t, symbols, p);
    aoa_profile(z, t, symbols, q, p, profile);
    p->aoa = parabolic_peak(profile, t->aoa_grid, z->aoa_beams, 1);
    set_transmit(z, t, symbols, p);
    if (symbols > 1) { /* one symbol determines no Doppler shift */
        float per_symbol[2][symbols], ramp[2][symbols];
        matched_weights(z, symbols, p, 0, w);
        memset(per_symbol, 0, sizeof per_symbol);
        for (int k = 0; k < K; k++) {
            per_symbol[0][k / (K / symbols)] += q[k] * w[k] - q[K + k] * w[K + k];
            per_symbol[1][k / (K / symbols)] += q[k] * w[K + k] + q[K + k] * w[k];
        }
        for (int f = 0; f < z->dopplers; f++) {
            float real = 0, imag = 0;
            turns(-t->doppler_grid[f], symbols, ramp[0], ramp[1]);
            for (int l = 0; l < symbols; l++) {
                real += per_symbol[0][l] * ramp[0][l] - per_symbol[1][l] * ramp[1][l];
                imag += per_symbol[0][l] * ramp[1][l] + per_symbol[1][l] * ramp[0][l];
            }
            profile[f] = real * real + imag * imag;
        }
        p->doppler = parabolic_peak(profile, t->doppler_grid, z->dopplers, 0);
        set_doppler(symbols, p);
    }
    float matched[2][N], real[D], imag[D];
    matched_weights(z, symbols, p, 1, w);
    memset(matched, 0, sizeof matched);
    add_product(K, N, w, w + K, signal, (long)K * N, matched[0], matched[1]);
    memset(real, 0, sizeof real);
    memset(imag, 0, sizeof imag);
    add_product(N, D, matched[0], matched[1], t->fine_ramp, (long)N * D, real, imag);
    for (int d = 0; d < D; d++)
        profile[d] = real[d] * real[d] + imag[d] * imag[d];
    p->delay = parabolic_peak(profile, t->fine_delay_grid, D, 0);
    set_delay(z, p);
}

/* Scale a profile to a peak of about 1. */
static void to_unit_peak(int length, float *profile)
{
    float top = TINY;
    for (int i = 0; i < length; i++)
        top = MAX(top, profile[i]);
    for (int i = 0; i < length; i++)
        profile[i] /= top;
}

/* Detect the P strongest paths in CSI-RS (N, R, L, 2), of which `symbols` were sent. */
void search(const struct sizes *z, const struct tables *t, const float *csirs, int symbols, struct paths *out)
{
    int N = z->subcarriers, R = z->ue_chains, C = z->bs_chains, K = symbols * R * C, P = z->paths, S = symbols;
    long length = 2L * K * N, apart = (long)z->symbols * C * N;
    float received[length + 1], residual[length + 1], q[2 * K + 1];
    float t_of[P][2 * S * C + 1], v_of[P][2 * S * R + 1], energy_of[P][2][S + 1], time_of[P][2 * S + 1];
    float frequency_of[P][2 * N], joint[P][2], gain[P][2];
    float aoa_of[P][z->aoa_beams], aod_of[P][z->aod_beams];
    struct response found[P];
    for (int l = 0; l < symbols; l++)
        for (int r = 0; r < R; r++)
            for (int c = 0; c < C; c++) {
                float *real = received + ((long)(l * R + r) * C + c) * N, *imag = real + (long)K * N;
                const float *x = t->baseband + ((long)l * C + c) * N;
                for (int n = 0; n < N; n++) {
                    const float *y = csirs + (((long)n * R + r) * z->symbols + l) * 2;
                    real[n] = y[0] * x[n] + y[1] * x[apart + n];
                    imag[n] = y[1] * x[n] - y[0] * x[apart + n];
                }
            }
    memcpy(residual, received, length * sizeof(float));
    for (int p = 0; p < P; p++) {
        struct response *path = &found[p];
        *path = (struct response){t_of[p], v_of[p], energy_of[p][0], energy_of[p][1], time_of[p], frequency_of[p], 0, 0, 0, 0};
        strongest_cell(z, t, symbols, residual, path);
        for (int sweep = 0; sweep < z->sweeps; sweep++)
            refine(z, t, symbols, residual, path);
        least_squares(z, symbols, residual, path, gain[p]);
        subtract(z, t, symbols, path, gain[p], residual);
        least_squares(z, symbols, received, path, joint[p]);
    }
    for (int p = 0; p < P; p++) {
        memcpy(residual, received, length * sizeof(float));
        for (int other = 0; other < P; other++)
            if (other != p)
                subtract(z, t, symbols, &found[other], joint[other], residual);
        least_squares(z, symbols, residual, &found[p], gain[p]);
        correlate(z, symbols, residual, &found[p], q);
        aoa_profile(z, t, symbols, q, &found[p], aoa_of[p]);
        aod_profile(z, t, symbols, q, &found[p], aod_of[p]);
        to_unit_peak(z->aoa_beams, aoa_of[p]);
        to_unit_peak(z->aod_beams, aod_of[p]);
    }
    for (int p = 0; p < P; p++) {
        int place = 0; /* the number of stronger paths */
        float power = gain[p][0] * gain[p][0] + gain[p][1] * gain[p][1];
        for (int o = 0; o < P; o++) {
            float other = gain[o][0] * gain[o][0] + gain[o][1] * gain[o][1];
            /* A path is never before itself, even if the compiler takes NaN for a number. */
            place += o != p && (other > power || (other == power && o < p));
        }
        out->aoa[place] = found[p].aoa;
        out->aod[place] = found[p].aod;
        out->delay[place] = found[p].delay;
        out->doppler[place] = found[p].doppler;
        out->gain[place] = gain[p][0];
        out->gain[P + place] = gain[p][1];
        memcpy(out->aoa_profile + (long)place * z->aoa_beams, aoa_of[p], sizeof aoa_of[p]);
        memcpy(out->aod_profile + (long)place * z->aod_beams, aod_of[p], sizeof aod_of[p]);
    }
}
