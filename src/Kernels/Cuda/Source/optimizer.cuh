// Adam (Kingma and Ba 2015, as torch.optim.Adam computes it) and the moving average of weights over flat float32 buffers, one
// pass each; as OptimizerUpdates.cs has them. The gradient is scaled, then NaN becomes 0 and ±∞ becomes ±1e5; both are counted.

struct AdamArguments
{
    float* parameters;
    const float* gradient;
    float* first;
    float* second;
    u64* found; // [2]: NaNs, infinities; starts at 0
    u64 count;
    float gradient_scale;
    float beta1;
    float one_minus_beta1;
    float beta2;
    float one_minus_beta2;
    float root_correction2;
    float epsilon;
    float step_size;
};

struct AverageArguments
{
    float* average;
    const float* parameters;
    u64 count;
    float beta;
};

KERNEL(optimizer_adam, AdamArguments)
{
    u64 stride = (u64)gridDim.x * blockDim.x;
    u32 nans = 0, infinities = 0;
    for (u64 i = (u64)blockIdx.x * blockDim.x + threadIdx.x; i < a.count; i += stride)
    {
        float g = a.gradient[i] * a.gradient_scale;
        u32 magnitude = float_bits(g) & 0x7fffffffu;
        if (magnitude > 0x7f800000u)
        {
            nans++;
            g = 0;
        }
        else if (magnitude == 0x7f800000u)
        {
            infinities++;
            g = g > 0 ? 1e5f : -1e5f;
        }
        float mean = fmaf(g, a.one_minus_beta1, a.first[i] * a.beta1);
        float square = fmaf(a.one_minus_beta2 * g, g, a.second[i] * a.beta2);
        a.first[i] = mean;
        a.second[i] = square;
        a.parameters[i] -= a.step_size * mean / (sqrtf(square) / a.root_correction2 + a.epsilon);
    }
    // Whole numbers: their sum does not depend on the order.
    if (nans)
        atomicAdd(a.found, (u64)nans);
    if (infinities)
        atomicAdd(a.found + 1, (u64)infinities);
}

KERNEL(optimizer_average, AverageArguments)
{
    u64 stride = (u64)gridDim.x * blockDim.x;
    for (u64 i = (u64)blockIdx.x * blockDim.x + threadIdx.x; i < a.count; i += stride)
    {
        float old = a.average[i], target = a.parameters[i];
        a.average[i] = a.beta < .5f ? fmaf(a.beta, old - target, target) : fmaf(-(old - target), 1 - a.beta, old);
    }
}
