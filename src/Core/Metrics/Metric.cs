namespace Atelier.Core.Metrics;

/// <summary>Through which features a metric sees images.</summary>
public enum FeatureNet
{
    /// <summary>Inception v3 of 2015, as published; a file that people download.</summary>
    Inception,

    /// <summary>VGG-16 with the LPIPS weights, as published; a file that people download.</summary>
    Vgg16,

    /// <summary>A fixed random convolutional net, made from keyed draws; always at hand, comparable with nothing published.</summary>
    Random,
}

/// <summary>The definition of a metric: what is compared with what, and in which numbers.</summary>
/// <param name="Name">As published.</param>
/// <param name="Real">The real images it compares with; null for none.</param>
public abstract record Metric(string Name, FeatureNet Net, int Samples, RealSide? Real)
{
    /// <summary>Names of its values, in the order of the published results; the first one decides which snapshot is best.</summary>
    public virtual IReadOnlyList<string> Results => [Name];

    /// <summary>Whether more of the first value is better.</summary>
    public virtual bool HigherIsBetter => false;

    /// <summary>Fewest images of either side with which it is defined at all.</summary>
    public virtual int Least => 2;

    /// <returns>What a reader of the result should know about them.</returns>
    /// <exception cref="UserErrorException">The metric is not defined for so few; the message has both numbers.</exception>
    public IReadOnlyList<string> Check(int samples, int images)
    {
        if (samples < Least)
            throw new UserErrorException($"{Name} needs at least {Least:#,0} samples, but {samples:#,0} were requested.");
        var notes = new List<string>();
        if (samples != Samples)
            notes.Add($"{Name} is defined over {Samples:#,0} samples; this value is over {samples:#,0}, so compare it only with values over as many");
        if (Real is null)
            return notes;
        if (images < Least)
            throw new UserErrorException($"{Name} needs at least {Least:#,0} real images, but the dataset has {images:#,0}.");
        if (Real.Expected is { } expected && images < expected)
            notes.Add($"{Name} compares with {expected:#,0} real images, but the dataset has {images:#,0}; using all of them");
        return notes;
    }
}

/// <summary>The real images of a metric.</summary>
/// <param name="Most">The number of images, from the start of the dataset; null for all.</param>
/// <param name="Mirrored">Whether the dataset counts with its mirror images where the run was trained on them.</param>
/// <param name="Expected">The number of images that its name stands for; null where any number will do.</param>
public sealed record RealSide(int? Most, bool Mirrored, int? Expected = null)
{
    /// <summary>Images that are compared with.</summary>
    public int CountOf(int images, bool mirror) => Math.Min(Most ?? int.MaxValue, Mirrored && mirror ? checked(2 * images) : images);
}

/// <summary>The Fréchet distance between normal distributions fitted to features (Heusel et al. 2017).</summary>
public sealed record FrechetMetric(string Name, FeatureNet Net, int Samples, RealSide Real) : Metric(Name, Net, Samples, Real);

/// <summary>The kernel distance, a mean over random subsets (Bińkowski et al. 2018), with a cubic kernel.</summary>
public sealed record KernelMetric(string Name, FeatureNet Net, int Samples, RealSide Real, int Subsets, int SubsetSize) : Metric(Name, Net, Samples, Real);

/// <summary>Precision and recall of manifolds (Kynkäänniemi et al. 2019).</summary>
/// <param name="Neighbours">k: the sphere of an image reaches to its k-th nearest neighbour.</param>
public sealed record ManifoldMetric(string Name, FeatureNet Net, int Samples, RealSide Real, int Neighbours) : Metric(Name, Net, Samples, Real)
{
    public override IReadOnlyList<string> Results => [$"{Name}_precision", $"{Name}_recall"];

    public override bool HigherIsBetter => true;

    public override int Least => Neighbours + 1;
}

/// <summary>The inception score (Salimans et al. 2016).</summary>
/// <param name="Splits">Parts of the samples, whose scores' mean and deviation are given.</param>
public sealed record InceptionScoreMetric(string Name, FeatureNet Net, int Samples, int Splits) : Metric(Name, Net, Samples, null)
{
    public override IReadOnlyList<string> Results => [$"{Name}_mean", $"{Name}_std"];

    public override bool HigherIsBetter => true;

    public override int Least => Splits;
}

/// <summary>Perceptual path length (Karras et al. 2019 and 2020).</summary>
/// <param name="Whole">Anywhere on the path between two latents, instead of at its end.</param>
/// <param name="Crop">Look at the centre, where a face is.</param>
public sealed record PathLengthMetric(string Name, FeatureNet Net, int Samples, PathSpace Space, bool Whole, bool Crop) : Metric(Name, Net, Samples, null)
{
    /// <summary>The step along the path, as a part of it.</summary>
    public const double Epsilon = 1e-4;
}

/// <summary>
/// How strongly the energy of a generator's features peaks in one place: the droplet artifact of Karras et al. 2020 §2. It looks at
/// features of the generator itself, and at no images.
/// </summary>
public sealed record DropletMetric(string Name, int Samples) : Metric(Name, FeatureNet.Random, Samples, null)
{
    public override int Least => 1;
}

/// <summary>The space that a path lies in.</summary>
public enum PathSpace
{
    /// <summary>Latents, interpolated on the sphere.</summary>
    Z,

    /// <summary>Styles, interpolated linearly.</summary>
    W,
}

/// <summary>What becomes of the path lengths of many samples.</summary>
public static class PathLengths
{
    /// <summary>
    /// The mean of those from the 1st percentile (the sample below it) to the 99th (the sample above it), both included, as
    /// published: a few paths that cross a discontinuity would outweigh all others.
    /// </summary>
    /// <param name="lengths">At least one.</param>
    public static double FilteredMean(ReadOnlySpan<double> lengths)
    {
        ArgumentOutOfRangeException.ThrowIfZero(lengths.Length, nameof(lengths));
        var sorted = lengths.ToArray();
        Array.Sort(sorted);
        double low = sorted[(int)Math.Floor((sorted.Length - 1) * 0.01)], high = sorted[(int)Math.Ceiling((sorted.Length - 1) * 0.99)];
        return sorted.Where(length => length >= low && length <= high).Average();
    }
}
