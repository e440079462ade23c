namespace Atelier.Kernels.Tests;

public sealed unsafe class AugmentationTests
{
    private static readonly double[] s_same = [1, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 1, 1, 1, 1, 0, .5, .5, 0];

    /// <summary>A stage alone, several sorts of geometry, and everything at once.</summary>
    private static readonly double[][] s_cases =
    [
        s_same,
        Turned(.4, 1, 0, 0),
        Turned(-2, .3, 3.3, -1.2), // enlarged
        Turned(1, 3, 0, 0), // made small: beyond the reflected border all is zero
        Geometry(-1, 0, 0, 0, 1, 0), // mirrored
        Geometry(0, 1, 2, -1, 0, -3), // a quarter turn, moved by whole pixels
        Geometry(1.2, .1, 500, 0, .8, 0), // moved out of sight
        Coloured(s_same),
        Filtered(s_same),
        Noisy(s_same),
        CutOut(s_same),
        CutOut(Noisy(Filtered(Coloured(Turned(.7, 1.3, 1.5, -.6))))),
    ];

    public static TheoryData<int, int, int> Sizes => new() { { 3, 16, 16 }, { 3, 24, 10 }, { 3, 4, 4 }, { 1, 5, 33 }, { 3, 1, 1 }, { 1, 1, 7 }, { 3, 40, 37 } };

    [Theory]
    [MemberData(nameof(Sizes))]
    public void Apply_EveryStage_IsThePlainComposition(int channels, int height, int width)
    {
        int elements = channels * height * width;
        var plan = AugmentationPlan.Create(channels, height, width, [.. s_cases.SelectMany(row => row)]);
        using Floats x = Floats.Random(s_cases.Length * elements, 1), noise = Floats.Random(s_cases.Length * elements, 2);
        foreach (var mode in new[] { AugmentationMode.Affine, AugmentationMode.Linear })
        {
            var bits = EveryWidth.SameBits(() =>
            {
                using var y = new Floats(x.Count);
                Augmentation.Apply(plan, mode, x.Pointer, noise.Pointer, y.Pointer);
                return y.Bits();
            });
            for (int n = 0; n < s_cases.Length; n++)
            {
                double[] image = [.. Enumerable.Range(n * elements, elements).Select(i => x[i])], added = [.. Enumerable.Range(n * elements, elements).Select(i => noise[i])];
                var expected = PlainAugmentation.Apply(s_cases[n], channels, height, width, image, added, mode == AugmentationMode.Affine);
                for (int i = 0; i < elements; i++)
                    Assert.Equal(expected[i], BitConverter.Int32BitsToSingle(bits[(n * elements) + i]), 2e-5);
            }
        }
    }

    [Theory]
    [MemberData(nameof(Sizes))]
    public void Adjoint_EveryStage_IsTheTranspose(int channels, int height, int width)
    {
        int elements = channels * height * width;
        foreach (double[] row in s_cases)
        {
            var plan = AugmentationPlan.Create(channels, height, width, row);
            using Floats x = Floats.Random(elements, 1), v = Floats.Random(elements, 2), ax = new(elements), av = new(elements);
            Augmentation.Apply(plan, AugmentationMode.Linear, x.Pointer, null, ax.Pointer);
            var bits = EveryWidth.SameBits(() =>
            {
                Augmentation.Apply(plan, AugmentationMode.Adjoint, v.Pointer, null, av.Pointer);
                return av.Bits();
            });
            Assert.Equal(elements, bits.Length);
            Assert.Equal(ax.Dot(v), x.Dot(av), 1e-5 * Math.Max(1, Math.Sqrt(ax.Dot(ax) * v.Dot(v))));
        }
    }

    [Fact]
    public void Apply_ABatch_IsItsImagesOneByOneWhateverWasInMemory()
    {
        const int Elements = 3 * 9 * 14;
        using Floats x = Floats.Random(s_cases.Length * Elements, 1), noise = Floats.Random(s_cases.Length * Elements, 2), nan = new(s_cases.Length * Elements),
            together = new(s_cases.Length * Elements);
        var plan = AugmentationPlan.Create(3, 9, 14, [.. s_cases.SelectMany(row => row)]);
        foreach (var mode in Enum.GetValues<AugmentationMode>())
        {
            // NaNs all over the scratch.
            Augmentation.Apply(plan, mode, nan.Pointer, nan.Pointer, together.Pointer);
            Augmentation.Apply(plan, mode, x.Pointer, noise.Pointer, together.Pointer);
            Assert.DoesNotContain(float.NaN, together.Span.ToArray());
            for (int n = 0; n < s_cases.Length; n++)
            {
                using var alone = new Floats(Elements);
                int at = n * Elements;
                Augmentation.Apply(AugmentationPlan.Create(3, 9, 14, s_cases[n]), mode, x.Pointer + at, noise.Pointer + at, alone.Pointer);
                Assert.Equal(alone.Span.ToArray(), together.Span.Slice(at, Elements).ToArray());
            }
        }
    }

    [Fact]
    public void Apply_WholePixels_MovesAndReflects()
    {
        const int Size = 12;
        using Floats x = Floats.Random(Size * Size, 1), y = new(Size * Size);
        // The result's pixel (x, y) is the image's (x + 3, y − 2).
        Augmentation.Apply(AugmentationPlan.Create(1, Size, Size, Geometry(1, 0, 3, 0, 1, -2)), AugmentationMode.Affine, x.Pointer, null, y.Pointer);
        for (int i = 0; i < Size; i++)
        {
            for (int j = 0; j < Size; j++)
                Assert.Equal(x[(AugmentationPlan.Reflect(i - 2, Size) * Size) + AugmentationPlan.Reflect(j + 3, Size)], y[(i * Size) + j], 2e-6);
        }
    }

    [Fact]
    public void Wavelet_IsOrthogonalWithSixVanishingMoments()
    {
        var w = AugmentationPlan.Wavelet;
        for (int shift = 0; shift < w.Length; shift += 2)
            Assert.Equal(shift == 0 ? 1 : 0, Enumerable.Range(0, w.Length - shift).Sum(k => 2 * w[k] * w[k + shift]), 1e-10);
        for (int moment = 0; moment < 6; moment++)
            Assert.Equal(0, Enumerable.Range(0, w.Length).Sum(k => (k % 2 == 0 ? 1 : -1) * Math.Pow(k - 5.5, moment) * w[k]), 1e-7 * Math.Pow(5.5, moment));
    }

    [Fact]
    public void FilterBank_AllBands_AddUpToTheIdentityAndKeepTheirOctave()
    {
        var bank = AugmentationPlan.FilterBank;
        Assert.All(bank, band => Assert.Equal(AugmentationPlan.BandTaps, band.Length));
        for (int k = 0; k < AugmentationPlan.BandTaps; k++)
            Assert.Equal(k == AugmentationPlan.BandTaps / 2 ? 1 : 0, bank.Sum(band => band[k]), 1e-12);
        for (int octave = 0; octave < bank.Length; octave++)
        {
            double frequency = octave == 0 ? 0 : Math.PI * Math.Pow(.5, 3.2 - octave);
            double Response(double[] band) => Enumerable.Range(0, band.Length).Sum(k => band[k] * Math.Cos(frequency * (k - (band.Length / 2))));
            Assert.Same(bank[octave], bank.MaxBy(Response));
        }
    }

    [Fact]
    public void Apply_Cutout_IsTheRectangleAndNoMore()
    {
        var row = s_same.ToArray();
        (row[23], row[24], row[25]) = (.25, .5, .5);
        using Floats x = Floats.Of([.. Enumerable.Repeat(1f, 64)]), y = new(64);
        Augmentation.Apply(AugmentationPlan.Create(1, 8, 8, row), AugmentationMode.Affine, x.Pointer, null, y.Pointer);
        for (int i = 0; i < 64; i++)
            Assert.Equal(i / 8 is >= 2 and < 6 && i % 8 < 4 ? 0 : 1, y[i]);
    }

    [Fact]
    public void Create_WrongArguments_Throws()
    {
        Assert.Throws<ArgumentException>(() => AugmentationPlan.Create(3, 8, 8, new double[27]));
        Assert.Throws<ArgumentException>(() => AugmentationPlan.Create(3, 0, 8, s_same));
        Assert.Throws<ArgumentException>(() => AugmentationPlan.Create(2, 8, 8, Coloured(s_same)));
        var plan = AugmentationPlan.Create(1, 1, 1, Noisy(s_same));
        Assert.True(plan.NeedsNoise);
        using Floats x = Floats.Random(1, 1), y = new(1);
        Assert.Throws<ArgumentException>(() => Augmentation.Apply(plan, AugmentationMode.Affine, x.Pointer, null, y.Pointer));
    }

    private static double[] Geometry(params double[] map) => [.. map, .. s_same[6..]];

    private static double[] Turned(double angle, double zoom, double x, double y) =>
        Geometry(zoom * Math.Cos(angle), -zoom * Math.Sin(angle), x, zoom * Math.Sin(angle), zoom * Math.Cos(angle), y);

    private static double[] Coloured(double[] row) => [.. row[..6], .9, .2, -.1, .05, -.3, 1.2, .1, -.2, .1, .4, .7, .3, .. row[18..]];

    private static double[] Filtered(double[] row) => [.. row[..18], .8, 1.3, .6, 1.7, .. row[22..]];

    private static double[] Noisy(double[] row) => [.. row[..22], .3, .. row[23..]];

    private static double[] CutOut(double[] row) => [.. row[..23], .3, .8, .5];
}

/// <summary>An image's augmentation step by step in float64, as its contract says it.</summary>
internal static class PlainAugmentation
{
    public static double[] Apply(double[] row, int channels, int height, int width, double[] image, double[] noise, bool constant)
    {
        var plan = AugmentationPlan.Create(channels, height, width, row);
        var step = plan.Images[0];
        var planes = Enumerable.Range(0, channels).Select(c => ToRows(image, c * height * width, height, width)).ToArray();
        if (step.Warp is { } warp)
            planes = [.. planes.Select(plane => Warp(plane, plan, warp))];
        if (step.Colour is { } m)
            planes = Recolour(planes, m, constant);
        if (step.BandFilter != null)
        {
            double[] band = [.. Enumerable.Range(0, AugmentationPlan.BandTaps).Select(k => Enumerable.Range(0, 4).Sum(b => row[18 + b] * AugmentationPlan.FilterBank[b][k]))];
            planes = [.. planes.Select(plane => Turn(FilterRows(Turn(FilterRows(plane, band)), band)))];
        }
        var result = planes.SelectMany(plane => plane.SelectMany(r => r)).ToArray();
        for (int i = 0; i < result.Length; i++)
        {
            int y = i / width % height, x = i % width;
            result[i] += constant ? row[22] * noise[i] : 0;
            if (Math.Abs(((x + .5) / width) - row[23]) < row[25] / 2 && Math.Abs(((y + .5) / height) - row[24]) < row[25] / 2)
                result[i] = 0;
        }
        return result;
    }

    private static double[][] ToRows(double[] values, int first, int height, int width) =>
        [.. Enumerable.Range(0, height).Select(y => values[(first + (y * width))..(first + ((y + 1) * width))])];

    private static double[][] Turn(double[][] plane) =>
        [.. Enumerable.Range(0, plane[0].Length).Select(x => plane.Select(r => r[x]).ToArray())];

    private static double[] Pad(double[] row, int before, int behind) =>
        [.. Enumerable.Range(-before, row.Length + before + behind).Select(i => row[AugmentationPlan.Reflect(i, row.Length)])];

    private static double[][] FilterRows(double[][] plane, double[] taps) => [.. plane.Select(row =>
    {
        var padded = Pad(row, taps.Length / 2, taps.Length / 2);
        return Enumerable.Range(0, row.Length).Select(o => taps.Select((tap, k) => tap * padded[o + k]).Sum()).ToArray();
    })];

    /// <summary>Σ taps[k]·row[(o·down − pad + k) / up] for each o, zeros outside; the taps as they are.</summary>
    private static double[] Resample(double[] row, double[] taps, int up, int down, int before, int behind)
    {
        int count = ((row.Length * up) + before + behind - taps.Length) / down + 1;
        double At(int i) => i % up == 0 && i >= 0 && i / up < row.Length ? row[i / up] : 0;
        return [.. Enumerable.Range(0, count).Select(o => taps.Select((tap, k) => tap * At((o * down) - before + k)).Sum())];
    }

    private static double[][] Warp(double[][] plane, AugmentationPlan plan, WarpPlan warp)
    {
        double[] twice = [.. AugmentationPlan.Wavelet.Reverse().Select(tap => 2 * tap)];
        double[][] Rows(double[][] image, Func<double[], double[]> map) => [.. image.Select(map)];
        var padded = Turn(Rows(Turn(Rows(plane, row => Pad(row, warp.Left, warp.Right))), row => Pad(row, warp.Top, warp.Bottom)));
        var large = Turn(Rows(Turn(Rows(padded, row => Resample(row, twice, 2, 1, 6, 5))), row => Resample(row, twice, 2, 1, 6, 5)));
        var p = warp.Position;
        double At(int y, int x) => y >= 0 && y < large.Length && x >= 0 && x < large[0].Length ? large[y][x] : 0;
        var samples = Enumerable.Range(0, plan.SampleRows).Select(i => Enumerable.Range(0, plan.SampleColumns).Select(j =>
        {
            double px = (p[0] * j) + (p[1] * i) + p[2], py = (p[3] * j) + (p[4] * i) + p[5];
            double fx = px - Math.Floor(px), fy = py - Math.Floor(py);
            int x = (int)Math.Floor(px), y = (int)Math.Floor(py);
            return ((1 - fy) * (((1 - fx) * At(y, x)) + (fx * At(y, x + 1)))) + (fy * (((1 - fx) * At(y + 1, x)) + (fx * At(y + 1, x + 1))));
        }).ToArray()).ToArray();
        return Turn(Rows(Turn(Rows(samples, row => Resample(row, AugmentationPlan.Wavelet, 1, 2, -1, -1))), row => Resample(row, AugmentationPlan.Wavelet, 1, 2, -1, -1)));
    }

    private static double[][][] Recolour(double[][][] planes, double[] m, bool constant)
    {
        if (planes.Length == 1)
        {
            double gain = new[] { 0, 1, 2, 4, 5, 6, 8, 9, 10 }.Sum(i => m[i]) / 3, offset = constant ? (m[3] + m[7] + m[11]) / 3 : 0;
            return [[.. planes[0].Select(row => row.Select(v => (gain * v) + offset).ToArray())]];
        }
        return [.. Enumerable.Range(0, 3).Select(c => planes[0].Select((row, y) => row.Select((_, x) =>
            (m[4 * c] * planes[0][y][x]) + (m[(4 * c) + 1] * planes[1][y][x]) + (m[(4 * c) + 2] * planes[2][y][x]) + (constant ? m[(4 * c) + 3] : 0)).ToArray()).ToArray())];
    }
}
