/* Eq. 1 of the first layer, z = W x + b with x = pixels / 255: W (n, p), b (n), pixels (p) -> z (n).
   A column of W at a time, so that blank paper takes no time; and divided once, by 255 where the sum is known. */
static void affine_pixels(size_t p, size_t n, const float *restrict W, const float *restrict b,
                          const unsigned char *restrict pixels, float *restrict z)
{
    for (size_t i = 0; i < n; i++)
        z[i] = 0;
    for (size_t j = 0; j < p; j++, W += n) {
        const float x = pixels[j];
        if (x != 0)
            for (size_t i = 0; i < n; i++)
                z[i] += W[i] * x;
    }
    for (size_t i = 0; i < n; i++)
        z[i] = z[i] / 255 + b[i];
}

/* Eq. 1 of the first layer, z = W x + b with x = pixels / 255 and W_ij = s_i q_ij, where q are integers of 8 bits:
   q (n, p), s and b (n), pixels (p) -> z (n). Because s_i / 255 does not depend on j,
       z_i = s_i / 255 sum_j q_ij pixels_j + b_i,
   a sum of integers. As |q_ij| <= 127 and pixels_j <= 255, it is at most {{ inputs }} * 127 * 255 = {{ bound }}, less
   than 2^{{ power }}: {{ bits }} bits hold it, and each product is less than 2^15. */
static void affine_pixels_int8(size_t p, size_t n, const int8_t *restrict q, const float *restrict s,
                               const float *restrict b, const unsigned char *restrict pixels,
                               int{{ bits }}_t *restrict sums, float *restrict z)
{
    for (size_t i = 0; i < n; i++)
        sums[i] = 0;
    for (size_t j = 0; j < p; j++, q += n) {
        const int pixel = pixels[j];
        if (pixel != 0)
            for (size_t i = 0; i < n; i++)
                sums[i] += q[i] * pixel;
    }
    for (size_t i = 0; i < n; i++)
        z[i] = s[i] / 255 * (float)sums[i] + b[i];
}

/* Eq. 1: z = W a + b with W (n, p), b (n), a (p) -> z (n), a column of W at a time, since a is often 0. */
static void affine(size_t p, size_t n, const float *restrict W, const float *restrict b,
                   const float *restrict a, float *restrict z)
{
    for (size_t i = 0; i < n; i++)
        z[i] = 0;
    for (size_t j = 0; j < p; j++, W += n)
        if (a[j] != 0)
            for (size_t i = 0; i < n; i++)
                z[i] += W[i] * a[j];
    for (size_t i = 0; i < n; i++)
        z[i] += b[i];
}

/* Eq. 1: z = W a + b with W_ij = s_i q_ij: q (n, p), s and b (n), a (p) -> z (n), a column of q at a time. */
static void affine_int8(size_t p, size_t n, const int8_t *restrict q, const float *restrict s,
                        const float *restrict b, const float *restrict a, float *restrict z)
{
    for (size_t i = 0; i < n; i++)
        z[i] = 0;
    for (size_t j = 0; j < p; j++, q += n)
        if (a[j] != 0)
            for (size_t i = 0; i < n; i++)
                z[i] += (float)q[i] * a[j];
    for (size_t i = 0; i < n; i++)
        z[i] = s[i] * z[i] + b[i];
}

/* Eq. 2: a = Q(z), in place, with Q(z) = max(z, 0). */
static void Q_relu(size_t n, float *a)
{
    for (size_t i = 0; i < n; i++)
        if (a[i] < 0)
            a[i] = 0;
}

/* Eq. 2: a = Q(z), in place, with Q(z) = z where z > 0, otherwise z / 100. */
static void Q_leaky_relu(size_t n, float *a)
{
    for (size_t i = 0; i < n; i++)
        if (a[i] < 0)
            a[i] *= 0.01f;
}

/* 1 / (1 + e^-z), written as (1 + tanh(z / 2)) / 2, which cannot overflow. */
static float sigmoid(float z)
{
    return 0.5f * (1 + tanhf(0.5f * z));
}

/* Eq. 2: a = Q(z), in place, with the sigmoid as Q. */
static void Q_sigmoid(size_t n, float *a)
{
    for (size_t i = 0; i < n; i++)
        a[i] = sigmoid(a[i]);
}

/* Eq. 2: a = Q(z), in place, with Q(z) = tanh z. */
static void Q_tanh(size_t n, float *a)
{
    for (size_t i = 0; i < n; i++)
        a[i] = tanhf(a[i]);
}

/* Eq. 2: a = Q(z), in place, with Q(z) = z sigmoid(2 sqrt(2/pi) (z + 0.044715 z^3)): Hendrycks and Gimpel 2016. */
static void Q_gelu(size_t n, float *a)
{
    const float scale = 1.5957691216057308f; /* 2 sqrt(2/pi) */

    for (size_t i = 0; i < n; i++)
        a[i] *= sigmoid((a[i] * a[i] * (0.044715f * scale) + scale) * a[i]);
}

/* Eq. 7: a_i = e^z_i / sum_k e^z_k, in place. Less the largest z, e^z cannot overflow, and the quotients are as
   before. */
static void Q_softmax(size_t n, float *a)
{
    float most = a[0], sum = 0;

    for (size_t i = 1; i < n; i++)
        if (a[i] > most)
            most = a[i];
    for (size_t i = 0; i < n; i++) {
        a[i] = expf(a[i] - most);
        sum += a[i];
    }
    for (size_t i = 0; i < n; i++)
        a[i] /= sum;
}

/* The class with the largest output, the first of equal ones. */
static int find_largest(size_t n, const float *a)
{
    size_t best = 0;

    for (size_t i = 1; i < n; i++)
        if (a[i] > a[best])
            best = i;
    return (int)best;
}
