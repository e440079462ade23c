using Atelier.Training.Metrics.Detectors;
using static TorchSharp.torch;

namespace Atelier.Training.Metrics;

/// <summary>How metrics are computed.</summary>
public sealed record EvaluationOptions
{
    /// <summary>Where to compute.</summary>
    public required Device Device { get; init; }

    /// <summary>Where detectors are.</summary>
    public required DetectorFiles Detectors { get; init; }

    /// <summary>Where statistics of real images are kept.</summary>
    public required RealStatisticsCache Cache { get; init; }

    /// <summary>Ranges computed at once. Never changes bits.</summary>
    public int Lanes { get; init; } = 1;

    /// <summary>Seed of the samples.</summary>
    public ulong Seed { get; init; }

    /// <summary>Generated samples; null for each metric's own number.</summary>
    public int? Samples { get; init; }

    /// <summary>Whether the run shows images mirrored, which some metrics follow.</summary>
    public bool Mirror { get; init; }

    /// <summary>Memory for blocks of distances and kernel values.</summary>
    public long BudgetBytes { get; init; } = 256 << 20;
}

/// <summary>How far an evaluation has come.</summary>
/// <param name="Metric">Its name.</param>
/// <param name="What">What is being computed.</param>
/// <param name="Done">Samples done.</param>
/// <param name="Total">Samples in all.</param>
public sealed record EvaluationProgress(string Metric, string What, int Done, int Total);
