using Atelier.Training.Networks;

namespace Atelier.Training.Step;

/// <summary>
/// What one shard adds to a phase, as one flat tensor: the network's gradient, then the mean of w, the mean path
/// length, and the statistics. Everything a phase learns from a minibatch is in it, so one reduction carries it all.
/// </summary>
public sealed class PhaseBuffer
{
    private static readonly int StatisticCount = Enum.GetValues<PhaseStatistic>().Length;

    private readonly long _styleSize;

    /// <summary>The buffer of a phase that trains a network of <paramref name="layout"/>.</summary>
    public PhaseBuffer(NetworkLayout layout, int styleSize)
    {
        GradientLength = layout.ParameterLength;
        _styleSize = styleSize;
        Length = GradientLength + styleSize + StatisticCount;
    }

    /// <summary>Elements of the gradient, from 0.</summary>
    public long GradientLength { get; }

    /// <summary>Elements in all.</summary>
    public long Length { get; }

    /// <summary>The gradient, [GradientLength].</summary>
    public Tensor Gradient(Tensor buffer) => buffer.narrow(0, 0, GradientLength);

    /// <summary>The mean of w over the shard's images, [styleSize]; zero in Dreg.</summary>
    public Tensor MeanStyle(Tensor buffer) => buffer.narrow(0, GradientLength, _styleSize);

    /// <summary>All statistics, [one per <see cref="PhaseStatistic"/>].</summary>
    public Tensor Statistics(Tensor buffer) => buffer.narrow(0, GradientLength + _styleSize, StatisticCount);

    /// <summary>One statistic, [].</summary>
    public Tensor Statistic(Tensor buffer, PhaseStatistic statistic) => buffer.select(0, GradientLength + _styleSize + (int)statistic);
}
