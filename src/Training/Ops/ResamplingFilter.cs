using System.Collections.Concurrent;
using Atelier.Kernels;
using Atelier.Training.Interop;
using static TorchSharp.torch;

namespace Atelier.Training.Ops;

/// <summary>A constant filter for up- and downsampling, normalised to a sum of 1. Immutable; safe from several threads.</summary>
public sealed class ResamplingFilter
{
    private readonly double[] _values;
    private readonly bool _isSeparable;
    private readonly ConcurrentDictionary<(Resampling, Padding, bool, double), FirFilter> _kernels = [];

    private ResamplingFilter(double[] values, int rows, int columns, bool isSeparable) =>
        (_values, Rows, Columns, _isSeparable) = (values, rows, columns, isSeparable);

    /// <summary>The published networks' filter, [1, 3, 3, 1] along each axis.</summary>
    public static ResamplingFilter Binomial { get; } = new([1 / 8.0, 3 / 8.0, 3 / 8.0, 1 / 8.0], 4, 4, isSeparable: true);

    /// <summary>The filter that changes nothing, for a change of size alone. Made without libtorch: whoever only asks for a network's layout does not load it.</summary>
    public static ResamplingFilter Identity { get; } = new([1.0], 1, 1, isSeparable: true);

    /// <summary>A filter with the same taps on both axes, as they are.</summary>
    internal static ResamplingFilter Of(double[] taps) => new(taps, taps.Length, taps.Length, isSeparable: true);

    /// <summary>Taps down.</summary>
    public int Rows { get; }

    /// <summary>Taps across.</summary>
    public int Columns { get; }

    /// <summary>Any filter.</summary>
    /// <param name="filter">[taps], used on both axes, or [rows, columns].</param>
    public static ResamplingFilter From(Tensor filter)
    {
        ArgumentNullException.ThrowIfNull(filter);
        using var scope = NewDisposeScope();
        var values = filter.detach().to(float64).ToHost().contiguous();
        return new([.. values.data<double>()], (int)values.shape[0], (int)values.shape[^1], values.dim() == 1);
    }

    /// <summary>As the published state dicts list it: [rows, columns].</summary>
    public Tensor ToTensor(ScalarType precision, Device device)
    {
        using var scope = NewDisposeScope();
        var values = tensor(_values, dtype: float64);
        return (_isSeparable ? values.outer(values) : values.reshape(Rows, Columns)).to(precision).to(device).MoveToOuterDisposeScope();
    }

    /// <summary>The kernel of a filter with its changes of size.</summary>
    internal FirFilter Kernel(Resampling resampling, Padding padding, bool flip, double gain) => _kernels.GetOrAdd(
        (resampling, padding, flip, gain),
        key => _isSeparable ? FirFilter.Separable(_values, key.Item1, key.Item2, key.Item3, key.Item4) : FirFilter.Planar(_values, Columns, key.Item1, key.Item2, key.Item3, key.Item4));
}
