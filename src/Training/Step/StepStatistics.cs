using Atelier.Core.Schedules;
using static TorchSharp.torch;

namespace Atelier.Training.Step;

/// <summary>
/// Sums what the phases report between two ticks. The sums stay on the device, so that reading them is the only time
/// the host waits for it.
/// </summary>
public sealed class StepStatistics : IDisposable
{
    // One row a kind; the enum's values start at 1.
    private static readonly int Rows = (int)Enum.GetValues<PhaseKind>().Max() + 1;

    private readonly Tensor _sums;
    private readonly long[] _phases = new long[Rows];

    /// <summary>Starts at zero, on <paramref name="device"/>.</summary>
    public StepStatistics(Device device) =>
        _sums = zeros([Rows, Enum.GetValues<PhaseStatistic>().Length], ScalarType.Float64, device).DetachFromDisposeScope();

    /// <summary>Probability of augmentations after the last iteration.</summary>
    public double AugmentationP { get; internal set; }

    /// <summary>Phases with a NaN or infinite gradient element since the last reset.</summary>
    public long NonFinitePhases { get; private set; }

    /// <summary>NaN gradient elements replaced since the last reset.</summary>
    public long NaNs { get; private set; }

    /// <summary>Infinite gradient elements replaced since the last reset.</summary>
    public long Infinities { get; private set; }

    /// <summary>Phases added since the last reset.</summary>
    public long Phases => _phases.Sum();

    /// <summary>Adds one phase.</summary>
    internal void Add(PhaseKind phase, Tensor values, long nans, long infinities)
    {
        _sums[(int)phase].add_(values);
        _phases[(int)phase]++;
        NaNs += nans;
        Infinities += infinities;
        if (nans + infinities > 0)
            NonFinitePhases++;
    }

    /// <summary>The mean of a statistic over the phases of these kinds, or null if none ran.</summary>
    public double? Mean(PhaseStatistic statistic, params ReadOnlySpan<PhaseKind> phases)
    {
        double sum = 0;
        long count = 0;
        foreach (var phase in phases)
        {
            if (_phases[(int)phase] == 0)
                continue;
            using var value = _sums[(int)phase, (int)statistic];
            sum += value.item<double>();
            count += _phases[(int)phase];
        }
        return count == 0 ? null : sum / count;
    }

    /// <summary>Starts again from zero.</summary>
    public void Reset()
    {
        using var scope = NewDisposeScope();
        _sums.zero_();
        Array.Clear(_phases);
        (NonFinitePhases, NaNs, Infinities) = (0, 0, 0);
    }

    /// <inheritdoc/>
    public void Dispose() => _sums.Dispose();
}
