using Atelier.Core.Randomness;
using Atelier.Training.Ops;
using static Atelier.Training.Augmentation.AugmentationTransforms;

namespace Atelier.Training.Augmentation;

/// <summary>
/// How one image is augmented: order, probabilities and distributions of Karras et al. 2020 (ADA, appendix B, figure 20). Each
/// transformation applies with probability p, independently of the others.
/// </summary>
/// <param name="Geometry">From a pixel of the result to one of the image, both counted from the image's middle.</param>
/// <param name="Colour">Of (r, g, b).</param>
/// <param name="BandGains">Of four octave bands, the lowest frequencies first.</param>
/// <param name="NoiseDeviation">σ of the noise.</param>
/// <param name="Cutout">Middle (x, y) and side of the empty square, as parts of width and height.</param>
public sealed record ImageAugmentation(
    PlaneMap Geometry, ColourMap Colour, IReadOnlyList<double> BandGains, double NoiseDeviation, (double X, double Y, double Side) Cutout)
{
    private const double LargestIntegerTranslation = 0.125;
    private const double ScaleDeviation = 0.2;
    private const double FractionalTranslationDeviation = 0.125;
    private const double BrightnessDeviation = 0.2;
    private const double ContrastDeviation = 0.5;
    private const double SaturationDeviation = 1;
    private const double BandDeviation = 1;
    private const double LargestNoiseDeviation = 0.1;
    private const double CutoutSide = 0.5;

    // Of natural images: power falls with the frequency.
    private static readonly double[] ExpectedPower = [10 / 13.0, 1 / 13.0, 1 / 13.0, 1 / 13.0];

    /// <summary>Draws an image's augmentation.</summary>
    /// <param name="transforms">The augmentations that may be made.</param>
    /// <param name="p">Probability of each.</param>
    /// <param name="draws">The image's random numbers.</param>
    /// <param name="channels">1 or 3; grey images have neither hue nor saturation.</param>
    /// <param name="width">Of the image, in pixels.</param>
    /// <param name="height">Of the image, in pixels.</param>
    internal static ImageAugmentation Draw(AugmentationTransforms transforms, double p, AugmentationDraws draws, int channels, int width, int height)
    {
        bool Applies(AugmentationTransforms transform, AugmentationStep step) => transforms.HasFlag(transform) && draws.Applies(step, p);
        return new(
            DrawGeometry(transforms, p, draws, width, height),
            DrawColour(Applies, draws, hasHue: channels > 1),
            DrawBands(transforms, p, draws),
            Applies(Noise, AugmentationStep.Noise) ? Math.Abs(draws.Normal(AugmentationStep.Noise)) * LargestNoiseDeviation : 0,
            Applies(AugmentationTransforms.Cutout, AugmentationStep.Cutout) ? (draws.Uniform(AugmentationStep.Cutout, 0), draws.Uniform(AugmentationStep.Cutout, 1), CutoutSide) : (0.5, 0.5, 0));
    }

    /// <summary>Writes it as the native op takes it, <see cref="AugmentOp.ParameterCount"/> numbers.</summary>
    internal void Write(Span<double> row)
    {
        ReadOnlySpan<double> geometry = [Geometry.A, Geometry.B, Geometry.X, Geometry.C, Geometry.D, Geometry.Y];
        geometry.CopyTo(row);
        for (int i = 0; i < 12; i++)
            row[6 + i] = Colour[i / 4, i % 4];
        for (int band = 0; band < BandGains.Count; band++)
            row[18 + band] = BandGains[band];
        (row[22], row[23], row[24], row[25]) = (NoiseDeviation, Cutout.X, Cutout.Y, Cutout.Side);
    }

    // Each map is multiplied from the right: the last one drawn is the first that a pixel of the result goes through.
    private static PlaneMap DrawGeometry(AugmentationTransforms transforms, double p, AugmentationDraws draws, int width, int height)
    {
        var map = PlaneMap.Identity;
        bool Applies(AugmentationTransforms transform, AugmentationStep step, double probability) => transforms.HasFlag(transform) && draws.Applies(step, probability);
        if (Applies(XFlip, AugmentationStep.XFlip, p))
            map = map.After(PlaneMap.Scale(draws.Uniform(AugmentationStep.XFlip) < 0.5 ? 1 : -1, 1));
        if (Applies(Rotate90, AugmentationStep.Rotate90, p))
            map = map.After(QuarterTurns((int)(4 * draws.Uniform(AugmentationStep.Rotate90))));
        if (Applies(IntegerTranslation, AugmentationStep.IntegerTranslation, p))
            map = map.After(PlaneMap.Translate(-WholePixels(draws.Uniform(AugmentationStep.IntegerTranslation, 0), width), -WholePixels(draws.Uniform(AugmentationStep.IntegerTranslation, 1), height)));
        if (Applies(AugmentationTransforms.Scale, AugmentationStep.Scale, p) && DeterministicMath.Exp2(ScaleDeviation * draws.Normal(AugmentationStep.Scale)) is var scale)
            map = map.After(PlaneMap.Scale(1 / scale, 1 / scale));
        // Either rotation with this probability is any rotation with probability p.
        double rotates = 1 - Math.Sqrt(1 - p);
        if (Applies(Rotate, AugmentationStep.RotateBefore, rotates))
            map = map.After(PlaneMap.Rotate(Angle(draws.Uniform(AugmentationStep.RotateBefore))));
        if (Applies(AnisotropicScale, AugmentationStep.AnisotropicScale, p) && DeterministicMath.Exp2(ScaleDeviation * draws.Normal(AugmentationStep.AnisotropicScale)) is var stretch)
            map = map.After(PlaneMap.Scale(1 / stretch, stretch));
        if (Applies(Rotate, AugmentationStep.RotateAfter, rotates))
            map = map.After(PlaneMap.Rotate(Angle(draws.Uniform(AugmentationStep.RotateAfter))));
        if (Applies(FractionalTranslation, AugmentationStep.FractionalTranslation, p))
        {
            map = map.After(PlaneMap.Translate(
                -FractionalTranslationDeviation * draws.Normal(AugmentationStep.FractionalTranslation, 0) * width,
                -FractionalTranslationDeviation * draws.Normal(AugmentationStep.FractionalTranslation, 1) * height));
        }
        return map;
    }

    private static ColourMap DrawColour(Func<AugmentationTransforms, AugmentationStep, bool> applies, AugmentationDraws draws, bool hasHue)
    {
        var map = ColourMap.Identity;
        if (applies(Brightness, AugmentationStep.Brightness))
            map = ColourMap.Translate(BrightnessDeviation * draws.Normal(AugmentationStep.Brightness)).After(map);
        if (applies(Contrast, AugmentationStep.Contrast))
            map = ColourMap.Scale(DeterministicMath.Exp2(ContrastDeviation * draws.Normal(AugmentationStep.Contrast))).After(map);
        if (applies(LumaFlip, AugmentationStep.LumaFlip) && draws.Uniform(AugmentationStep.LumaFlip) >= 0.5)
            map = ColourMap.FlipLuma().After(map);
        if (hasHue && applies(Hue, AugmentationStep.Hue))
            map = ColourMap.RotateHue(Angle(draws.Uniform(AugmentationStep.Hue))).After(map);
        if (hasHue && applies(Saturation, AugmentationStep.Saturation))
            map = ColourMap.Saturate(DeterministicMath.Exp2(SaturationDeviation * draws.Normal(AugmentationStep.Saturation))).After(map);
        return map;
    }

    // A band amplified, and all of them scaled so that an image of the expected spectrum keeps its power; band after band.
    private static double[] DrawBands(AugmentationTransforms transforms, double p, AugmentationDraws draws)
    {
        double[] gains = [1, 1, 1, 1];
        for (int band = 0; transforms.HasFlag(Filter) && band < gains.Length; band++)
        {
            var step = AugmentationStep.Band + band;
            if (!draws.Applies(step, p))
                continue;
            double gain = DeterministicMath.Exp2(BandDeviation * draws.Normal(step));
            double power = Math.Sqrt(1 + (ExpectedPower[band] * ((gain * gain) - 1)));
            for (int other = 0; other < gains.Length; other++)
                gains[other] *= (other == band ? gain : 1) / power;
        }
        return gains;
    }

    private static PlaneMap QuarterTurns(int turns) => turns switch
    {
        0 => PlaneMap.Identity,
        1 => new(0, -1, 0, 1, 0, 0),
        2 => PlaneMap.Scale(-1, -1),
        _ => new(0, 1, 0, -1, 0, 0),
    };

    private static double WholePixels(double uniform, int size) => Math.Round(((2 * uniform) - 1) * LargestIntegerTranslation * size);

    private static double Angle(double uniform) => ((2 * uniform) - 1) * Math.PI;
}
