using Atelier.Core.Metrics;

namespace Atelier.Training.Metrics.Samples;

/// <summary>Numbers of samples, by their index and nothing else: any range can be computed by anyone. Safe from several threads.</summary>
public interface ISampleSource
{
    /// <summary>What the samples are, for progress.</summary>
    string What { get; }

    /// <summary>What decides the numbers, besides the generator.</summary>
    string Key { get; }

    /// <summary>Samples computed at once; what is computed together decides bits.</summary>
    int AtOnce { get; }

    /// <summary>Samples in all.</summary>
    int Count { get; }

    /// <summary>The numbers of some samples.</summary>
    /// <param name="range">Inside [0, Count); it begins at a multiple of <see cref="AtOnce"/>, and ends at one or with the last sample.</param>
    /// <returns>float32 [range.Count, D], on the host.</returns>
    /// <exception cref="Core.UserErrorException">A sample's numbers are not finite; the message says whose.</exception>
    Tensor Compute(SampleRange range);
}
