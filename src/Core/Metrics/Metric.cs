namespace Atelier.Core.Metrics;

/// <summary>The definition of a metric: what is compared with what, and in which numbers.</summary>
/// <param name="Name">As published.</param>
/// <param name="Net">The features it looks at.</param>
/// <param name="Samples">Generated samples.</param>
/// <param name="Real">The real images it compares with; null for none.</param>
public abstract record Metric(string Name, FeatureNet Net, int Samples, RealSide? Real)
{
    /// <summary>Names of its values, in the order of the published results; the first one decides which snapshot is best.</summary>
    public virtual IReadOnlyList<string> Results => [Name];

    /// <summary>Whether more of the first value is better.</summary>
    public virtual bool HigherIsBetter => false;

    /// <summary>Fewest images of either side with which it is defined at all.</summary>
    public virtual int Least => 2;

    /// <summary>Checks the numbers of images at hand.</summary>
    /// <param name="samples">Generated samples that were asked for.</param>
    /// <param name="images">Real images at hand.</param>
    /// <returns>What a reader of the result should know about them.</returns>
    /// <exception cref="UserErrorException">The metric is not defined for so few; the message has both numbers.</exception>
    public IReadOnlyList<string> Check(int samples, int images)
    {
        if (samples < Least)
            throw new UserErrorException($"{Name} needs at least {Least:#,0} samples, and {samples:#,0} were asked for.");
        var notes = new List<string>();
        if (samples != Samples)
            notes.Add($"{Name} is defined over {Samples:#,0} samples; this value is over {samples:#,0} and compares only with others like it");
        if (Real is null)
            return notes;
        if (images < Least)
            throw new UserErrorException($"{Name} needs at least {Least:#,0} real images, and the dataset has {images:#,0}.");
        if (Real.Expected is { } expected && images < expected)
            notes.Add($"{Name} compares with {expected:#,0} real images, and the dataset has {images:#,0}: all of them are used");
        return notes;
    }
}

/// <summary>The real images of a metric.</summary>
/// <param name="Most">The first so many of the dataset; null for all.</param>
/// <param name="Mirrored">Whether the dataset counts with its mirror images where the run was trained on them.</param>
/// <param name="Expected">So many are meant by its name; null where any number will do.</param>
public sealed record RealSide(int? Most, bool Mirrored, int? Expected = null)
{
    /// <summary>Images that are compared with.</summary>
    /// <param name="images">Images of the dataset.</param>
    /// <param name="mirror">Whether the run shows them mirrored too.</param>
    public int CountOf(int images, bool mirror) => Math.Min(Most ?? int.MaxValue, Mirrored && mirror ? checked(2 * images) : images);
}
