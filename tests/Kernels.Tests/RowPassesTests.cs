namespace Atelier.Kernels.Tests;

public sealed unsafe class RowPassesTests
{
    private const int Images = 2, Channels = 3, Rows = Images * Channels;
    private const double Positive = 1.4, Negative = .28, Clamp = 1.1, Strength = .3;

    public static TheoryData<int, bool> Cases
    {
        get
        {
            var cases = new TheoryData<int, bool>();
            foreach (int pixels in new[] { 1, 3, 16, 25, 64, 1024, 1039, 5000 })
            {
                cases.Add(pixels, true);
                cases.Add(pixels, false);
            }
            return cases;
        }
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Forward_AnyRow_IsTheEpilogue(int pixels, bool full)
    {
        using var layer = new Layer(pixels, full);
        var bits = EveryWidth.SameBits(() =>
        {
            using Floats y = Floats.Of(layer.U.Span);
            RowPasses.Forward(in layer.Epilogue, Rows, y.Pointer, y.Pointer);
            return y.Bits();
        });
        for (int i = 0; i < bits.Length; i++)
            Assert.Equal(layer.Y(i), BitConverter.Int32BitsToSingle(bits[i]), 1e-6);
    }

    [Fact]
    public void Forward_NaN_StaysNaN()
    {
        using var layer = new Layer(37, true);
        layer.U.Span[5] = layer.U.Span[36] = float.NaN;
        using var y = new Floats(layer.U.Count);
        RowPasses.Forward(in layer.Epilogue, Rows, layer.U.Pointer, y.Pointer);
        Assert.Equal([5, 36], Enumerable.Range(0, (int)y.Count).Where(i => float.IsNaN(y.Pointer[i])));
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Backward_AnyRow_IsTheGradientAndItsSums(int pixels, bool full)
    {
        using var layer = new Layer(pixels, full);
        using Floats y = new(layer.U.Count), dy = Floats.Random(layer.U.Count, 9);
        RowPasses.Forward(in layer.Epilogue, Rows, layer.U.Pointer, y.Pointer);
        var bits = EveryWidth.SameBits(() =>
        {
            using Floats du = new(y.Count), dz = new(Rows), dzNoise = new(Rows), dzU = new(Rows);
            RowPasses.Backward(in layer.Epilogue, Rows, dy.Pointer, y.Pointer, du.Pointer, new(dz.Pointer, dzNoise.Pointer, dzU.Pointer));
            return [.. du.Bits(), .. dz.Bits(), .. dzNoise.Bits(), .. dzU.Bits()];
        });
        float Of(long i) => BitConverter.Int32BitsToSingle(bits[i]);
        for (int row = 0; row < Rows; row++)
        {
            double dz = 0, dzNoise = 0, dzU = 0;
            for (int p = 0; p < pixels; p++)
            {
                int i = (row * pixels) + p;
                double change = dy[i] * layer.Slope(i);
                Assert.Equal(layer.Scale(row) * change, Of(i), 1e-6);
                dz += change;
                dzNoise += change * layer.Noise(row, p);
                dzU += change * layer.U[i];
            }
            double tolerance = 1e-6 * Math.Sqrt(pixels) * 10;
            Assert.Equal(dz, Of(y.Count + row), tolerance);
            Assert.Equal(dzNoise, Of(y.Count + Rows + row), tolerance);
            Assert.Equal(dzU, Of(y.Count + (2 * Rows) + row), tolerance);
        }

        // What is not wanted is not written, and what is stays as it was.
        using Floats sum = new(Rows);
        RowPasses.Backward(in layer.Epilogue, Rows, dy.Pointer, y.Pointer, null, new(null, null, sum.Pointer));
        Assert.Equal(bits[((int)y.Count + (2 * Rows))..], sum.Bits());
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Tangent_AnyRow_IsTheDerivativeOfBackward(int pixels, bool full)
    {
        using var layer = new Layer(pixels, full);
        using Floats y = new(layer.U.Count), a = Floats.Random(layer.U.Count, 9), du = Floats.Random(layer.U.Count, 10), scale = Floats.Random(Rows, 11),
            bias = Floats.Random(Channels, 12);
        RowPasses.Forward(in layer.Epilogue, Rows, layer.U.Pointer, y.Pointer);
        var bits = EveryWidth.SameBits(() =>
        {
            using Floats result = new(y.Count), dot = new(Rows);
            RowPasses.Tangent(in layer.Epilogue, new(scale.Pointer, bias.Pointer, .7f), Rows, a.Pointer, du.Pointer, y.Pointer, result.Pointer, dot.Pointer);
            return [.. result.Bits(), .. dot.Bits()];
        });
        for (int row = 0; row < Rows; row++)
        {
            double dot = 0;
            for (int p = 0; p < pixels; p++)
            {
                int i = (row * pixels) + p;
                // u is found from y, which tells nothing of it where the clamp holds: the slope is 0 there.
                double z = (layer.Scale(row) * a[i]) + (scale[row] * layer.U[i]) + (.7 * layer.Noise(row, p)) + bias[row % Channels];
                Assert.Equal(layer.Slope(i) * z, BitConverter.Int32BitsToSingle(bits[i]), 1e-5);
                dot += du[i] * a[i];
            }
            Assert.Equal(dot, BitConverter.Int32BitsToSingle(bits[(int)y.Count + row]), 1e-5 * Math.Sqrt(pixels));
        }

        using Floats none = new(y.Count);
        RowPasses.Tangent(in layer.Epilogue, new(null, null, 0), Rows, null, null, y.Pointer, none.Pointer, null);
        Assert.All(none.Span.ToArray(), value => Assert.Equal(0, value));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(16)]
    [InlineData(1000)]
    [InlineData(3001)]
    public void Modulation_AnyRow_ScalesAndSums(int pixels)
    {
        int count = Rows * pixels;
        using Floats a = Floats.Random(count, 1), b = Floats.Random(count, 2), s = Floats.Random(Rows, 3), r = Floats.Random(Rows, 4);
        var bits = EveryWidth.SameBits(() =>
        {
            using Floats scaled = new(count), combined = new(count), inPlace = Floats.Of(a.Span), dot = new(Rows), dotAlone = new(Rows);
            RowPasses.Scale(a.Pointer, s.Pointer, scaled.Pointer, pixels, Rows);
            RowPasses.Combine(a.Pointer, s.Pointer, b.Pointer, r.Pointer, combined.Pointer, pixels, Rows);
            RowPasses.ScaleDot(inPlace.Pointer, s.Pointer, b.Pointer, inPlace.Pointer, dot.Pointer, pixels, Rows);
            RowPasses.Dot(a.Pointer, b.Pointer, dotAlone.Pointer, pixels, Rows);
            Assert.Equal(scaled.Bits(), inPlace.Bits());
            Assert.Equal(dotAlone.Bits(), dot.Bits());
            return [.. scaled.Bits(), .. combined.Bits(), .. dot.Bits()];
        });
        for (int i = 0; i < count; i++)
        {
            Assert.Equal(a[i] * s[i / pixels], BitConverter.Int32BitsToSingle(bits[i]), 1e-7);
            Assert.Equal((a[i] * s[i / pixels]) + (b[i] * r[i / pixels]), BitConverter.Int32BitsToSingle(bits[count + i]), 2e-7);
        }
        for (int row = 0; row < Rows; row++)
        {
            double dot = Enumerable.Range(row * pixels, pixels).Sum(i => a[i] * b[i]);
            Assert.Equal(dot, BitConverter.Int32BitsToSingle(bits[(2 * count) + row]), 2e-6 * Math.Sqrt(pixels));
        }
    }

    [Fact]
    public void SumOverImages_AnyOrder_IsTheSum()
    {
        using Floats x = Floats.Random(5 * 7, 1), sum = new(7);
        RowPasses.SumOverImages(x.Pointer, sum.Pointer, 5, 7);
        for (int c = 0; c < 7; c++)
            Assert.Equal((float)Enumerable.Range(0, 5).Sum(n => x[(n * 7) + c]), sum.Pointer[c]);
    }

    /// <summary>A layer's u and epilogue, and what becomes of them in float64.</summary>
    private sealed class Layer : IDisposable
    {
        private readonly Floats _scale = Floats.Random(Rows, 1), _bias = Floats.Random(Channels, 2), _noise;
        private readonly bool _full;
        private readonly int _pixels;

        public Layer(int pixels, bool full)
        {
            (_full, _pixels) = (full, pixels);
            _noise = Floats.Random(Images * pixels, 4);
            U = Floats.Random(Rows * pixels, 3);
            foreach (ref float s in _scale.Span)
                s += 2;
            Epilogue = new Epilogue
            {
                Channels = Channels, Pixels = pixels, Positive = (float)Positive, Negative = (float)Negative, Clamp = full ? (float)Clamp : float.PositiveInfinity,
                Bias = full ? _bias.Pointer : null, Scale = full ? _scale.Pointer : null, Noise = full ? _noise.Pointer : null, NoiseStride = pixels,
                Strength = (float)Strength,
            };
        }

        public readonly Epilogue Epilogue;

        public Floats U { get; }

        public double Scale(int row) => _full ? _scale[row] : 1;

        public double Noise(int row, int pixel) => _full ? _noise[(row / Channels * _pixels) + pixel] : 0;

        public double Z(int i)
        {
            int row = i / _pixels;
            return (Scale(row) * U[i]) + (Strength * Noise(row, i % _pixels)) + (_full ? _bias[row % Channels] : 0);
        }

        public double Y(int i) => Math.Clamp(Z(i) * (Z(i) > 0 ? Positive : Negative), _full ? -Clamp : double.MinValue, _full ? Clamp : double.MaxValue);

        public double Slope(int i) => Z(i) * (Z(i) > 0 ? Positive : Negative) is var y && _full && Math.Abs(y) >= Clamp ? 0 : Z(i) > 0 ? Positive : Negative;

        public void Dispose()
        {
            foreach (var floats in new[] { _scale, _bias, _noise, U })
                floats.Dispose();
        }
    }
}
