using Atelier.Core.Randomness;
using Atelier.Core.Schedules;
using Atelier.Core.Specs;
using Atelier.Training.Ops;
using Atelier.Training.Randomness;
using static Atelier.Training.Augmentation.AugmentationTransforms;

namespace Atelier.Training.Augmentation;

/// <summary>The augmentations of Karras et al. 2020 (ADA, appendix B), in the order in which they are applied.</summary>
[Flags]
public enum AugmentationTransforms
{
    None = 0,

    XFlip = 1 << 0,

    /// <summary>Quarter turns.</summary>
    Rotate90 = 1 << 1,

    /// <summary>Translation by whole pixels.</summary>
    IntegerTranslation = 1 << 2,

    Scale = 1 << 3,

    /// <summary>Rotation, before and after the anisotropic scaling.</summary>
    Rotate = 1 << 4,

    /// <summary>Scaling of one axis against the other.</summary>
    AnisotropicScale = 1 << 5,

    /// <summary>Translation by any amount.</summary>
    FractionalTranslation = 1 << 6,

    Brightness = 1 << 7,

    Contrast = 1 << 8,

    /// <summary>Brightness inverted, hue kept.</summary>
    LumaFlip = 1 << 9,

    Hue = 1 << 10,

    Saturation = 1 << 11,

    /// <summary>Four frequency bands amplified.</summary>
    Filter = 1 << 12,

    Noise = 1 << 13,

    /// <summary>A square left empty.</summary>
    Cutout = 1 << 14,
}

/// <summary>The augmentations behind the spec's pipe names.</summary>
public static class AugmentationPipes
{
    private const AugmentationTransforms Blit = AugmentationTransforms.XFlip | AugmentationTransforms.Rotate90 | AugmentationTransforms.IntegerTranslation;
    private const AugmentationTransforms Geom =
        AugmentationTransforms.Scale | AugmentationTransforms.Rotate | AugmentationTransforms.AnisotropicScale | AugmentationTransforms.FractionalTranslation;
    private const AugmentationTransforms Color =
        AugmentationTransforms.Brightness | AugmentationTransforms.Contrast | AugmentationTransforms.LumaFlip | AugmentationTransforms.Hue | AugmentationTransforms.Saturation;

    /// <summary>The augmentations of a pipe.</summary>
    public static AugmentationTransforms Transforms(this AugmentationPipe pipe) => pipe switch
    {
        AugmentationPipe.Blit => Blit,
        AugmentationPipe.Geom => Geom,
        AugmentationPipe.Color => Color,
        AugmentationPipe.Filter => AugmentationTransforms.Filter,
        AugmentationPipe.Noise => AugmentationTransforms.Noise,
        AugmentationPipe.Cutout => AugmentationTransforms.Cutout,
        AugmentationPipe.Bg => Blit | Geom,
        AugmentationPipe.Bgc => Blit | Geom | Color,
        AugmentationPipe.Bgcf => Blit | Geom | Color | AugmentationTransforms.Filter,
        AugmentationPipe.Bgcfn => Blit | Geom | Color | AugmentationTransforms.Filter | AugmentationTransforms.Noise,
        AugmentationPipe.Bgcfnc => Blit | Geom | Color | AugmentationTransforms.Filter | AugmentationTransforms.Noise | AugmentationTransforms.Cutout,
        _ => throw new InvalidOperationException($"unknown augmentation pipe {pipe}"),
    };
}

/// <summary>How a run augments what its discriminator sees.</summary>
/// <param name="Transforms">The augmentations that may apply.</param>
/// <param name="FixedP">Their probability where it never changes; null for the adapted one.</param>
/// <param name="Adaptive">How the probability is adapted; null where it is fixed.</param>
public sealed record AugmentationOptions(AugmentationTransforms Transforms, double? FixedP = null, AdaptiveAugmentation? Adaptive = null)
{
    /// <summary>The probability in force.</summary>
    /// <param name="adapted">What adaptation has come to.</param>
    public double Probability(double adapted) => FixedP ?? adapted;
}

/// <summary>Which images of a shard are augmented. The values are part of the trajectory: layers of a draw.</summary>
public enum AugmentedImages
{
    /// <summary>The generator's.</summary>
    Generated = 0,

    /// <summary>The dataset's.</summary>
    Real = 3,
}

/// <summary>Augments a shard's images in front of the discriminator, each with its own parameters. Differentiable to any order.</summary>
public static class Augmenter
{
    /// <param name="images">[N, C, H, W] in [-1, 1], C = 1 or 3.</param>
    /// <param name="transforms">The augmentations that may apply.</param>
    /// <param name="p">Probability of each, in [0, 1]; 0 leaves the images as they are.</param>
    /// <param name="draws">What keys the random numbers of the shard's phase; purpose and layer are filled in.</param>
    /// <param name="kind">Real and generated images have different ones.</param>
    public static Tensor Apply(Tensor images, AugmentationTransforms transforms, double p, DrawKey draws, AugmentedImages kind)
    {
        ArgumentNullException.ThrowIfNull(images);
        if (p <= 0)
            return images;
        int count = (int)images.shape[0], channels = (int)images.shape[1], height = (int)images.shape[2], width = (int)images.shape[3];
        DrawKey Key(int layer) => draws with { Purpose = DrawPurpose.Augmentation, Layer = (int)kind + layer };
        var rows = new double[count * AugmentOp.ParameterCount];
        bool isNoisy = false;
        for (int image = 0; image < count; image++)
        {
            var augmentation = ImageAugmentation.Draw(transforms, p, new AugmentationDraws(Key(0), Key(1), image), channels, width, height);
            augmentation.Write(rows.AsSpan(image * AugmentOp.ParameterCount, AugmentOp.ParameterCount));
            isNoisy |= augmentation.NoiseDeviation > 0;
        }
        return AugmentOp.Apply(images, rows, isNoisy ? KeyedDraws.Normal(Key(2), images.shape, images.dtype, images.device) : null);
    }
}

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
    /// <param name="transforms">The augmentations that may apply.</param>
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

    /// <summary>Writes the <see cref="AugmentOp.ParameterCount"/> parameters of <see cref="AugmentOp"/>.</summary>
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

    // For each band in turn: amplify it, then scale all bands so that an image with the expected spectrum keeps its power.
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

/// <summary>An affine map of the plane, (x, y) → (A·x + B·y + X, C·x + D·y + Y): the two upper rows of a homogeneous matrix.</summary>
public readonly record struct PlaneMap(double A, double B, double X, double C, double D, double Y)
{
    public static PlaneMap Identity { get; } = new(1, 0, 0, 0, 1, 0);

    /// <summary>Scales both axes about the origin.</summary>
    public static PlaneMap Scale(double x, double y) => new(x, 0, 0, 0, y, 0);

    public static PlaneMap Translate(double x, double y) => new(1, 0, x, 0, 1, y);

    /// <summary>Turns about the origin, from the x axis towards the y axis.</summary>
    public static PlaneMap Rotate(double angle)
    {
        double sin = DeterministicMath.Sin(angle), cos = DeterministicMath.Cos(angle);
        return new(cos, -sin, 0, sin, cos, 0);
    }

    /// <summary>First <paramref name="inner"/>, then this: the matrices' product.</summary>
    public PlaneMap After(PlaneMap inner) => new(
        (A * inner.A) + (B * inner.C), (A * inner.B) + (B * inner.D), (A * inner.X) + (B * inner.Y) + X,
        (C * inner.A) + (D * inner.C), (C * inner.B) + (D * inner.D), (C * inner.X) + (D * inner.Y) + Y);
}

/// <summary>An affine map of colours (r, g, b): the three upper rows of a homogeneous 4×4 matrix.</summary>
public sealed class ColourMap
{
    private readonly double[,] _rows; // [3, 4]

    private ColourMap(Func<int, int, double> at)
    {
        _rows = new double[3, 4];
        for (int row = 0; row < 3; row++)
        {
            for (int column = 0; column < 4; column++)
                _rows[row, column] = at(row, column);
        }
    }

    public static ColourMap Identity { get; } = Scale(1);

    /// <summary>One element, row 0 to 2, column 0 to 3; the last column is what is added.</summary>
    public double this[int row, int column] => _rows[row, column];

    public static ColourMap Translate(double amount) => new((row, column) => column == 3 ? amount : Unit(row, column));

    public static ColourMap Scale(double factor) => new((row, column) => factor * Unit(row, column));

    /// <summary>Mirrors brightness: Householder's reflection along the luma axis v = (1, 1, 1)/√3, 1 − 2vvᵀ.</summary>
    public static ColourMap FlipLuma() => new((row, column) => column == 3 ? 0 : Unit(row, column) - (2.0 / 3));

    /// <summary>Turns about the luma axis (Rodrigues' formula).</summary>
    public static ColourMap RotateHue(double angle)
    {
        double cos = DeterministicMath.Cos(angle), along = (1 - cos) / 3, across = DeterministicMath.Sin(angle) / Math.Sqrt(3);
        return new((row, column) => column == 3 ? 0 : along + ((column - row + 3) % 3) switch { 0 => cos, 1 => -across, _ => across });
    }

    /// <summary>Scales what is orthogonal to the luma axis: vvᵀ + (1 − vvᵀ)·factor.</summary>
    public static ColourMap Saturate(double factor) => new((row, column) => column == 3 ? 0 : (1.0 / 3) + ((Unit(row, column) - (1.0 / 3)) * factor));

    /// <summary>First <paramref name="inner"/>, then this: the matrices' product.</summary>
    public ColourMap After(ColourMap inner)
    {
        ArgumentNullException.ThrowIfNull(inner);
        return new((row, column) => (this[row, 0] * inner[0, column]) + (this[row, 1] * inner[1, column]) + (this[row, 2] * inner[2, column]) + (column == 3 ? this[row, 3] : 0));
    }

    private static double Unit(int row, int column) => row == column ? 1 : 0;
}

/// <summary>The steps of an augmentation that draw random numbers. The values are part of the trajectory: never renumber or reuse one.</summary>
internal enum AugmentationStep
{
    XFlip = 0,
    Rotate90 = 1,
    IntegerTranslation = 2,
    Scale = 3,
    RotateBefore = 4,
    AnisotropicScale = 5,
    RotateAfter = 6,
    FractionalTranslation = 7,
    Brightness = 8,
    Contrast = 9,
    LumaFlip = 10,
    Hue = 11,
    Saturation = 12,

    /// <summary>The first of four bands.</summary>
    Band = 13,
    Noise = 17,
    Cutout = 18,
}

/// <summary>
/// The random numbers of one image's augmentations. Each transformation has its own elements of the shard's draw, so that none
/// depends on what another has drawn.
/// </summary>
/// <param name="uniform">The shard's uniform numbers.</param>
/// <param name="normal">The shard's normal numbers.</param>
/// <param name="image">The image within the shard.</param>
internal readonly struct AugmentationDraws(DrawKey uniform, DrawKey normal, int image)
{
    private const ulong ElementsOfAStep = 4;
    private const ulong StepsOfAnImage = 32;
    private const ulong Gate = 0;

    public bool Applies(AugmentationStep step, double probability) => ScalarDraws.Bernoulli(uniform, probability, Element(step, Gate));

    /// <summary>A uniform number in [0, 1) of a step; <paramref name="number"/> 0 or 1.</summary>
    public double Uniform(AugmentationStep step, int number = 0) => ScalarDraws.Uniform(uniform, Element(step, 1 + (ulong)number));

    /// <summary>A standard normal number of a step; <paramref name="number"/> 0 or 1.</summary>
    public double Normal(AugmentationStep step, int number = 0) => NormalDraws.At(normal, Element(step, (ulong)number));

    private ulong Element(AugmentationStep step, ulong number) => (((ulong)image * StepsOfAnImage) + (ulong)step) * ElementsOfAStep + number;
}
