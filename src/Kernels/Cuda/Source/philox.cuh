// Philox-4x32-10 (Salmon et al. 2011, §3.3) and what is made of its numbers, in the order of PhiloxFill.cs and of VectorMath.cs:
// integer and float64 operations that IEEE 754 defines, and fused multiply-adds where those have them.

struct PhiloxArguments
{
    void* to;
    u64 count;
    u64 key;
    u64 counter_high;
    u64 first;     // place of the first number within the draw
    u32 normal;    // else uniform in [0, 1)
    u32 is_double; // float64, else float32
};

struct Uniforms
{
    double even;
    double odd;
};

DEVICE double unit(u32 high, u32 low) { return (double)((((u64)high << 32) | low) >> 11) * (1.0 / 9007199254740992.0); }

DEVICE Uniforms draw(u64 key, u64 counter_high, u64 block)
{
    u32 c0 = (u32)block, c1 = (u32)(block >> 32), c2 = (u32)counter_high, c3 = (u32)(counter_high >> 32);
    u32 k0 = (u32)key, k1 = (u32)(key >> 32);
    for (int round = 0; round < 10; round++)
    {
        u64 p0 = 0xD2511F53ull * c0, p1 = 0xCD9E8D57ull * c2;
        c0 = (u32)(p1 >> 32) ^ c1 ^ k0;
        c2 = (u32)(p0 >> 32) ^ c3 ^ k1;
        c1 = (u32)p1;
        c3 = (u32)p0;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    return Uniforms{unit(c1, c0), unit(c3, c2)};
}

// ln x of a positive normal number.
DEVICE double logarithm(double x)
{
    u64 bits = double_bits(x);
    double k = (double)((int)(bits >> 52) - 1023);
    double m = bits_double((bits & 0xFFFFFFFFFFFFFull) | 0x3FF0000000000000ull);
    if (m > 1.4142135623730951)
    {
        m *= 0.5;
        k += 1;
    }
    double f = m - 1, s = f / (2 + f), z = s * s, half = 0.5 * f * f, r = 2.0 / 21;
    for (int odd = 19; odd >= 3; odd -= 2)
        r = fma(r, z, 2.0 / odd);
    double correction = fma(s, fma(r, z, half), k * -4.2009150726810846e-11);
    return k * 0.6931471806019545 - (half - correction - f);
}

// sin 2πt and cos 2πt of t in [0, 1].
DEVICE void turn(double t, double& sine, double& cosine)
{
    double k = rint(4 * t), r = fma(k, -0.25, t) * 6.283185307179586, z = r * r;
    double s = 1.0 / 355687428096000;
    s = fma(s, z, -1.0 / 1307674368000);
    s = fma(s, z, 1.0 / 6227020800);
    s = fma(s, z, -1.0 / 39916800);
    s = fma(s, z, 1.0 / 362880);
    s = fma(s, z, -1.0 / 5040);
    s = fma(s, z, 1.0 / 120);
    s = fma(s, z, -1.0 / 6);
    double sin_r = fma(r * z, s, r);
    double c = 1.0 / 20922789888000;
    c = fma(c, z, -1.0 / 87178291200);
    c = fma(c, z, 1.0 / 479001600);
    c = fma(c, z, -1.0 / 3628800);
    c = fma(c, z, 1.0 / 40320);
    c = fma(c, z, -1.0 / 720);
    c = fma(c, z, 1.0 / 24);
    c = fma(c, z, -1.0 / 2);
    double cos_r = fma(c, z, 1.0);
    int quadrant = (int)k;
    sine = quadrant == 1 || quadrant == 3 ? cos_r : sin_r;
    cosine = quadrant == 1 || quadrant == 3 ? sin_r : cos_r;
    if (quadrant == 2 || quadrant == 3)
        sine = -sine;
    if (quadrant == 1 || quadrant == 2)
        cosine = -cosine;
}

DEVICE void put(const PhiloxArguments& a, u64 element, double x)
{
    if (element < a.first || element - a.first >= a.count)
        return;
    if (a.is_double)
        ((double*)a.to)[element - a.first] = x;
    else
        ((float*)a.to)[element - a.first] = (float)x;
}

// A thread makes the two numbers of a block.
KERNEL(philox_fill, PhiloxArguments)
{
    u64 block = a.first / 2 + (u64)blockIdx.x * blockDim.x + threadIdx.x;
    if (2 * block >= a.first + a.count)
        return;
    Uniforms u = draw(a.key, a.counter_high, block);
    if (a.normal)
    {
        double radius = sqrt(-2.0 * logarithm(1 - u.even)), sine, cosine;
        turn(u.odd, sine, cosine);
        u.even = radius * cosine;
        u.odd = radius * sine;
    }
    put(a, 2 * block, u.even);
    put(a, 2 * block + 1, u.odd);
}
