using Atelier.Core.Sharding;
using Atelier.Worker.Interop;
using static TorchSharp.torch;

namespace Atelier.Worker.Collectives;

/// <summary>
/// How the ranks of a generation come to sum by NCCL: over the links that they have anyway, they find out whether all of them
/// can, share what a world is joined by, and tell each other whether they have joined. If one cannot, none does.
/// </summary>
/// <param name="host">This rank's sum over its links.</param>
/// <param name="ranges">Each rank's shards.</param>
/// <param name="rank">This rank.</param>
internal sealed class NcclWorld(CollectiveReduction host, IReadOnlyList<ShardRange> ranges, int rank)
{
    /// <summary>Joins the others.</summary>
    /// <param name="nccl">NCCL; null where this rank does not have it.</param>
    /// <param name="stream">The stream to queue in.</param>
    /// <param name="say">Told why sums go through host memory, if they do.</param>
    /// <returns>This rank's exchange; null if any rank has none.</returns>
    /// <exception cref="CollectiveException">A rank is gone.</exception>
    public IDeviceExchange? Join(NcclImports? nccl, Func<nint> stream, Action<string> say, CancellationToken cancellation)
    {
        byte[] id = new byte[NcclImports.IdBytes];
        string? failure = nccl is null ? "this worker has no NCCL" : null;
        if (rank == 0 && nccl is not null)
            Try(() => id = NcclExchange.NewWorld(nccl), ref failure);
        int able = Share("NCCL's world", id, failure is null, cancellation);
        NcclExchange? exchange = null;
        if (able == ranges.Count)
        {
            Try(() => exchange = new NcclExchange(nccl!, id, rank, ranges.Count, stream), ref failure);
            able = Share("NCCL's ranks", new byte[NcclImports.IdBytes], exchange is not null, cancellation);
        }
        if (able == ranges.Count)
            return exchange;
        exchange?.Abort();
        exchange?.Dispose();
        say($"gradients are summed through host memory, which is slower: {failure ?? "another worker cannot use NCCL"}");
        return null;
    }

    private static void Try(Action attempt, ref string? failure)
    {
        try
        {
            attempt();
        }
        catch (DeviceExchangeException e)
        {
            failure = e.Message;
        }
    }

    /// <summary>Gives every rank the first one's bytes, and counts those that are able. Each number is one rank's and the others' zeros: sums are exact.</summary>
    private int Share(string phase, byte[] bytes, bool isAble, CancellationToken cancellation)
    {
        using var scope = NewDisposeScope();
        float[] mine = [.. bytes.Select(value => rank == 0 ? (float)value : 0), isAble ? 1 : 0];
        var tree = new ReductionTree(ranges[^1].End);
        var pieces = tree.Cover(ranges[rank]).Select((node, i) => new SubtreeSum<Tensor>(node, i == 0 ? tensor(mine) : zeros([mine.Length]))).ToList();
        var sum = host.Reduce(phase, pieces, cancellation).data<float>().ToArray();
        for (int i = 0; i < bytes.Length; i++)
            bytes[i] = (byte)sum[i];
        return (int)sum[^1];
    }
}
