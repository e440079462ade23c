// The parts of an augmentation's geometry that move pixels (Karras et al. 2020, ADA, appendix B): reflected borders, and bilinear
// samples along an affine grid; both are linear, and each has its adjoint. Adjoints gather: a number is the sum of all that it
// went to, in one order, so that no two threads add to the same place.

// Of an image: margins that it has of the reflected border (the rest of the padding is 0), as pixels from its own first.
struct Margins
{
    int left;
    int right;
    int top;
    int bottom;
};

struct ReflectArguments
{
    const void* x;
    void* y;
    const Margins* margins; // [images]
    u32 threads;
    u32 channels;
    int height; // of the image
    int width;
    int left; // of the padded one: at least all margins
    int right;
    int top;
    int bottom;
};

// Both reflect without repeating the border's pixels, any number of times.
DEVICE int period(int size) { return size > 1 ? 2 * (size - 1) : 1; }

DEVICE int modulo(int a, int b) { return (a % b + b) % b; }

DEVICE int reflect(int i, int size)
{
    int phase = modulo(i, period(size));
    return phase < size ? phase : period(size) - phase;
}

template <class T> DEVICE void pad_reflected(const ReflectArguments& a)
{
    u32 thread = thread_number();
    if (thread >= a.threads)
        return;
    u32 width = a.left + a.width + a.right, height = a.top + a.height + a.bottom;
    u32 plane = thread / (width * height), rest = thread - plane * width * height;
    int y = (int)(rest / width) - a.top, x = (int)(rest % width) - a.left;
    Margins m = a.margins[plane / a.channels];
    float value[1] = {0};
    if (x >= -m.left && x < a.width + m.right && y >= -m.top && y < a.height + m.bottom)
        load<T, 1>(a.x, plane * (u32)(a.width * a.height) + (u32)(reflect(y, a.height) * a.width + reflect(x, a.width)), value);
    store<T, 1>(a.y, thread, value);
}

// The padded places that show pixel i are i and −i and all that are whole periods away. Of one kind, the first that is not before −margin.
DEVICE int first_place(int i, int size, int margin) { return modulo(i + margin, period(size)) - margin; }

// −i is another kind than i, but for the pixels that the reflection goes through.
DEVICE int kinds(int i, int size) { return modulo(2 * i, period(size)) == 0 ? 1 : 2; }

template <class T> DEVICE void fold_reflected(const ReflectArguments& a)
{
    u32 thread = thread_number();
    if (thread >= a.threads)
        return;
    u32 pixels = (u32)(a.width * a.height), plane = thread / pixels, rest = thread - plane * pixels;
    u32 width = a.left + a.width + a.right, height = a.top + a.height + a.bottom;
    Margins m = a.margins[plane / a.channels];
    int row = (int)(rest / (u32)a.width), column = (int)(rest % (u32)a.width);
    float sum[1] = {0};
    for (int i = 0; i < kinds(row, a.height); i++)
        for (int y = first_place(i ? -row : row, a.height, m.top); y < a.height + m.bottom; y += period(a.height))
            for (int j = 0; j < kinds(column, a.width); j++)
                for (int x = first_place(j ? -column : column, a.width, m.left); x < a.width + m.right; x += period(a.width))
                {
                    float value[1];
                    load<T, 1>(a.x, plane * width * height + (u32)(y + a.top) * width + (u32)(x + a.left), value);
                    sum[0] += value[0];
                }
    store<T, 1>(a.y, thread, sum);
}

// Sample (row i, column j) lies at x = p[0]·j + p[1]·i + p[2], y = p[3]·j + p[4]·i + p[5] of an image's own part of a plane,
// which begins at (shift_x, shift_y) and has width·height pixels; what lies outside of it counts as 0.
struct Warp
{
    double p[6];
    int shift_x;
    int shift_y;
    int width;
    int height;
};

struct SampleArguments
{
    const void* x;
    void* y;
    const Warp* warps; // [images]
    u32 threads;
    u32 channels;
    int height; // of a plane
    int width;
    int sample_rows;
    int sample_columns;
};

// A sample's corner and its distances from it.
struct Sample
{
    int column;
    int line;
    float x;
    float y;
};

DEVICE Sample locate(const Warp& w, int i, int j)
{
    double x = fma(w.p[0], (double)j, fma(w.p[1], (double)i, w.p[2])), y = fma(w.p[3], (double)j, fma(w.p[4], (double)i, w.p[5]));
    // Far outside is as far as just outside.
    x = fmin(fmax(x, -2.0), (double)w.width + 1);
    y = fmin(fmax(y, -2.0), (double)w.height + 1);
    double column = floor(x), line = floor(y);
    return Sample{(int)column, (int)line, (float)(x - column), (float)(y - line)};
}

DEVICE bool is_inside(const Warp& w, int column, int line) { return column >= 0 && column < w.width && line >= 0 && line < w.height; }

template <class T> DEVICE void read_samples(const SampleArguments& a)
{
    u32 thread = thread_number();
    if (thread >= a.threads)
        return;
    u32 samples = (u32)(a.sample_rows * a.sample_columns), plane = thread / samples, rest = thread - plane * samples;
    const Warp& w = a.warps[plane / a.channels];
    Sample s = locate(w, (int)(rest / (u32)a.sample_columns), (int)(rest % (u32)a.sample_columns));
    float sum[1] = {0};
    for (int dy = 0; dy < 2; dy++)
        for (int dx = 0; dx < 2; dx++)
            if (is_inside(w, s.column + dx, s.line + dy))
            {
                float value[1];
                load<T, 1>(a.x, plane * (u32)(a.width * a.height) + (u32)((s.line + dy + w.shift_y) * a.width + s.column + dx + w.shift_x), value);
                sum[0] = fmaf((dx ? s.x : 1 - s.x) * (dy ? s.y : 1 - s.y), value[0], sum[0]);
            }
    store<T, 1>(a.y, thread, sum);
}

// The samples that may meet a pixel: those of the square around it, brought back through the map, with one to spare.
template <class T> DEVICE void add_samples(const SampleArguments& a)
{
    u32 thread = thread_number();
    if (thread >= a.threads)
        return;
    u32 pixels = (u32)(a.width * a.height), plane = thread / pixels, rest = thread - plane * pixels;
    const Warp& w = a.warps[plane / a.channels];
    int column = (int)(rest % (u32)a.width) - w.shift_x, line = (int)(rest / (u32)a.width) - w.shift_y;
    float sum[1] = {0};
    if (is_inside(w, column, line))
    {
        int first_i = 0, last_i = a.sample_rows - 1, first_j = 0, last_j = a.sample_columns - 1;
        double determinant = w.p[0] * w.p[4] - w.p[1] * w.p[3];
        if (determinant != 0)
        {
            double x = column - w.p[2], y = line - w.p[5];
            double j = (w.p[4] * x - w.p[1] * y) / determinant, reach_j = (fabs(w.p[4]) + fabs(w.p[1])) / fabs(determinant);
            double i = (w.p[0] * y - w.p[3] * x) / determinant, reach_i = (fabs(w.p[0]) + fabs(w.p[3])) / fabs(determinant);
            first_i = (int)fmax(first_i, floor(i - reach_i) - 1);
            last_i = (int)fmin(last_i, ceil(i + reach_i) + 1);
            first_j = (int)fmax(first_j, floor(j - reach_j) - 1);
            last_j = (int)fmin(last_j, ceil(j + reach_j) + 1);
        }
        for (int i = first_i; i <= last_i; i++)
            for (int j = first_j; j <= last_j; j++)
            {
                Sample s = locate(w, i, j);
                int dx = column - s.column, dy = line - s.line;
                if (dx < 0 || dx > 1 || dy < 0 || dy > 1)
                    continue;
                float value[1];
                load<T, 1>(a.x, plane * (u32)(a.sample_rows * a.sample_columns) + (u32)(i * a.sample_columns + j), value);
                sum[0] = fmaf((dx ? s.x : 1 - s.x) * (dy ? s.y : 1 - s.y), value[0], sum[0]);
            }
    }
    store<T, 1>(a.y, thread, sum);
}

#define AUGMENTATION(T, name) \
    KERNEL(augmentation_pad_##name, ReflectArguments) { pad_reflected<T>(a); } \
    KERNEL(augmentation_fold_##name, ReflectArguments) { fold_reflected<T>(a); } \
    KERNEL(augmentation_read_##name, SampleArguments) { read_samples<T>(a); } \
    KERNEL(augmentation_add_##name, SampleArguments) { add_samples<T>(a); }

FOR_EACH_TYPE(AUGMENTATION)
