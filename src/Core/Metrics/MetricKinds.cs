namespace Atelier.Core.Metrics;

/// <summary>The Fréchet distance between normal distributions fitted to features (Heusel et al. 2017).</summary>
public sealed record FrechetMetric(string Name, FeatureNet Net, int Samples, RealSide Real) : Metric(Name, Net, Samples, Real);

/// <summary>The kernel distance, a mean over random subsets (Bińkowski et al. 2018), with a cubic kernel.</summary>
/// <param name="Subsets">Number of subsets.</param>
/// <param name="SubsetSize">Most images of a subset.</param>
public sealed record KernelMetric(string Name, FeatureNet Net, int Samples, RealSide Real, int Subsets, int SubsetSize) : Metric(Name, Net, Samples, Real);

/// <summary>Precision and recall of manifolds (Kynkäänniemi et al. 2019).</summary>
/// <param name="Neighbours">The sphere of an image reaches to its so-manieth nearest neighbour.</param>
public sealed record ManifoldMetric(string Name, FeatureNet Net, int Samples, RealSide Real, int Neighbours) : Metric(Name, Net, Samples, Real)
{
    /// <inheritdoc/>
    public override IReadOnlyList<string> Results => [$"{Name}_precision", $"{Name}_recall"];

    /// <inheritdoc/>
    public override bool HigherIsBetter => true;

    /// <inheritdoc/>
    public override int Least => Neighbours + 1;
}

/// <summary>The inception score (Salimans et al. 2016).</summary>
/// <param name="Splits">Parts of the samples, whose scores' mean and deviation are given.</param>
public sealed record InceptionScoreMetric(string Name, FeatureNet Net, int Samples, int Splits) : Metric(Name, Net, Samples, null)
{
    /// <inheritdoc/>
    public override IReadOnlyList<string> Results => [$"{Name}_mean", $"{Name}_std"];

    /// <inheritdoc/>
    public override bool HigherIsBetter => true;

    /// <inheritdoc/>
    public override int Least => Splits;
}

/// <summary>Perceptual path length (Karras et al. 2019 and 2020).</summary>
/// <param name="Space">Where latents are interpolated.</param>
/// <param name="Whole">Anywhere on the path between two latents, instead of at its end.</param>
/// <param name="Crop">Look at the centre, where a face is.</param>
public sealed record PathLengthMetric(string Name, FeatureNet Net, int Samples, PathSpace Space, bool Whole, bool Crop) : Metric(Name, Net, Samples, null)
{
    /// <summary>The step along the path, as a part of it.</summary>
    public const double Epsilon = 1e-4;
}

/// <summary>The space that a path lies in.</summary>
public enum PathSpace
{
    /// <summary>Latents, interpolated on the sphere.</summary>
    Z,

    /// <summary>Styles, interpolated linearly.</summary>
    W,
}
