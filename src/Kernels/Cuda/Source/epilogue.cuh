// What follows a layer's convolution u, in one pass: z = gain·scale[n,c]·u + strength·noise + bias[c],
// y = clamp(z·(z > 0 ? positive : negative)); its gradient, and the gradient of that.
// Rows are (n, c). A sum over a row is made of parts, each by one block in one order: sums[s][part][row].

struct EpilogueArguments
{
    const void* u;         // what the convolution gave
    const void* y;         // the result, for gradients
    const void* dy;        // the gradient of y
    const void* d;         // the cotangent of du
    void* to;              // y; du; the cotangent of dy
    void* to_u;            // the cotangent of u
    const float* scale;    // [rows] or null: 1
    const float* noise;    // [images or 1, pixels] or null
    const float* strength; // [1], with noise
    const float* bias;     // [channels] or null
    const float* of_scale; // cotangents of the gradients for scale [rows], strength [1] and bias [channels]; null: 0
    const float* of_strength;
    const float* of_bias;
    float* sums;           // [3][parts][rows] or null: of dz, dz·noise, gain·dz·u; or [1][parts][rows]: of gain·dz·d
    u32 packs;             // of 16 bytes, or numbers where it is not vectorised
    u32 pixels;
    u32 channels;
    u32 images;
    u32 noise_stride;      // from one image's noise to the next
    u32 channels_last;
    u32 parts;
    float gain;
    float positive;
    float negative;
    float clamp;
};

// Where a pack lies. Without channels last a pack runs along the pixels, else along the channels.
struct Place
{
    u32 image;
    u32 channel;
    u32 pixel;
    u32 row;
};

template <int N> DEVICE Place place(const EpilogueArguments& a, u32 pack)
{
    Place p;
    u32 first = pack * N;
    if (a.channels_last)
    {
        u32 position = first / a.channels;
        p.channel = first - position * a.channels;
        p.image = position / a.pixels;
        p.pixel = position - p.image * a.pixels;
        p.row = p.image * a.channels + p.channel;
    }
    else
    {
        p.row = first / a.pixels;
        p.pixel = first - p.row * a.pixels;
        p.image = p.row / a.channels;
        p.channel = p.row - p.image * a.channels;
    }
    return p;
}

// The clamp as a number of the result's precision: what was clamped is known by it.
template <class T> DEVICE float bound(const EpilogueArguments& a)
{
    T rounded;
    narrow(a.clamp, rounded);
    return wide(rounded);
}

DEVICE float slope(const EpilogueArguments& a, float clamp, float y)
{
    return clamp > y && y > -clamp ? (y > 0 ? a.positive : a.negative) : 0;
}

DEVICE float noise_at(const EpilogueArguments& a, const Place& p, int k)
{
    return a.noise[p.image * a.noise_stride + p.pixel + (a.channels_last ? 0 : k)];
}

template <class T, int N> DEVICE void forward(const EpilogueArguments& a)
{
    u32 pack = thread_number();
    if (pack >= a.packs)
        return;
    Place p = place<N>(a, pack);
    float strength = a.noise ? *a.strength : 0, clamp = bound<T>(a);
    float x[N];
    load<T, N>(a.u, pack, x);
    UNROLL
    for (int k = 0; k < N; k++)
    {
        int along = a.channels_last ? k : 0;
        float z = fmaf(a.scale ? a.gain * a.scale[p.row + along] : a.gain, x[k], a.bias ? a.bias[p.channel + along] : 0);
        if (a.noise)
            z = fmaf(strength, noise_at(a, p, k), z);
        float y = z * (z > 0 ? a.positive : a.negative);
        // A NaN passes both.
        y = y > clamp ? clamp : y;
        x[k] = y < -clamp ? -clamp : y;
    }
    store<T, N>(a.to, pack, x);
}

// What a pack adds to its rows' sums.
template <int S, int N> struct Sums
{
    float of[S][N];
};

template <class T, int N> DEVICE void gradient_of_pack(const EpilogueArguments& a, u32 pack, const Place& p, Sums<3, N>& sums)
{
    float y[N], g[N], u[N], clamp = bound<T>(a);
    load<T, N>(a.y, pack, y);
    load<T, N>(a.dy, pack, g);
    if (a.u)
        load<T, N>(a.u, pack, u);
    UNROLL
    for (int k = 0; k < N; k++)
    {
        float dz = slope(a, clamp, y[k]) * g[k];
        sums.of[0][k] += dz;
        if (a.noise)
            sums.of[1][k] = fmaf(dz, noise_at(a, p, k), sums.of[1][k]);
        if (a.u)
            sums.of[2][k] = fmaf(a.gain * dz, u[k], sums.of[2][k]);
        g[k] = dz * (a.scale ? a.gain * a.scale[p.row + (a.channels_last ? k : 0)] : a.gain);
    }
    if (a.to)
        store<T, N>(a.to, pack, g);
}

template <class T, int N> DEVICE void tangent_of_pack(const EpilogueArguments& a, u32 pack, const Place& p, Sums<1, N>& sums)
{
    float y[N], g[N], u[N], d[N], x[N], clamp = bound<T>(a);
    load<T, N>(a.y, pack, y);
    load<T, N>(a.dy, pack, g);
    if (a.d)
        load<T, N>(a.d, pack, d);
    if (a.u)
        load<T, N>(a.u, pack, u);
    UNROLL
    for (int k = 0; k < N; k++)
    {
        int along = a.channels_last ? k : 0;
        float m = slope(a, clamp, y[k]), dz = m * g[k], c = a.of_scale ? a.of_scale[p.row + along] : 0;
        float t = a.of_bias ? a.of_bias[p.channel + along] : 0;
        if (a.of_strength)
            t = fmaf(*a.of_strength, noise_at(a, p, k), t);
        if (a.of_scale)
            t = fmaf(c * a.gain, u[k], t);
        if (a.d)
        {
            t = fmaf(a.scale ? a.gain * a.scale[p.row + along] : a.gain, d[k], t);
            sums.of[0][k] = fmaf(a.gain * dz, d[k], sums.of[0][k]);
        }
        g[k] = m * t;
        x[k] = c * a.gain * dz;
    }
    if (a.to)
        store<T, N>(a.to, pack, g);
    if (a.to_u)
        store<T, N>(a.to_u, pack, x);
}

enum { Threads = 256, PacksOfAThread = 4 };

// Adds the sums of a block's threads that share a row: those whose numbers have the same lower bits. In pairs, the nearer ones last.
template <int S, int N> DEVICE void add_threads(Sums<S, N>& sums, u32 lanes)
{
    SHARED float shared[Threads];
    UNROLL
    for (int s = 0; s < S; s++)
        UNROLL
        for (int k = 0; k < N; k++)
        {
            shared[threadIdx.x] = sums.of[s][k];
            __syncthreads();
            for (u32 half = Threads / 2; half >= lanes; half /= 2)
            {
                if (threadIdx.x < half)
                    shared[threadIdx.x] += shared[threadIdx.x + half];
                __syncthreads();
            }
            sums.of[s][k] = shared[threadIdx.x < lanes ? threadIdx.x : 0];
            __syncthreads();
        }
}

// Runs over a block's share of the packs and writes its parts of the sums.
// Pixels first: a block has one row and Threads·PacksOfAThread packs of it. Channels first: a block has some channels, a lane
// for each pack of them, and as many pixels as its threads reach.
template <int S, int N, class Pass> DEVICE void over_rows(const EpilogueArguments& a, Pass pass)
{
    Sums<S, N> sums;
    UNROLL
    for (int s = 0; s < S; s++)
        UNROLL
        for (int k = 0; k < N; k++)
            sums.of[s][k] = 0;
    u32 rows = a.images * a.channels;
    if (!a.channels_last)
    {
        u32 row = blockIdx.x / a.parts, part = blockIdx.x - row * a.parts, in_row = a.pixels / N;
        UNROLL
        for (int i = 0; i < PacksOfAThread; i++)
        {
            u32 at = (part * PacksOfAThread + i) * Threads + threadIdx.x;
            if (at < in_row)
            {
                u32 pack = row * in_row + at;
                pass(pack, place<N>(a, pack), sums);
            }
        }
        if (!a.sums)
            return;
        UNROLL
        for (int s = 0; s < S; s++)
            UNROLL
            for (int k = 1; k < N; k++)
                sums.of[s][0] += sums.of[s][k];
        Sums<S, 1> whole;
        UNROLL
        for (int s = 0; s < S; s++)
            whole.of[s][0] = sums.of[s][0];
        add_threads<S, 1>(whole, 1);
        if (threadIdx.x == 0)
            UNROLL
            for (int s = 0; s < S; s++)
                a.sums[(s * a.parts + part) * rows + row] = whole.of[s][0];
        return;
    }
    u32 packs = a.channels / N, lanes = 1;
    while (lanes < packs && lanes < 32)
        lanes *= 2;
    u32 groups = (packs + lanes - 1) / lanes, group = blockIdx.x % groups, rest = blockIdx.x / groups;
    u32 image = rest / a.parts, part = rest - image * a.parts;
    u32 lane = threadIdx.x % lanes, line = threadIdx.x / lanes, lines = Threads / lanes, channel = group * lanes + lane;
    UNROLL
    for (int i = 0; i < PacksOfAThread; i++)
    {
        u32 pixel = (part * PacksOfAThread + i) * lines + line;
        if (pixel < a.pixels && channel < packs)
        {
            u32 pack = (image * a.pixels + pixel) * packs + channel;
            pass(pack, place<N>(a, pack), sums);
        }
    }
    if (!a.sums)
        return;
    add_threads<S, N>(sums, lanes);
    if (threadIdx.x < lanes && channel < packs)
        UNROLL
        for (int s = 0; s < S; s++)
            UNROLL
            for (int k = 0; k < N; k++)
                a.sums[(s * a.parts + part) * rows + image * a.channels + channel * N + k] = sums.of[s][k];
}

template <class T, int N> struct GradientPass
{
    const EpilogueArguments& a;
    DEVICE_MEMBER void operator()(u32 pack, const Place& p, Sums<3, N>& sums) const { gradient_of_pack<T, N>(a, pack, p, sums); }
};

template <class T, int N> struct TangentPass
{
    const EpilogueArguments& a;
    DEVICE_MEMBER void operator()(u32 pack, const Place& p, Sums<1, N>& sums) const { tangent_of_pack<T, N>(a, pack, p, sums); }
};

#define EPILOGUE(T, name) \
    KERNEL(epilogue_forward_##name, EpilogueArguments) { forward<T, Width<T>::wide>(a); } \
    KERNEL(epilogue_forward_single_##name, EpilogueArguments) { forward<T, 1>(a); } \
    SYNCED_KERNEL(epilogue_gradient_##name, EpilogueArguments) { over_rows<3, Width<T>::wide>(a, GradientPass<T, Width<T>::wide>{a}); } \
    SYNCED_KERNEL(epilogue_gradient_single_##name, EpilogueArguments) { over_rows<3, 1>(a, GradientPass<T, 1>{a}); } \
    SYNCED_KERNEL(epilogue_tangent_##name, EpilogueArguments) { over_rows<1, Width<T>::wide>(a, TangentPass<T, Width<T>::wide>{a}); } \
    SYNCED_KERNEL(epilogue_tangent_single_##name, EpilogueArguments) { over_rows<1, 1>(a, TangentPass<T, 1>{a}); }

FOR_EACH_TYPE(EPILOGUE)
