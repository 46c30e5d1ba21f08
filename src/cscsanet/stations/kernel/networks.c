/* The networks of a UE after the path search, with the arithmetic of `networks/beamspace/ue_net.py` and of the files that
   it imports: codeword and bits, phases of the precoder, channel semantics, predicted phases of the streams.

   Axes: see csi.h; G candidate beams, one for each path. */

#include <math.h>
#include <string.h>

#include "csi.h"

#define PI 3.14159265358979
#define KERNEL 5 /* beams of a convolution */
#define DIGITS 6 /* of a direction in the codeword */
#define BEAM_DIGITS 4
#define FREE 2
#define SNR_SCALE 20.0f
#define SWITCH_DB -5.0f
#define MAX(a, b) ((a) > (b) ? (a) : (b))
#define MIN(a, b) ((a) < (b) ? (a) : (b))

static float sigmoid(float x)
{
    /* Beyond these bounds expf overflows, and the compiler counts on finite numbers. */
    return 1 / (1 + expf(-MIN(MAX(x, -60.0f), 60.0f)));
}

/* x (1 + erf(x / sqrt 2)) / 2, with the rational function of Eigen's `generic_fast_erf_float`. */
static void gelu(int length, float *x)
{
    for (int i = 0; i < length; i++) {
        float a = MIN(MAX(x[i] * 0.70710678f, -4.0f), 4.0f), b = a * a;
        float p = -2.72614225801306e-10f;
        p = p * b + 2.77068142495902e-08f;
        p = p * b - 2.10102402082508e-06f;
        p = p * b - 5.69250639462346e-05f;
        p = p * b - 7.34990630326855e-04f;
        p = p * b - 2.95459980854025e-03f;
        p = p * b - 1.60960333262415e-02f;
        float q = -1.45660718464996e-05f;
        q = q * b - 2.13374055278905e-04f;
        q = q * b - 1.68282697438203e-03f;
        q = q * b - 7.37332916720468e-03f;
        q = q * b - 1.42647390514189e-02f;
        x[i] = 0.5f * x[i] * (1 + a * p / q);
    }
}

static void linear(int in, int out, struct layer layer, const float *x, float *y)
{
    for (int o = 0; o < out; o++) {
        float sum = layer.bias[o];
        for (int i = 0; i < in; i++)
            sum += layer.weight[o * in + i] * x[i];
        y[o] = sum;
    }
}

static void perceptron(int in, int hidden, int out, const struct mlp *mlp, const float *x, float *y)
{
    float a[hidden], b[hidden];
    linear(in, hidden, mlp->first, x, a);
    gelu(hidden, a);
    linear(hidden, hidden, mlp->second, a, b);
    gelu(hidden, b);
    linear(hidden, out, mlp->third, b, y);
}

/* Add the taps of one input (width + 4) to four outputs (4, width). */
static void add_taps(int width, float w[4][KERNEL], const float *restrict s, float *restrict y)
{
    float *a = y, *b = y + width, *c = y + 2 * width, *d = y + 3 * width;
    float w0 = w[0][0], w1 = w[0][1], w2 = w[0][2], w3 = w[0][3], w4 = w[0][4];
    float v0 = w[1][0], v1 = w[1][1], v2 = w[1][2], v3 = w[1][3], v4 = w[1][4];
    float u0 = w[2][0], u1 = w[2][1], u2 = w[2][2], u3 = w[2][3], u4 = w[2][4];
    float t0 = w[3][0], t1 = w[3][1], t2 = w[3][2], t3 = w[3][3], t4 = w[3][4];
#pragma GCC ivdep
    for (int i = 0; i < width; i++) {
        a[i] += w0 * s[i] + w1 * s[i + 1] + w2 * s[i + 2] + w3 * s[i + 3] + w4 * s[i + 4];
        b[i] += v0 * s[i] + v1 * s[i + 1] + v2 * s[i + 2] + v3 * s[i + 3] + v4 * s[i + 4];
        c[i] += u0 * s[i] + u1 * s[i + 1] + u2 * s[i + 2] + u3 * s[i + 3] + u4 * s[i + 4];
        d[i] += t0 * s[i] + t1 * s[i + 1] + t2 * s[i + 2] + t3 * s[i + 3] + t4 * s[i + 4];
    }
}

/* Circular convolution over beams, four outputs at a time; x (in, width + 4) holds the neighbours of both ends. */
static void convolve(int in, int out, int width, struct layer layer, const float *x, float *y)
{
    int padded = width + KERNEL - 1;
    for (int o = 0; o < out; o++)
        for (int i = 0; i < width; i++)
            y[o * width + i] = layer.bias[o];
    int o = 0;
    for (; o + 4 <= out; o += 4)
        for (int channel = 0; channel < in; channel++) {
            float w[4][KERNEL];
            for (int row = 0; row < 4; row++)
                memcpy(w[row], layer.weight + ((o + row) * in + channel) * KERNEL, sizeof w[row]);
            add_taps(width, w, x + channel * padded, y + o * width);
        }
    for (; o < out; o++)
        for (int channel = 0; channel < in; channel++)
            for (int k = 0; k < KERNEL; k++)
                for (int i = 0; i < width; i++)
                    y[o * width + i] += layer.weight[(o * in + channel) * KERNEL + k] * x[channel * padded + i + k];
}

/* Add weight times x to y at every beam: a convolution of one beam, without bias. */
static void mix_channels(int in, int out, int width, const float *weight, const float *x, float *restrict y)
{
    for (int o = 0; o < out; o++) {
        float *restrict row = y + o * width;
        int c = 0;
        for (; c + 4 <= in; c += 4) {
            const float *w = weight + o * in + c, *s = x + c * width;
            for (int i = 0; i < width; i++)
                row[i] += w[0] * s[i] + w[1] * s[width + i] + w[2] * s[2 * width + i] + w[3] * s[3 * width + i];
        }
        for (; c < in; c++)
            for (int i = 0; i < width; i++)
                row[i] += weight[o * in + c] * x[c * width + i];
    }
}

/* Copy (channels, width) to (channels, width + 4), with the neighbours of the ends of a circle. */
static void pad(int channels, int width, const float *x, float *padded)
{
    int ends = KERNEL / 2;
    for (int c = 0; c < channels; c++, padded += width + 2 * ends, x += width) {
        memcpy(padded + ends, x, width * sizeof(float));
        for (int i = 0; i < ends; i++) {
            padded[i] = x[(width - ends + i) % width];
            padded[ends + width + i] = x[i];
        }
    }
}

/* Mean and maximum over beams, (2 channels). */
static void pool_beams(int channels, int width, const float *x, float *pool)
{
    for (int c = 0; c < channels; c++) {
        float sum = 0, top = x[c * width];
        for (int i = 0; i < width; i++) {
            sum += x[c * width + i];
            top = MAX(top, x[c * width + i]);
        }
        pool[c] = sum / width;
        pool[channels + c] = top;
    }
}

/* Normalise over all channels and beams, with a scale and an offset for each channel. */
static void group_norm(int channels, int width, struct layer layer, const float *x, float *y)
{
    int length = channels * width;
    float sum = 0, squares = 0;
    for (int i = 0; i < length; i++)
        sum += x[i];
    float mean = sum / length;
    for (int i = 0; i < length; i++)
        squares += (x[i] - mean) * (x[i] - mean);
    float scale = 1 / sqrtf(squares / length + 1e-5f);
    for (int c = 0; c < channels; c++)
        for (int i = 0; i < width; i++)
            y[c * width + i] = (x[c * width + i] - mean) * scale * layer.weight[c] + layer.bias[c];
}

/* `beam_layers.BeamTrunk`: features (F, width), and their pool (2 F). */
static void beam_trunk(const struct sizes *z, const struct trunk *trunk, int channels, int width, const float *beams,
                       const float *inputs, float *hidden, float *pool)
{
    int F = z->hidden;
    float padded[MAX(F, channels) * (width + KERNEL - 1)], normalised[F * width], mixed[F * width], shared[F], far[2 * F];
    pad(channels, width, beams, padded);
    convolve(channels, F, width, trunk->embed, padded, hidden);
    linear(z->inputs, F, trunk->context, inputs, shared);
    for (int f = 0; f < F; f++)
        for (int i = 0; i < width; i++)
            hidden[f * width + i] += shared[f];
    gelu(F * width, hidden);
    for (int n = 0; n < z->layers; n++) {
        const struct beam_layer *layer = trunk->layers + n;
        group_norm(F, width, layer->norm, hidden, normalised);
        pad(F, width, normalised, padded);
        convolve(F, F, width, layer->near, padded, mixed);
        pool_beams(F, width, normalised, far);
        linear(2 * F, F, layer->far, far, shared);
        for (int f = 0; f < F; f++)
            for (int i = 0; i < width; i++) {
                mixed[f * width + i] += shared[f];
                hidden[f * width + i] += layer->out.bias[f];
            }
        gelu(F * width, mixed);
        mix_channels(F, F, width, layer->out.weight, mixed, hidden);
    }
    pool_beams(F, width, hidden, pool);
}

/* |a(u)^H a(v)|^2 / M^2. */
static float overlap(float u, float v, int antennas)
{
    double half = PI * (u - v) / 2, below = sin(half), mean;
    mean = fabs(below) < 1e-9 ? 1 : sin(antennas * half) / (antennas * below);
    return (float)(mean * mean);
}

/* `BeamspaceUe._path_features`, (X). */
static void path_features(const struct sizes *z, const struct paths *d, float snr, float *x)
{
    int P = z->paths;
    *x++ = snr;
    for (int p = 0; p < P; p++, x++)
        *x = log10f(d->gain[p] * d->gain[p] + d->gain[P + p] * d->gain[P + p] + 1e-6f);
    for (int p = 0; p < P; p++, x++)
        *x = (float)cos(PI * d->aod[p]);
    for (int p = 0; p < P; p++, x++)
        *x = (float)sin(PI * d->aod[p]);
    for (int p = 0; p < P; p++)
        for (int q = 0; q < p; q++, x += 5) {
            float a = d->gain[p], b = d->gain[P + p], e = d->gain[q], f = d->gain[P + q];
            float real = a * e + b * f, imag = b * e - a * f;
            float scale = 1 / sqrtf(real * real + imag * imag + 1e-12f);
            x[0] = overlap(d->aoa[p], d->aoa[q], z->bs_antennas);
            x[1] = overlap(d->aod[p], d->aod[q], z->ue_antennas);
            x[2] = real * scale;
            x[3] = imag * scale;
            x[4] = tanhf(d->delay[p] - d->delay[q]);
        }
}

/* `stream_allocation.StreamAllocation`: the logit of the share of each path, (P); place: of a canonical feature. */
static void share_logits(const struct sizes *z, const struct weights *w, const struct point *point, const float *inputs,
                         const int *place, float *logits)
{
    int P = z->paths;
    for (int p = 0; p < P; p++) {
        float path_snr = inputs[0] + 10 / SNR_SCALE * inputs[1 + p];
        int share = p == 0 || place[P * DIGITS + p - 1] < point->features;
        int direction = p == 0 || place[p * DIGITS + BEAM_DIGITS - 1] < point->features;
        logits[p] = share ? *w->steepness * (path_snr - *w->threshold) : SNR_SCALE * inputs[0] - SWITCH_DB;
        if (!direction)
            logits[p] = -30;
    }
}

/* Phases of the precoder (T, P): the sums of beams of `beam_head.BeamHead`. */
static void precoder(const struct sizes *z, const struct tables *t, const struct weights *w, const struct paths *d,
                     const float *logits, const float *context, const float *hidden, float *phases)
{
    int P = z->paths, T = z->ue_antennas, J = z->aod_beams;
    float learned[2 * P * P], on_grid[2 * P * J], sum[2][P][T], steer[2][T];
    perceptron(2 * z->hidden + z->inputs, z->model, 2 * P * P, &w->mixer, context, learned);
    for (int o = 0; o < 2 * P; o++)
        for (int j = 0; j < J; j++)
            on_grid[o * J + j] = w->on_grid.bias[o];
    mix_channels(z->hidden, 2 * P, J, w->on_grid.weight, hidden, on_grid);
    memset(sum, 0, sizeof sum);
    for (int s = 0; s < P + J; s++) {
        double direction = s < P ? d->aod[s] : t->aod_grid[s - P], start = -PI * direction * (T - 1) / 2;
        float a = (float)cos(start), b = (float)sin(start);
        turns(direction / 2, T, steer[0], steer[1]);
        for (int c = 0; c < P; c++) {
            float real, imag;
            if (s < P) { /* a softmax over the beams of a stream */
                float weight[P], total = 0, share = sigmoid(logits[c]);
                for (int q = 0; q < P; q++)
                    total += weight[q] = share * (q == c) + (1 - share) * (q == 0);
                float all = 0, largest = learned[c * P];
                for (int q = 1; q < P; q++)
                    largest = MAX(largest, learned[c * P + q]);
                for (int q = 0; q < P; q++)
                    all += weight[q] = (weight[q] / (total + 1e-6f) + 0.003f + 1e-6f) *
                                       expf(MAX(learned[c * P + q] - largest, -60.0f));
                float turn = learned[(P + c) * P + s];
                real = weight[s] / all * cosf(turn);
                imag = weight[s] / all * sinf(turn);
            } else {
                real = on_grid[2 * c * J + s - P];
                imag = on_grid[(2 * c + 1) * J + s - P];
            }
            float x = real * a - imag * b, y = real * b + imag * a;
            for (int m = 0; m < T; m++) {
                sum[0][c][m] += x * steer[0][m] - y * steer[1][m];
                sum[1][c][m] += x * steer[1][m] + y * steer[0][m];
            }
        }
    }
    for (int m = 0; m < T; m++)
        for (int c = 0; c < P; c++)
            phases[m * P + c] = atan2f(sum[1][c][m], sum[0][c][m]);
}

/* `BeamspaceUe._codeword`, quantised: the level 0 to 3 of each feature, in feedback order. */
static void codeword(const struct sizes *z, const struct weights *w, const struct paths *d, const float *inputs,
                     const float *logits, const int *order, int *levels)
{
    int P = z->paths, F = z->hidden, I = z->aoa_beams, width = I / 2, H = z->head_features;
    float tokens[2 * P * width], hidden[F * width], context[2 * F + z->inputs], learned[P + FREE], head[H];
    float pairs[2 * width], logit[I];
    for (int p = 0; p < P; p++)
        for (int i = 0; i < width; i++)
            for (int side = 0; side < 2; side++)
                tokens[(2 * p + side) * width + i] = d->aoa_profile[(long)p * I + 2 * i + side];
    beam_trunk(z, &w->aoa, 2 * P, width, tokens, inputs, hidden, context);
    memcpy(context + 2 * F, inputs, z->inputs * sizeof(float));
    perceptron(2 * F + z->inputs, F, P + FREE, &w->codeword, context, learned);
    for (int p = 0; p < P; p++) {
        float u = d->aoa[p] + 2.0f / z->bs_antennas * tanhf(learned[p]);
        float feature = (u - 2 * floorf((u + 1) / 2) + 1) / 2;
        for (int digit = 0; digit < DIGITS; digit++) {
            head[p * DIGITS + digit] = feature;
            float turn = 4 * feature;
            feature = 1 - fabsf(turn - 2 * floorf(turn / 2) - 1);
        }
        if (p > 0)
            head[P * DIGITS + p - 1] = sigmoid(logits[p]);
    }
    head[P * DIGITS + P - 1] = sigmoid(2 * inputs[1]);
    for (int i = 0; i < FREE; i++)
        head[P * DIGITS + P + i] = sigmoid(learned[P + i]);
    for (int side = 0; side < 2; side++)
        for (int i = 0; i < width; i++)
            pairs[side * width + i] = w->spectrum.bias[side];
    mix_channels(F, 2, width, w->spectrum.weight, hidden, pairs);
    float first = d->gain[0] * d->gain[0] + d->gain[P] * d->gain[P] + 1e-9f;
    for (int i = 0; i < I; i++) {
        float top = 0;
        for (int p = 0; p < P; p++) {
            float power = d->gain[p] * d->gain[p] + d->gain[P + p] * d->gain[P + p] + 1e-9f;
            top = MAX(top, power / first * d->aoa_profile[(long)p * I + i]);
        }
        logit[i] = 6 * (top - 0.5f) + pairs[(i % 2) * width + i / 2];
    }
    int place = 0;
    for (; place < H && place < z->codeword_features; place++)
        levels[place] = (int)MIN(MAX(floorf(4 * head[order[place]]), 0.0f), 3.0f);
    for (int pooled = 16; pooled > 0; pooled /= 2)
        for (int i = 0; i + pooled <= I && place < z->codeword_features; i += pooled, place++) {
            float top = logit[i];
            for (int k = 1; k < pooled; k++)
                top = MAX(top, logit[i + k]);
            levels[place] = (int)MIN(MAX(floorf(4 * sigmoid(top)), 0.0f), 3.0f);
        }
}

/* a_t(w_p)^H F_s, (2, P, P). */
static void departures(const struct sizes *z, const float *aod, const float *phases, float *out)
{
    int P = z->paths, T = z->ue_antennas;
    float steer[2][T];
    for (int p = 0; p < P; p++) {
        turns(aod[p] / 2.0, T, steer[0], steer[1]);
        for (int s = 0; s < P; s++) {
            float real = 0, imag = 0;
            for (int m = 0; m < T; m++) {
                float a = cosf(phases[m * P + s]), b = sinf(phases[m * P + s]);
                real += steer[0][m] * a + steer[1][m] * b;
                imag += steer[0][m] * b - steer[1][m] * a;
            }
            out[p * P + s] = real;
            out[P * P + p * P + s] = imag;
        }
    }
}

/* c of each path, as in `path_refinement`. */
static void certainties(const struct sizes *z, const struct weights *w, const struct point *point, const float *gain,
                        float *certainty)
{
    int P = z->paths;
    float snr = powf(10, MIN(MAX(point->csirs_snr_db, -40.0f), 40.0f) / 10), length = (float)point->symbols;
    float elapsed = point->first_data_symbol - (length - 1) / 2;
    for (int p = 0; p < P; p++) {
        float power = gain[p] * gain[p] + gain[P + p] * gain[P + p];
        float measured = 4 * (float)(PI * PI) * w->correction_constants[0] * power * snr * length * (length * length - 1) / 6;
        float variance = 1 / (measured + w->correction_constants[1]) + *w->floor / (length * length * length);
        certainty[p] = expf(-MIN(2 * (float)(PI * PI) * elapsed * elapsed * variance, 8.0f));
    }
}

/* S_CSI (N, S): `BeamspaceUe._csi`. */
static void channel_semantics(const struct sizes *z, const struct weights *w, const struct point *point,
                              const struct paths *d, const float *departed, const float *context, float *csi)
{
    int P = z->paths, N = z->subcarriers, D = z->model, in = 2 * z->hidden + z->inputs + (z->certainty ? P : 0);
    float shared[D], token[D], x[2 * P * P], ramp[P][2][N], total = 1e-9f;
    linear(in, D, w->csi_context, context, shared);
    for (int p = 0; p < 2 * P; p++)
        total += d->gain[p] * d->gain[p];
    for (int p = 0; p < P; p++)
        turns(-d->delay[p] / (double)N, N, ramp[p][0], ramp[p][1]);
    float scale = 1 / sqrtf(total) / z->ue_antennas;
    for (int n = 0; n < N; n++) {
        for (int p = 0; p < P; p++) {
            double turn = 2 * PI * d->doppler[p] * point->first_data_symbol;
            float a = (float)cos(turn) * scale, b = (float)sin(turn) * scale;
            float g = d->gain[p] * a - d->gain[P + p] * b, h = d->gain[p] * b + d->gain[P + p] * a;
            float real = g * ramp[p][0][n] - h * ramp[p][1][n], imag = g * ramp[p][1][n] + h * ramp[p][0][n];
            for (int s = 0; s < P; s++) {
                float e = departed[p * P + s], f = departed[P * P + p * P + s];
                x[(p * P + s) * 2] = real * e - imag * f;
                x[(p * P + s) * 2 + 1] = real * f + imag * e;
            }
        }
        linear(2 * P * P, D, w->csi_embed, x, token);
        for (int i = 0; i < D; i++)
            token[i] += shared[i];
        gelu(D, token);
        linear(D, z->csi, w->to_csi, token, csi + (long)n * z->csi);
    }
}

/* D(u, v) / M of `phase_prediction.chain_response`, (2). */
static void chain_response(int antennas, float u, float v, float chirp, float *out)
{
    double real = 0, imag = 0, x = 0, y = 0;
    for (int m = 0; m < antennas; m++) {
        double element = m - (antennas - 1) / 2.0, bend = PI * chirp * element * element;
        double phase = PI * (u - v) * element - bend;
        real += cos(phase), imag += sin(phase);
        x += cos(bend), y -= sin(bend);
    }
    double scale = 1 / (antennas * sqrt(x * x + y * y));
    out[0] = (float)((real * x + imag * y) * scale);
    out[1] = (float)((imag * x - real * y) * scale);
}

/* Refine the paths and predict the phases of the streams (Q, N, P): `path_refinement` and `phase_prediction`. */
static void predicted_phases(const struct sizes *z, const struct weights *w, const struct point *point,
                             const struct paths *d, const float *inputs, const float *certainty, const float *logits,
                             const int *place, const int *levels, const float *departed, float *phases)
{
    int P = z->paths, N = z->subcarriers, in = z->inputs + 1 + (z->certainty ? 1 + P : 0);
    float x[in], learned[3 * P], gain[P][2], doppler[P], middle = (point->symbols - 1) / 2.0f;
    memcpy(x, inputs + 1, (z->inputs - 1) * sizeof(float));
    x[z->inputs - 1] = MIN(MAX(point->csirs_snr_db, -40.0f), 40.0f) / SNR_SCALE;
    x[z->inputs] = 1.0f / point->symbols;
    if (z->certainty) {
        x[z->inputs + 1] = (point->first_data_symbol - middle) / 50;
        memcpy(x + z->inputs + 2, certainty, P * sizeof(float));
    }
    perceptron(in, z->model, 3 * P, &w->correction, x, learned);
    for (int p = 0; p < P; p++) {
        float share = 2 * sigmoid(learned[p]), weight = (z->certainty ? certainty[p] : 1) * expf(MIN(MAX(learned[P + p], -60.0f), 60.0f));
        /* The path's phase refers to the first antenna, that of a beam to the middle of the array. */
        double turn = learned[2 * P + p] + 2 * PI * middle * (1 - share) * d->doppler[p] +
                      PI * (z->bs_antennas - 1) / 2 * d->aoa[p];
        float a = (float)cos(turn) * weight, b = (float)sin(turn) * weight;
        gain[p][0] = d->gain[p] * a - d->gain[P + p] * b;
        gain[p][1] = d->gain[p] * b + d->gain[P + p] * a;
        doppler[p] = share * d->doppler[p];
    }
    float through[P][P][2], best[P], path_gain[P][P][2]; /* (G, P), (S), (S, P) */
    memset(best, 0, sizeof best);
    memset(path_gain, 0, sizeof path_gain);
    for (int g = 0; g < P; g++) { /* the directions that the BS decodes from the bits */
        float position = 0.5f, reported = 0;
        for (int digit = DIGITS - 1; digit >= 0; digit--) {
            int where = place[g * DIGITS + digit];
            if (where < point->features && where < z->codeword_features) {
                int level = levels[where];
                position = (level + (level % 2 ? 1 - position : position)) / 4;
                reported++;
            } else {
                position = 0.5f;
            }
        }
        float chirp = MAX(2 * powf(4, -reported) - 2.0f / z->bs_antennas, 0.0f) / (2 * z->bs_antennas);
        float weight = g == 0 ? 1 : sigmoid(logits[g]);
        for (int p = 0; p < P; p++) {
            float response[2];
            chain_response(z->bs_antennas, d->aoa[p], 2 * position - 1, chirp, response);
            through[g][p][0] = response[0] * gain[p][0] - response[1] * gain[p][1];
            through[g][p][1] = response[0] * gain[p][1] + response[1] * gain[p][0];
        }
        for (int s = 0; s < P; s++) {
            float strength = 0;
            for (int p = 0; p < P; p++) {
                float e = departed[p * P + s], f = departed[P * P + p * P + s], *h = through[g][p];
                strength += weight * weight * (h[0] * h[0] + h[1] * h[1]) * (e * e + f * f);
            }
            if (g > 0 && strength <= best[s])
                continue;
            best[s] = strength;
            for (int p = 0; p < P; p++) {
                float e = departed[p * P + s], f = departed[P * P + p * P + s], *h = through[g][p];
                path_gain[s][p][0] = h[0] * e - h[1] * f;
                path_gain[s][p][1] = h[0] * f + h[1] * e;
            }
        }
    }
    float ramp[P][2][N], sum[2][N];
    for (int p = 0; p < P; p++)
        turns(-d->delay[p] / (double)N, N, ramp[p][0], ramp[p][1]);
    for (int q = 0; q < z->data_symbols; q++)
        for (int s = 0; s < P; s++) {
            memset(sum, 0, sizeof sum);
            for (int p = 0; p < P; p++) {
                double turn = 2 * PI * doppler[p] * (point->first_data_symbol + q);
                float a = (float)cos(turn), b = (float)sin(turn), *h = path_gain[s][p];
                float real = h[0] * a - h[1] * b, imag = h[0] * b + h[1] * a;
                for (int n = 0; n < N; n++) {
                    sum[0][n] += real * ramp[p][0][n] - imag * ramp[p][1][n];
                    sum[1][n] += real * ramp[p][1][n] + imag * ramp[p][0][n];
                }
            }
            for (int n = 0; n < N; n++)
                phases[((long)q * N + n) * P + s] = atan2f(sum[1][n], sum[0][n]);
        }
}

void networks(const struct sizes *z, const struct tables *t, const struct weights *w, const struct point *point,
              const struct paths *d, struct outputs *out)
{
    int P = z->paths, F = z->hidden, J = z->aod_beams, H = z->head_features;
    int order[H], place[H], levels[z->codeword_features + 1];
    float inputs[z->inputs], context[2 * F + z->inputs + P], hidden[F * J], logits[P], departed[2 * P * P], certainty[P];
    for (int j = 0; j < H; j++) {
        order[j] = (int)t->head_order[(point->snr_db < SWITCH_DB ? 0 : H) + j];
        place[order[j]] = j;
    }
    path_features(z, d, point->snr_db / SNR_SCALE, inputs);
    beam_trunk(z, &w->aod, P, J, d->aod_profile, inputs, hidden, context);
    memcpy(context + 2 * F, inputs, z->inputs * sizeof(float));
    share_logits(z, w, point, inputs, place, logits);
    precoder(z, t, w, d, logits, context, hidden, out->precoder_phases);
    codeword(z, w, d, inputs, logits, order, levels);
    for (int i = 0; i < z->codeword_features; i++) {
        out->bits[2 * i] = (unsigned char)(levels[i] / 2);
        out->bits[2 * i + 1] = (unsigned char)(levels[i] % 2);
    }
    departures(z, d->aod, out->precoder_phases, departed);
    if (z->certainty) {
        certainties(z, w, point, d->gain, certainty);
        memcpy(context + 2 * F + z->inputs, certainty, P * sizeof(float));
    }
    channel_semantics(z, w, point, d, departed, context, out->csi);
    if (z->aligned)
        predicted_phases(z, w, point, d, inputs, certainty, logits, place, levels, departed, out->alignment);
}
