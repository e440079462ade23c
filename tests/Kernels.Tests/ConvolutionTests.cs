using System.Runtime.InteropServices;

namespace Atelier.Kernels.Tests;

public sealed unsafe class ConvolutionTests
{
    // Relative errors of a sum of random products in float32: summed directly, and by Winograd's algorithm.
    private const double Rounding = 1e-6;
    private const double WinogradRounding = 4e-6;

    private static readonly ConvolutionShape[] _shapes =
    [
        new(1, 1, 1, 1, 1, 1, 1, 0), // one pixel
        new(2, 3, 5, 4, 4, 3, 1, 1),
        new(3, 17, 33, 4, 4, 3, 1, 1),
        new(2, 129, 40, 4, 4, 3, 1, 1), // the discriminator's last block has a channel more than any register divides
        new(1, 40, 65, 4, 4, 1, 1, 0),
        new(3, 5, 7, 8, 8, 3, 1, 1), // rows of half a register, one or two
        new(1, 5, 7, 16, 16, 3, 1, 1),
        new(2, 5, 7, 12, 2, 5, 1, 2), // taps two rows and columns away
        new(1, 3, 4, 4, 4, 9, 1, 4), // taps that see no pixel
        new(1, 2, 3, 4, 4, 16, 1, 8), // the largest kernel: a block of the depth is one channel
        new(2, 3, 33, 16, 24, 1, 1, 0), // fromRGB
        new(2, 33, 3, 9, 7, 1, 1, 0), // toRGB, odd sides
        new(1, 5, 7, 13, 11, 3, 1, 1),
        new(1, 5, 7, 13, 11, 5, 1, 2),
        new(1, 4, 6, 12, 10, 4, 1, 0),
        new(1, 4, 6, 9, 11, 3, 1, 0),
        new(1, 4, 6, 9, 11, 3, 1, 3), // padding beyond the kernel's half
        new(2, 6, 9, 9, 9, 3, 2, 0), // a down layer: 2n + 1 → n
        new(2, 6, 9, 10, 12, 3, 2, 0), // the last row and column meet no window
        new(1, 6, 9, 17, 17, 3, 2, 1),
        new(1, 4, 5, 9, 8, 1, 2, 0), // most pixels meet no window
        new(1, 4, 5, 14, 13, 5, 3, 1),
        new(1, 20, 20, 40, 37, 3, 1, 1), // several blocks of positions
        new(2, 300, 20, 5, 5, 3, 1, 1), // several blocks of the depth
    ];

    private static readonly ConvolutionShape[] _winogradShapes =
    [
        new(1, 32, 80, 24, 32, 3, 1, 1), // many tiles: the image streams, in several blocks and chunks
        new(5, 48, 32, 8, 16, 3, 1, 1),
        new(2, 32, 48, 8, 8, 3, 1, 1), // few tiles: the weights stream
        new(5, 48, 32, 4, 4, 3, 1, 1),
        new(1, 32, 48, 33, 49, 3, 2, 0),
        new(4, 32, 48, 17, 9, 3, 2, 0),
        new(5, 32, 32, 33, 33, 3, 2, 0), // several blocks of tiles
        new(1, 48, 32, 34, 34, 3, 2, 0), // the last row and column meet no window
    ];

    public static TheoryData<ConvolutionShape> Shapes => [.. _shapes];

    public static TheoryData<ConvolutionShape> WinogradShapes => [.. _winogradShapes];

    public static TheoryData<ConvolutionShape, WeightOrder, bool, bool> Cases()
    {
        var cases = new TheoryData<ConvolutionShape, WeightOrder, bool, bool>();
        foreach (var shape in _shapes)
        {
            cases.Add(shape, WeightOrder.OutputsFirst, false, false);
            cases.Add(shape, WeightOrder.InputsFirst, true, true);
            cases.Add(shape, WeightOrder.OutputsFirst, true, false);
            cases.Add(shape, WeightOrder.InputsFirst, false, true);
        }
        return cases;
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Maps_AnyShape_AreTheSumsInDoublesAtEveryWidth(ConvolutionShape shape, WeightOrder order, bool flip, bool scaled)
    {
        using var data = new ConvolutionCase(shape, order, flip, scaled);
        AssertClose(data.ForwardInDoubles(), AtEveryWidth(data.G.Count, y => data.Forward(y)));
        AssertClose(data.InputGradientInDoubles(), AtEveryWidth(data.X.Count, x => data.InputGradient(x)));
        AssertClose(data.WeightGradientInDoubles(), AtEveryWidth(data.W.Count, w => data.WeightGradient(w)));
    }

    public static TheoryData<ConvolutionShape, WeightOrder, bool> WinogradCases()
    {
        var cases = new TheoryData<ConvolutionShape, WeightOrder, bool>();
        foreach (var shape in _winogradShapes)
        {
            cases.Add(shape, WeightOrder.OutputsFirst, false);
            cases.Add(shape, WeightOrder.InputsFirst, true);
        }
        return cases;
    }

    [Theory]
    [MemberData(nameof(WinogradCases))]
    public void Maps_ShapeOfWinograd_TakeItAndRoundLittle(ConvolutionShape shape, WeightOrder order, bool flip)
    {
        Assert.True(Winograd.Convolves(shape));
        using var data = new ConvolutionCase(shape, order, flip, scaled: true);
        AssertClose(data.ForwardInDoubles(), AtEveryWidth(data.G.Count, y => data.Forward(y)), WinogradRounding);
        AssertClose(data.InputGradientInDoubles(), AtEveryWidth(data.X.Count, x => data.InputGradient(x)), WinogradRounding);
        AssertClose(data.WeightGradientInDoubles(), AtEveryWidth(data.W.Count, w => data.WeightGradient(w)), WinogradRounding);
    }

    [Fact]
    public void WeightGradient_LargeWeight_AgreesWithTheDirectSum()
    {
        // All tiles at once, for a few outputs at a time.
        var shape = new ConvolutionShape(2, 416, 176, 8, 8, 3, 1, 1);
        Assert.True(Winograd.Correlates(shape));
        using var data = new ConvolutionCase(shape, WeightOrder.InputsFirst);
        using var direct = new Floats(data.W.Count);
        data.WeightGradientDirectly(direct);
        double[] expected = [.. direct.Span.ToArray().Select(value => (double)value)];
        AssertClose(expected, AtEveryWidth(expected.Length, w => data.WeightGradient(w)), WinogradRounding);
    }

    [Theory]
    [InlineData(31)] // small networks feel its rounding
    [InlineData(40)]
    public void Convolves_OtherChannels_No(int channels) => Assert.False(Winograd.Convolves(new(8, channels, 64, 32, 32, 3, 1, 1)));

    [Theory]
    [MemberData(nameof(Shapes))]
    [MemberData(nameof(WinogradShapes))]
    [MemberData(nameof(ThinShapes))]
    public void Maps_WithEpilogue_ApplyItToTheirResult(ConvolutionShape shape)
    {
        using var data = new ConvolutionCase(shape, scaled: true);
        AssertFinished(shape.Samples, shape.Outputs, data.ForwardInDoubles(), (y, epilogue) => data.Forward(y, (Epilogue*)epilogue));
        AssertFinished(shape.Samples, shape.Inputs, data.InputGradientInDoubles(), (x, epilogue) => data.InputGradient(x, (Epilogue*)epilogue));
    }

    public static TheoryData<ConvolutionShape> ThinShapes =>
    [
        new ConvolutionShape(3, 40, 3, 24, 24, 1, 1, 0), // several blocks of positions, a ragged one last
        new ConvolutionShape(3, 3, 40, 24, 24, 1, 1, 0),
        new ConvolutionShape(5, 32, 3, 4, 4, 1, 1, 0), // several samples in a block
        new ConvolutionShape(5, 1, 33, 5, 3, 1, 1, 0),
        new ConvolutionShape(2, 300, 4, 8, 8, 1, 1, 0), // several blocks of the depth
        new ConvolutionShape(2, 2, 300, 7, 9, 1, 1, 0),
    ];

    [Theory]
    [MemberData(nameof(ThinShapes))]
    public void Maps_FewChannelsOnOneSide_HaveTheBitsOfTheDirectOnes(ConvolutionShape shape)
    {
        Assert.True(ThinConvolution<Vector256Lanes>.Takes(shape));
        foreach (bool scaled in (bool[])[false, true])
        {
            using var data = new ConvolutionCase(shape, scaled: scaled);
            Assert.Equal(Direct(data.G.Count, y => data.ForwardDirectly(y)), AtEveryWidth(data.G.Count, y => data.Forward(y)));
            Assert.Equal(Direct(data.X.Count, x => data.InputGradientDirectly(x)), AtEveryWidth(data.X.Count, x => data.InputGradient(x)));
            Assert.Equal(Direct(data.W.Count, w => data.WeightGradientDirectly(w)), AtEveryWidth(data.W.Count, w => data.WeightGradient(w)));
        }

        static float[] Direct(long count, Action<Floats> map)
        {
            using var result = new Floats(count);
            map(result);
            return result.Span.ToArray();
        }
    }

    public static TheoryData<ConvolutionShape> ShapesForThreads =>
    [
        new ConvolutionShape(3, 48, 80, 24, 24, 3, 1, 1),
        new ConvolutionShape(2, 32, 208, 8, 8, 3, 1, 1),
        new ConvolutionShape(2, 416, 176, 8, 8, 3, 1, 1),
        new ConvolutionShape(4, 48, 80, 33, 33, 3, 2, 0),
        new ConvolutionShape(3, 40, 70, 24, 24, 3, 1, 1),
        new ConvolutionShape(2, 70, 40, 33, 33, 3, 2, 0),
        new ConvolutionShape(1, 200, 300, 4, 4, 3, 1, 1),
        new ConvolutionShape(3, 80, 3, 48, 48, 1, 1, 0),
    ];

    [Theory]
    [MemberData(nameof(ShapesForThreads))]
    public void Maps_LargeShapes_HaveTheSameBitsAtEveryWidthAndOnThreeThreads(ConvolutionShape shape)
    {
        using var data = new ConvolutionCase(shape, scaled: true);
        AtEveryWidth(data.G.Count, y => data.Forward(y));
        AtEveryWidth(data.X.Count, x => data.InputGradient(x));
        AtEveryWidth(data.W.Count, w => data.WeightGradient(w));
    }

    [Theory]
    [InlineData(4)]
    [InlineData(8)]
    [InlineData(16)]
    public void Forward_PixelThatIsNaN_ReachesItsWindowsAlone(int size)
    {
        using var data = new ConvolutionCase(new(1, 1, 1, size, size, 3, 1, 1));
        data.X.Span[(2 * size) - 1] = float.NaN; // the end of the second row
        var y = AtEveryWidth(data.G.Count, y => data.Forward(y));
        for (int i = 0; i < y.Length; i++)
            Assert.Equal(i / size <= 2 && i % size >= size - 2, float.IsNaN(y[i]));
    }

    [Fact]
    public void Forward_KernelLargerThanTheImage_Refuses()
    {
        var shape = new ConvolutionShape(1, 1, 1, 2, 2, 3, 1, 0);
        Assert.Throws<ArgumentException>(() => Convolution.Forward(shape, null, null, null, WeightOrder.OutputsFirst, false, null, null));
    }

    // At every width, the portable one on three threads, into memory that holds NaN.
    private static float[] AtEveryWidth(long count, Action<Floats> map) => MemoryMarshal.Cast<int, float>(EveryWidth.SameBits(() =>
    {
        using var result = new Floats(count);
        map(result);
        return result.Bits();
    })).ToArray();

    private static void AssertFinished(int samples, int channels, double[] expected, Action<Floats, nint> map)
    {
        int pixels = expected.Length / samples / channels;
        using Floats scale = Floats.Random((long)samples * channels, 6), noise = Floats.Random((long)samples * pixels, 7), bias = Floats.Random(channels, 8);
        var epilogue = new Epilogue
        {
            Channels = channels,
            Pixels = pixels,
            Scale = scale.Pointer,
            Noise = noise.Pointer,
            NoiseStride = pixels,
            Strength = 0.5f,
            Bias = bias.Pointer,
            Positive = 1.5f,
            Negative = 0.25f,
            Clamp = 4,
        };
        for (int i = 0; i < expected.Length; i++)
        {
            int row = i / pixels, sample = row / channels;
            double z = (scale.Span[row] * expected[i]) + bias.Span[row % channels] + (0.5 * noise.Span[(sample * pixels) + (i % pixels)]);
            expected[i] = Math.Clamp(z * (z > 0 ? 1.5 : 0.25), -4, 4);
        }
        AssertClose(
            expected,
            AtEveryWidth(expected.Length, result =>
            {
                var copy = epilogue;
                map(result, (nint)(&copy));
            }),
            2 * WinogradRounding); // slopes and bounds take from the norm, not from the error
    }

    private static void AssertClose(double[] expected, float[] actual, double rounding = Rounding)
    {
        double error = 0, norm = 0;
        for (int i = 0; i < expected.Length; i++)
        {
            error += Math.Pow(expected[i] - actual[i], 2);
            norm += Math.Pow(expected[i], 2);
        }
        double relative = norm == 0 ? Math.Sqrt(error) : Math.Sqrt(error / norm);
        Assert.True(relative <= rounding, $"relative error {relative:g3}");
    }
}
