using Atelier.Core.Randomness;
using Atelier.Core.Specs;
using Atelier.Training.Augmentation;

namespace Atelier.Training.Tests.Augmentation;

/// <summary>Probabilities and distributions of appendix B, counted over many draws.</summary>
public sealed class ImageAugmentationTests
{
    private const int Count = 20000;
    private const double P = 0.4;

    // Five deviations of a frequency near one half.
    private const double Tolerance = 0.018;

    private static readonly DrawKey Key = new(3, 0, DrawPurpose.Augmentation, Iteration: 5, Phase: 1, Index: 2);

    public static TheoryData<AugmentationTransforms> Single => [.. Enum.GetValues<AugmentationTransforms>().Where(transform => transform != AugmentationTransforms.None)];

    [Theory]
    [MemberData(nameof(Single))]
    public void Draw_EachTransform_ChangesAsManyImagesAsPSays(AugmentationTransforms transform)
    {
        // Half of the flips and a quarter of the quarter turns are none; filters have four bands.
        double expected = transform switch
        {
            AugmentationTransforms.XFlip or AugmentationTransforms.LumaFlip => P / 2,
            AugmentationTransforms.Rotate90 => P * 3 / 4,
            AugmentationTransforms.Filter => 1 - Math.Pow(1 - P, 4),
            _ => P,
        };

        Assert.Equal(expected, Images(transform).Count(IsChanged) / (double)Count, Tolerance);
    }

    [Fact]
    public void Draw_TwoRotations_AreIndependentAndTogetherAsLikelyAsP()
    {
        var turned = Images(AugmentationTransforms.Rotate | AugmentationTransforms.AnisotropicScale);
        // Without stretching the two rotations cannot be told apart; a stretched image is turned before, after, both or not.
        Assert.Equal(P, turned.Count(image => Math.Abs(image.Geometry.B) + Math.Abs(image.Geometry.C) > 0) / (double)Count, Tolerance);
    }

    [Fact]
    public void Draw_Scales_AreLogNormalWithTheirDeviation()
    {
        var scales = Images(AugmentationTransforms.Scale).Where(IsChanged).Select(image => Math.Log2(image.Geometry.A)).ToList();
        Assert.Equal((0, 0.2), (scales.Average(), Math.Sqrt(scales.Average(scale => scale * scale))), Near(0.01));
        var stretches = Images(AugmentationTransforms.AnisotropicScale).Where(IsChanged).ToList();
        Assert.All(stretches, image => Assert.Equal(1, image.Geometry.A * image.Geometry.D, 12));
        Assert.Equal(0.2, Math.Sqrt(stretches.Average(image => Math.Pow(Math.Log2(image.Geometry.A), 2))), 0.01);
    }

    [Fact]
    public void Draw_Translations_AreInPixelsOfTheirAxis()
    {
        var whole = Images(AugmentationTransforms.IntegerTranslation).Where(IsChanged).Select(image => image.Geometry).ToList();
        Assert.All(whole, map => Assert.Equal((Math.Round(map.X), Math.Round(map.Y)), (map.X, map.Y)));
        Assert.Equal((8, 4), (whole.Max(map => Math.Abs(map.X)), whole.Max(map => Math.Abs(map.Y)))); // an eighth of 64 × 32
        var any = Images(AugmentationTransforms.FractionalTranslation).Where(IsChanged).Select(image => image.Geometry).ToList();
        Assert.Equal((8, 4), (Math.Sqrt(any.Average(map => map.X * map.X)), Math.Sqrt(any.Average(map => map.Y * map.Y))), Near(0.3));
    }

    [Fact]
    public void Draw_Angles_AreUniformOverTheCircle()
    {
        var angles = Images(AugmentationTransforms.Rotate, 1).Select(image => Math.Atan2(image.Geometry.C, image.Geometry.A)).ToList();
        foreach (int quarter in Enumerable.Range(-2, 4))
            Assert.Equal(0.25, angles.Count(angle => angle >= quarter * Math.PI / 2 && angle < (quarter + 1) * Math.PI / 2) / (double)Count, Tolerance);
    }

    [Fact]
    public void Draw_Filter_KeepsThePowerOfAnImageWithTheExpectedSpectrum()
    {
        double[] expected = [10 / 13.0, 1 / 13.0, 1 / 13.0, 1 / 13.0];
        var one = Images(AugmentationTransforms.Filter, 0.05).Where(IsChanged).ToList();
        // Where a single band was amplified the others share one gain, and the power is as before.
        var single = one.Where(image => image.BandGains.Distinct().Count() == 2 && image.BandGains.GroupBy(gain => gain).Any(group => group.Count() == 3)).ToList();
        Assert.True(single.Count > one.Count / 2);
        Assert.All(single, image => Assert.Equal(1, image.BandGains.Zip(expected, (gain, power) => gain * gain * power).Sum(), 9));
    }

    [Fact]
    public void Draw_NoiseAndCutout_HaveTheirSizes()
    {
        var noise = Images(AugmentationTransforms.Noise).Where(IsChanged).Select(image => image.NoiseDeviation).ToList();
        Assert.All(noise, deviation => Assert.True(deviation > 0));
        Assert.Equal(0.1, Math.Sqrt(noise.Average(deviation => deviation * deviation)), 0.003);
        var cutouts = Images(AugmentationTransforms.Cutout).Where(IsChanged).Select(image => image.Cutout).ToList();
        Assert.All(cutouts, cutout => Assert.Equal(0.5, cutout.Side));
        Assert.Equal((0.5, 0.5), (cutouts.Average(cutout => cutout.X), cutouts.Average(cutout => cutout.Y)), Near(Tolerance));
    }

    [Fact]
    public void Draw_AnotherPipe_KeepsTheNumbersOfWhatBothHave()
    {
        var few = Images(AugmentationTransforms.Brightness);
        var all = Images(AugmentationPipe.Bgcfnc.Transforms() & ~(AugmentationTransforms.Contrast | AugmentationTransforms.LumaFlip | AugmentationTransforms.Hue | AugmentationTransforms.Saturation));
        Assert.Equal(few.Select(image => image.Colour[0, 3]), all.Select(image => image.Colour[0, 3]));
    }

    [Fact]
    public void Draw_GreyImages_HaveNeitherHueNorSaturation() =>
        Assert.DoesNotContain(Images(AugmentationTransforms.Hue | AugmentationTransforms.Saturation, 1, channels: 1), IsChanged);

    [Theory]
    [InlineData(AugmentationPipe.Bg, AugmentationPipe.Blit, AugmentationPipe.Geom)]
    [InlineData(AugmentationPipe.Bgc, AugmentationPipe.Bg, AugmentationPipe.Color)]
    [InlineData(AugmentationPipe.Bgcf, AugmentationPipe.Bgc, AugmentationPipe.Filter)]
    [InlineData(AugmentationPipe.Bgcfn, AugmentationPipe.Bgcf, AugmentationPipe.Noise)]
    [InlineData(AugmentationPipe.Bgcfnc, AugmentationPipe.Bgcfn, AugmentationPipe.Cutout)]
    public void Transforms_OfACombinedPipe_AreThoseOfItsParts(AugmentationPipe whole, AugmentationPipe first, AugmentationPipe second) =>
        Assert.Equal(whole.Transforms(), first.Transforms() | second.Transforms());

    private static List<ImageAugmentation> Images(AugmentationTransforms transforms, double p = P, int channels = 3) =>
        [.. Enumerable.Range(0, Count).Select(image => ImageAugmentation.Draw(transforms, p, new AugmentationDraws(Key, Key with { Layer = 1 }, image), channels, 64, 32))];

    private static bool IsChanged(ImageAugmentation image)
    {
        var row = new double[Atelier.Training.Ops.AugmentOp.ParameterCount];
        image.Write(row);
        return !row.AsSpan().SequenceEqual([1, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 1, 1, 1, 1, 0, 0.5, 0.5, 0]);
    }

    private static PairComparer Near(double tolerance) => new(tolerance);

    private sealed class PairComparer(double tolerance) : IEqualityComparer<(double, double)>
    {
        public bool Equals((double, double) x, (double, double) y) => Math.Abs(x.Item1 - y.Item1) <= tolerance && Math.Abs(x.Item2 - y.Item2) <= tolerance;

        public int GetHashCode((double, double) pair) => 0;
    }
}
