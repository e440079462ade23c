// The passes of demodulation d = 1/√(Σ(w·s)² + ε) (Karras et al. 2020, equation 3) and of its derivatives, which besides them are
// matrix products; as Demodulation.cs has them. A pair is an output and an input channel of a weight [O, I, taps].

struct DemodulationArguments
{
    const float* a;
    const float* b;
    const float* c;
    float* to;
    u32 count; // threads: pairs or numbers
    u32 taps;
    float factor;
    u32 add; // to what is there
};

DEVICE float root(float x) { return sqrtf(x); }

// to[p] = factor·Σ a[p, t]·b[p, t] over the taps
KERNEL(demodulation_sum_over_taps, DemodulationArguments)
{
    u32 p = thread_number();
    if (p >= a.count)
        return;
    float sum = 0;
    for (u32 t = 0; t < a.taps; t++)
        sum = fmaf(a.a[p * a.taps + t], a.b[p * a.taps + t], sum);
    a.to[p] = a.factor * sum;
}

// to[p, t] = 2·a[p, t]·b[p]
KERNEL(demodulation_spread_over_taps, DemodulationArguments)
{
    u32 i = thread_number();
    if (i >= a.count)
        return;
    float twice = 2 * a.b[i / a.taps];
    a.to[i] = a.add ? fmaf(a.a[i], twice, a.to[i]) : a.a[i] * twice;
}

// to = 1/√(a + ε)
KERNEL(demodulation_finish, DemodulationArguments)
{
    u32 i = thread_number();
    if (i < a.count)
        a.to[i] = 1 / root(a.a[i] + 1e-8f);
}

// to = −½·a³·b
KERNEL(demodulation_gradient, DemodulationArguments)
{
    u32 i = thread_number();
    if (i < a.count)
        a.to[i] = -.5f * a.a[i] * a.a[i] * a.a[i] * a.b[i];
}

// to = ¾·a⁵·b·c
KERNEL(demodulation_second_gradient, DemodulationArguments)
{
    u32 i = thread_number();
    if (i >= a.count)
        return;
    float square = a.a[i] * a.a[i];
    a.to[i] = .75f * square * square * a.a[i] * a.b[i] * a.c[i];
}

// to = factor·a·b
KERNEL(demodulation_multiply, DemodulationArguments)
{
    u32 i = thread_number();
    if (i >= a.count)
        return;
    float product = a.factor * a.a[i] * a.b[i];
    a.to[i] = a.add ? a.to[i] + product : product;
}
