namespace Atelier.Kernels.Tests;

public sealed unsafe class FirFilterTests
{
    private static readonly double[] s_binomial = [1 / 8.0, 3 / 8.0, 3 / 8.0, 1 / 8.0];

    public static TheoryData<int, int, int, int, int, int, int, int, bool, double> Geometries => new()
    {
        { 1, 1, 1, 1, 1, 2, 0, 3, false, 1 },
        { 1, 1, 1, 1, 1, 1, 1, 1, false, 1 },
        { 1, 1, 1, 1, 2, 2, 2, 2, false, 4 },
        { 2, 2, 1, 1, 2, 1, 2, 1, false, 4 },
        { 1, 1, 2, 2, 1, 1, 1, 1, false, 1 },
        { 2, 1, 1, 2, 0, 1, 2, 0, false, 1 },
        { 3, 3, 2, 2, -1, 4, 2, -1, true, 1.7 },
        { 1, 1, 1, 1, -2, -1, -1, -2, false, 1 },
        { 2, 2, 2, 2, 3, 3, 2, 2, true, .5 },
        { 1, 1, 3, 4, 5, 9, 6, 7, false, 1 },
        { 4, 2, 1, 1, 9, -3, -2, 11, false, 2 },
    };

    [Theory]
    [MemberData(nameof(Geometries))]
    public void Run_AnyGeometry_IsZeroInsertionPaddingAndConvolution(
        int upX, int upY, int downX, int downY, int left, int right, int top, int bottom, bool flip, double gain)
    {
        var resampling = new Resampling(upX, upY, downX, downY);
        var padding = new Padding(left, right, top, bottom);
        var random = new Random(3);
        double[] RandomTaps(int count) => [.. Enumerable.Range(0, count).Select(_ => (random.NextDouble() * 2) - 1)];
        foreach (var (height, width) in new[] { (17, 21), (16, 16), (14, 40), (15, 67) })
        {
            foreach (double[] taps in new[] { s_binomial, RandomTaps(10), RandomTaps(1), RandomTaps(5) })
            {
                var outer = taps.SelectMany(a => taps.Select(b => a * b)).ToArray();
                Compare(FirFilter.Separable(taps, resampling, padding, flip, gain), outer, taps.Length, flip, gain, height, width);
                Compare(FirFilter.Planar(outer, taps.Length, resampling, padding, flip, gain), outer, taps.Length, flip, gain, height, width);
            }
            var planar = RandomTaps(12);
            Compare(FirFilter.Planar(planar, 3, resampling, padding, flip, gain), planar, 3, flip, gain, height, width);
        }
    }

    [Fact]
    public void Run_EveryWidth_IsTheSameSum()
    {
        for (int width = 1; width < 40; width++)
        {
            var filters = new[]
            {
                FirFilter.Separable(s_binomial, Resampling.Up(2), new(2, 1, 2, 1), gain: 4),
                FirFilter.Separable(s_binomial, Resampling.Down(2), new(1, 1, 1, 1)),
                FirFilter.Separable(s_binomial, Resampling.None, new(2, 2, 2, 2)),
            };
            foreach (var (filter, gain) in filters.Zip([4.0, 1, 1]))
            {
                if (filter.OutputWidth(width) > 0)
                    Compare(filter, [.. s_binomial.SelectMany(a => s_binomial.Select(b => a * b))], 4, false, gain, 5, width);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Geometries))]
    public void Adjoint_AnyGeometry_IsTheTranspose(
        int upX, int upY, int downX, int downY, int left, int right, int top, int bottom, bool flip, double gain)
    {
        const int Height = 19, Width = 23;
        var filter = FirFilter.Separable([.2, .5, -.3, .1, .7], new(upX, upY, downX, downY), new(left, right, top, bottom), flip, gain);
        var adjoint = filter.Adjoint(Height, Width);
        int height = filter.OutputHeight(Height), width = filter.OutputWidth(Width);
        Assert.Equal((Height, Width), (adjoint.OutputHeight(height), adjoint.OutputWidth(width)));
        using Floats x = Floats.Random(Height * Width, 1), y = Floats.Random(height * width, 2), fx = new(height * width), fy = new(Height * Width);
        filter.Run(1, Height, Width, x.Pointer, fx.Pointer, null);
        adjoint.Run(1, height, width, y.Pointer, fy.Pointer, null);
        Assert.Equal(fx.Dot(y), x.Dot(fy), 1e-4);
    }

    [Theory]
    [InlineData(16)]
    [InlineData(21)]
    public void Run_WithEpilogue_IsTheEpilogueOfTheFiltered(int size)
    {
        foreach (var filter in new[]
        {
            FirFilter.Separable(s_binomial, Resampling.Up(2), new(2, 1, 2, 1), gain: 4),
            FirFilter.Separable(s_binomial, Resampling.None, new(1, 1, 1, 1)),
            FirFilter.Planar([1, 2, 3, 4, 5, 7], 3, Resampling.Down(2), new(1, 1, 1, 1)),
        })
        {
            const int Images = 2, Channels = 3, Rows = Images * Channels;
            int width = filter.OutputWidth(size), height = filter.OutputHeight(size), pixels = width * height;
            using Floats x = Floats.Random(Rows * size * size, 1), u = new(Rows * pixels), expected = new(Rows * pixels), scale = Floats.Random(Rows, 2),
                noise = Floats.Random(Images * pixels, 3), bias = Floats.Random(Channels, 4);
            var epilogue = new Epilogue
            {
                Channels = Channels, Pixels = pixels, Scale = scale.Pointer, Noise = noise.Pointer, NoiseStride = pixels, Strength = .3f, Bias = bias.Pointer,
                Positive = 1.4f, Negative = .28f, Clamp = .9f,
            };
            filter.Run(Rows, size, size, x.Pointer, u.Pointer, null);
            RowPasses.Forward(in epilogue, Rows, u.Pointer, expected.Pointer);
            var bits = EveryWidth.SameBits(() =>
            {
                using var y = new Floats(Rows * pixels);
                var e = epilogue;
                filter.Run(Rows, size, size, x.Pointer, y.Pointer, &e);
                return y.Bits();
            });
            Assert.Equal(expected.Bits(), bits);
        }
    }

    [Fact]
    public void Planar_OuterProduct_IsOneTerm()
    {
        var rounded = s_binomial.SelectMany(a => s_binomial.Select(b => (double)(float)(a * b * 1.1))).ToArray();
        Assert.Equal(1, FirFilter.Planar(rounded, 4, Resampling.None, default).Terms);
        rounded[5] *= 1.001;
        Assert.Equal(4, FirFilter.Planar(rounded, 4, Resampling.None, default).Terms);
    }

    [Fact]
    public void Run_ImageTooSmall_SaysSo()
    {
        var filter = FirFilter.Separable(s_binomial, Resampling.None, default);
        using Floats x = new(4), y = new(4);
        Assert.Throws<ArgumentException>(() => filter.Run(1, 2, 2, x.Pointer, y.Pointer, null));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(65)]
    public void Separable_NoOrTooManyTaps_Throws(int taps) =>
        Assert.Throws<ArgumentException>(() => FirFilter.Separable(new double[taps], Resampling.None, default));

    private static void Compare(FirFilter filter, double[] taps, int columns, bool flip, double gain, int height, int width)
    {
        const int Planes = 3;
        int outHeight = filter.OutputHeight(height), outWidth = filter.OutputWidth(width);
        using var x = Floats.Random(Planes * height * width, 5);
        var bits = EveryWidth.SameBits(() =>
        {
            using var y = new Floats(Planes * outHeight * outWidth);
            filter.Run(Planes, height, width, x.Pointer, y.Pointer, null);
            return y.Bits();
        });
        var (up, pad) = (filter.Resampling, filter.Padding);
        int rows = taps.Length / columns;
        double largest = taps.Sum(Math.Abs) * gain;
        for (int p = 0, at = 0; p < Planes; p++)
        {
            for (int oy = 0; oy < outHeight; oy++)
            {
                for (int ox = 0; ox < outWidth; ox++, at++)
                {
                    double sum = 0;
                    for (int i = 0; i < rows; i++)
                    {
                        for (int j = 0; j < columns; j++)
                        {
                            int iy = (oy * up.DownY) - pad.Top + i, ix = (ox * up.DownX) - pad.Left + j;
                            if (iy < 0 || ix < 0 || iy % up.UpY != 0 || ix % up.UpX != 0 || iy / up.UpY >= height || ix / up.UpX >= width)
                                continue;
                            double tap = flip ? taps[(i * columns) + j] : taps[taps.Length - 1 - ((i * columns) + j)];
                            sum += tap * gain * x[(((long)p * height) + (iy / up.UpY)) * width + (ix / up.UpX)];
                        }
                    }
                    Assert.Equal(sum, BitConverter.Int32BitsToSingle(bits[at]), largest * 1e-6);
                }
            }
        }
    }
}
