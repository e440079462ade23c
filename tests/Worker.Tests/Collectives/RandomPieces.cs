using Atelier.Core.Sharding;
using Atelier.Training.Step;
using static TorchSharp.torch;

namespace Atelier.Worker.Tests.Collectives;

/// <summary>Shards with random values, and what each rank has of their sum: what lanes would hand to a reduction.</summary>
/// <param name="Seed">Of the values.</param>
/// <param name="Ranges">Each rank's shards.</param>
/// <param name="Length">Elements of a shard's buffer.</param>
/// <param name="Type">Their type.</param>
internal sealed record RandomPieces(int Seed, IReadOnlyList<ShardRange> Ranges, int Length, ScalarType Type)
{
    public ReductionTree Tree { get; } = new(Ranges[^1].End);

    /// <summary>Ranges of random lengths.</summary>
    public static IReadOnlyList<ShardRange> Cut(Random random, int shards, int ranks)
    {
        var cuts = Enumerable.Range(1, shards - 1).OrderBy(_ => random.Next()).Take(ranks - 1).Append(0).Append(shards).Order().ToList();
        return [.. cuts.Zip(cuts.Skip(1), (start, end) => new ShardRange(start, end))];
    }

    /// <summary>What a rank gives.</summary>
    public IReadOnlyList<SubtreeSum<Tensor>> Of(int rank) => Sum(Ranges[rank]);

    /// <summary>The sum as one process computes it that holds every shard.</summary>
    public Tensor Solo() => new SoloReduction(Tree.Shards).Reduce("solo", Sum(Tree.Root), CancellationToken.None);

    private IReadOnlyList<SubtreeSum<Tensor>> Sum(ShardRange held)
    {
        var accumulator = new TreeAccumulator<Tensor>(Tree, held, PhaseSum.Combine);
        for (int shard = held.Start; shard < held.End; shard++)
            accumulator.Add(shard, Shard(shard));
        return accumulator.Pieces;
    }

    // Values over several magnitudes: their sum depends on the order of additions nearly always.
    private Tensor Shard(int shard)
    {
        var random = new Random(unchecked((Seed * 7919) + shard)); // the same in every process, which a hash code is not
        var values = Enumerable.Range(0, Length).Select(_ => (random.NextDouble() - 0.5) * Math.Pow(10, random.Next(-3, 4))).ToArray();
        return tensor(values, dtype: Type);
    }
}
