namespace Atelier.Core.Fleet.Snapshots;

/// <summary>
/// The number of an attempt to write a snapshot. A generation passes an iteration once, so that all its members know the
/// number by themselves; the last save of a run has its own.
/// </summary>
/// <param name="Generation">The generation that writes.</param>
/// <param name="Iteration">Iterations done in the state that is written; below 2³².</param>
/// <param name="IsSave">Whether one worker writes the whole state, because the run stands still.</param>
public readonly record struct SnapshotNumber(GenerationId Generation, long Iteration, bool IsSave = false)
{
    private const int IterationBits = 32;
    private const long SaveBit = 1L << 62;

    /// <summary>The number in messages.</summary>
    public long Value => (Generation.Number << IterationBits) | Iteration | (IsSave ? SaveBit : 0);

    /// <summary>What the files of the attempt are called by.</summary>
    public string FileTag => $"{(IsSave ? "s" : "g")}{Generation.Number}i{Iteration}";

    /// <summary>Reads a number.</summary>
    /// <param name="value">As in messages.</param>
    public static SnapshotNumber Of(long value) =>
        new(new((value & ~SaveBit) >> IterationBits), value & ((1L << IterationBits) - 1), (value & SaveBit) != 0);
}
