using System.Runtime.InteropServices;
using Atelier.Core.Schedules;
using Atelier.Training.Interop;
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
    private readonly Tensor _nonFinite; // [3]: NaNs, infinities, phases with either
    private readonly Tensor _norms; // [kinds], squared
    private readonly long[] _phases = new long[Rows];

    /// <summary>Starts at zero, on <paramref name="device"/>.</summary>
    public StepStatistics(Device device)
    {
        _sums = zeros([Rows, Enum.GetValues<PhaseStatistic>().Length], ScalarType.Float64, device).DetachFromDisposeScope();
        _nonFinite = zeros([3], ScalarType.Float64, device).DetachFromDisposeScope();
        _norms = zeros([Rows], ScalarType.Float64, device).DetachFromDisposeScope();
    }

    /// <summary>Probability of augmentations after the last iteration.</summary>
    public double AugmentationP { get; internal set; }

    /// <summary>Phases with a NaN or infinite gradient element since the last reset.</summary>
    public long NonFinitePhases => Count(2);

    /// <summary>NaN gradient elements replaced since the last reset.</summary>
    public long NaNs => Count(0);

    /// <summary>Infinite gradient elements replaced since the last reset.</summary>
    public long Infinities => Count(1);

    /// <summary>Phases added since the last reset.</summary>
    public long Phases => _phases.Sum();

    /// <summary>Adds one phase.</summary>
    /// <param name="phase">Which.</param>
    /// <param name="values">[one per <see cref="PhaseStatistic"/>]</param>
    /// <param name="nonFinite">[2] float64: NaN and infinite elements of its gradient.</param>
    /// <param name="gradient">[n] its gradient; its norm is taken once a tick, as that is another pass over it.</param>
    /// <param name="scale">Factor on the gradient.</param>
    internal void Add(PhaseKind phase, Tensor values, Tensor nonFinite, Tensor gradient, double scale)
    {
        if (_phases[(int)phase] == 0)
        {
            using var norm = _norms[(int)phase];
            norm.copy_(gradient.dot(gradient).to(ScalarType.Float64).Times(scale * scale));
        }
        _sums[(int)phase].Accumulate(values);
        _nonFinite.narrow(0, 0, 2).Accumulate(nonFinite);
        _nonFinite.select(0, 2).Accumulate(nonFinite.sum().sign());
        _phases[(int)phase]++;
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
            sum += value.ReadNumber();
            count += _phases[(int)phase];
        }
        return count == 0 ? null : sum / count;
    }

    /// <summary>Norm of the gradient of the first phase of a kind since the last reset, or null if none ran.</summary>
    public double? GradientNorm(PhaseKind phase)
    {
        if (_phases[(int)phase] == 0)
            return null;
        using var squared = _norms[(int)phase];
        return Math.Sqrt(squared.ReadNumber());
    }

    /// <summary>The sums as bytes, for a snapshot that is taken within a tick.</summary>
    public byte[] Save()
    {
        using var scope = NewDisposeScope();
        double[] all = [.. Values(_sums), .. Values(_nonFinite), .. Values(_norms), .. _phases.Select(count => (double)count)];
        return MemoryMarshal.AsBytes(all.AsSpan()).ToArray();
    }

    /// <summary>Goes on from the sums of a snapshot; from zero where it has none, or those of another version.</summary>
    public void Load(byte[]? saved)
    {
        Reset();
        int sums = (int)_sums.numel(), places = sums + 3 + Rows + Rows;
        if (saved?.Length != places * sizeof(double))
            return;
        using var scope = NewDisposeScope();
        var all = MemoryMarshal.Cast<byte, double>(saved).ToArray();
        _sums.copy_(tensor(all[..sums]).reshape(_sums.shape));
        _nonFinite.copy_(tensor(all[sums..(sums + 3)]));
        _norms.copy_(tensor(all[(sums + 3)..(sums + 3 + Rows)]));
        for (int kind = 0; kind < Rows; kind++)
            _phases[kind] = (long)all[sums + 3 + Rows + kind];
    }

    /// <summary>Starts again from zero.</summary>
    public void Reset()
    {
        using var scope = NewDisposeScope();
        _sums.zero_();
        Array.Clear(_phases);
        _nonFinite.zero_();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _sums.Dispose();
        _norms.Dispose();
        _nonFinite.Dispose();
    }

    private static double[] Values(Tensor values) => values.ToHost().contiguous().data<double>().ToArray();

    private long Count(int place)
    {
        using var value = _nonFinite.ToHost();
        return (long)value.data<double>()[place];
    }
}
