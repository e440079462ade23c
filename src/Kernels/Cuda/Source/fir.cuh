// Up-, fir-, downsampling (Karras et al. 2019, 2020: upfirdn2d): output o of an axis is Σ over taps k of taps[k]·input[(o·down − pad + k)/up],
// where that index is whole and inside. Filters are Σ over terms of column ⊗ row.

enum { MostTaps = 12, Strip = 8 };

struct FirArguments
{
    const void* x;
    void* y;
    const float* column_taps; // [terms, rows] of the general filter
    const float* row_taps;    // [terms, columns]
    u32 threads;
    u32 channels;
    u32 images;
    u32 channels_last;
    int height;
    int width;
    int output_height;
    int output_width;
    int pad_left;
    int pad_top;
    int up_x;
    int up_y;
    int down_x;
    int down_y;
    int rows;
    int columns;
    int terms;
    float column[MostTaps]; // of a filter with one term
    float row[MostTaps];
};

// The distance of neighbours in memory.
struct Strides
{
    u32 column;
    u32 line;
    u32 channel;
    u32 image;
};

DEVICE Strides strides(const FirArguments& a, int height, int width)
{
    u32 pixels = (u32)height * (u32)width;
    return a.channels_last ? Strides{a.channels, (u32)width * a.channels, 1, pixels * a.channels} : Strides{1, (u32)width, pixels, pixels * a.channels};
}

// One term, the same factors on both axes, all known to the compiler. A thread computes a strip of a column of the result for
// N channels: each line of the image it meets is filtered along the row once, and added to the results that it is part of.
// Neighbouring threads read neighbouring numbers: along the row, or along the channels where these come last.
template <class T, int N, int Up, int Down, int Taps> DEVICE void strip(const FirArguments& a)
{
    u32 thread = thread_number();
    if (thread >= a.threads)
        return;
    u32 strips = ((u32)a.output_height + Strip - 1) / Strip, packs = a.channels / N, channel, column, from;
    if (a.channels_last)
    {
        u32 rest = thread / packs;
        channel = thread - rest * packs;
        u32 next = rest / (u32)a.output_width;
        column = rest - next * (u32)a.output_width;
        rest = next / strips;
        from = next - rest * strips;
        thread = rest;
    }
    else
    {
        u32 rest = thread / (u32)a.output_width;
        column = thread - rest * (u32)a.output_width;
        u32 next = rest / strips;
        from = rest - next * strips;
        thread = next / packs;
        channel = next - thread * packs;
    }
    u32 image = thread;
    Strides in = strides(a, a.height, a.width), out = strides(a, a.output_height, a.output_width);

    int start_x = (int)column * Down - a.pad_left, first_x = ceil_divide(start_x, Up), phase_x = first_x * Up - start_x;
    int start_y = (int)from * Strip * Down - a.pad_top, first_y = ceil_divide(start_y, Up), phase_y = first_y * Up - start_y;
    const int Along = (Taps + Up - 1) / Up, Lines = ((Strip - 1) * Down + Taps + Up - 1) / Up;
    float sums[Strip][N];
    UNROLL
    for (int o = 0; o < Strip; o++)
        UNROLL
        for (int k = 0; k < N; k++)
            sums[o][k] = 0;
    UNROLL
    for (int r = 0; r < Lines; r++)
    {
        int line = first_y + r;
        if (line < 0 || line >= a.height)
            continue;
        float filtered[N];
        UNROLL
        for (int k = 0; k < N; k++)
            filtered[k] = 0;
        UNROLL
        for (int t = 0; t < Along; t++)
        {
            int tap = phase_x + t * Up, at = first_x + t;
            if (tap < Taps && at >= 0 && at < a.width)
            {
                float x[N];
                load<T, N>(a.x, (image * in.image + channel * N * in.channel + (u32)line * in.line + (u32)at * in.column) / N, x);
                UNROLL
                for (int k = 0; k < N; k++)
                    filtered[k] = fmaf(a.row[tap], x[k], filtered[k]);
            }
        }
        UNROLL
        for (int o = 0; o < Strip; o++)
        {
            int tap = phase_y + r * Up - o * Down;
            if (tap >= 0 && tap < Taps)
                UNROLL
                for (int k = 0; k < N; k++)
                    sums[o][k] = fmaf(a.column[tap], filtered[k], sums[o][k]);
        }
    }
    UNROLL
    for (int o = 0; o < Strip; o++)
    {
        u32 line = from * Strip + o;
        if (line < (u32)a.output_height)
            store<T, N>(a.y, (image * out.image + channel * N * out.channel + line * out.line + column * out.column) / N, sums[o]);
    }
}

// Any filter: a thread computes one number.
template <class T> DEVICE void any_filter(const FirArguments& a)
{
    u32 thread = thread_number();
    if (thread >= a.threads)
        return;
    u32 channel, column, line, image, rest = thread;
    if (a.channels_last)
    {
        channel = rest % a.channels;
        rest /= a.channels;
    }
    column = rest % (u32)a.output_width;
    rest /= (u32)a.output_width;
    line = rest % (u32)a.output_height;
    rest /= (u32)a.output_height;
    if (!a.channels_last)
    {
        channel = rest % a.channels;
        rest /= a.channels;
    }
    image = rest;
    Strides in = strides(a, a.height, a.width);
    int start_x = (int)column * a.down_x - a.pad_left, first_x = ceil_divide(start_x, a.up_x);
    int start_y = (int)line * a.down_y - a.pad_top, first_y = ceil_divide(start_y, a.up_y);
    float sum = 0;
    for (int term = 0; term < a.terms; term++)
        for (int y = first_y, k = first_y * a.up_y - start_y; k < a.rows; y++, k += a.up_y)
        {
            float column_tap = a.column_taps[term * a.rows + k];
            if (y < 0 || y >= a.height || column_tap == 0)
                continue;
            float filtered = 0;
            for (int x = first_x, j = first_x * a.up_x - start_x; j < a.columns; x++, j += a.up_x)
                if (x >= 0 && x < a.width)
                {
                    float number[1];
                    load<T, 1>(a.x, image * in.image + channel * in.channel + (u32)y * in.line + (u32)x * in.column, number);
                    filtered = fmaf(a.row_taps[term * a.columns + j], number[0], filtered);
                }
            sum = fmaf(column_tap, filtered, sum);
        }
    float result[1] = {sum};
    store<T, 1>(a.y, thread, result);
}

// The networks' filter of four taps and the augmentations' of twelve; packs along the channels where these come last.
#define FIR_SHAPE(T, name, up, down, taps) \
    KERNEL(fir_up##up##_down##down##_taps##taps##_##name, FirArguments) { strip<T, 1, up, down, taps>(a); } \
    KERNEL(fir_up##up##_down##down##_taps##taps##_packs_##name, FirArguments) { strip<T, Width<T>::wide, up, down, taps>(a); }

#define FIR(T, name) \
    FIR_SHAPE(T, name, 1, 1, 4) \
    FIR_SHAPE(T, name, 2, 1, 4) \
    FIR_SHAPE(T, name, 1, 2, 4) \
    FIR_SHAPE(T, name, 2, 1, 12) \
    FIR_SHAPE(T, name, 1, 2, 12) \
    KERNEL(fir_any_##name, FirArguments) { any_filter<T>(a); }

FOR_EACH_TYPE(FIR)
