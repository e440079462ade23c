using Atelier.Core.Metrics;
using Atelier.Training.Metrics.Samples;
using static TorchSharp.torch;

namespace Atelier.Worker.Evaluations;

/// <summary>The samples of a part, some at a time.</summary>
/// <param name="source">Whose samples.</param>
/// <param name="part">Which ones.</param>
internal sealed class PartWork(ISampleSource source, SampleRange part) : IDisposable
{
    private readonly IReadOnlyList<SampleRange> _pieces = [.. part.Pieces(source.AtOnce)];
    private readonly List<Tensor> _rows = [];

    /// <summary>Samples done.</summary>
    public int SamplesDone { get; private set; }

    /// <summary>Whether nothing is left to compute.</summary>
    public bool IsDone => _rows.Count == _pieces.Count;

    /// <summary>Computes the next pieces.</summary>
    /// <param name="most">So many at most.</param>
    /// <param name="lanes">So many at once.</param>
    /// <param name="taken">Told after each.</param>
    /// <param name="cancellation">Checked before each.</param>
    public void Go(int most, int lanes, Action taken, CancellationToken cancellation) => RangeLanes.Run(
        [.. _pieces.Skip(_rows.Count).Take(most)], lanes,
        piece => source.Compute(piece).DetachFromDisposeScope(),
        (piece, rows) =>
        {
            _rows.Add(rows);
            SamplesDone += piece.Count;
            taken();
        },
        cancellation);

    /// <summary>Keeps what was computed.</summary>
    /// <param name="store">Where.</param>
    public void Keep(StoredRows store)
    {
        using var scope = NewDisposeScope();
        store.Put(source, part, cat([.. _rows], 0));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var rows in _rows)
            rows.Dispose();
    }
}
