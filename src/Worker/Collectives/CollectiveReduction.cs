using Atelier.Core.Sharding;
using Atelier.Training.Step;
using Atelier.Worker.Collectives.Links;
using Atelier.Worker.Interop;
using static TorchSharp.torch;

namespace Atelier.Worker.Collectives;

/// <summary>
/// The reduction of one rank among several, over whatever links join them. It sums in host memory: what comes from another
/// device is copied there and back. A device's own library would stand beside it as another <see cref="IPhaseReduction"/>.
/// </summary>
public sealed class CollectiveReduction : IPhaseReduction, IDisposable
{
    private readonly AllReducePlan _plan;
    private readonly IRankLinks _links;
    private readonly TreeAllReduce _sum;
    private bool _failed;

    /// <summary>Joins the ranks of a generation.</summary>
    /// <param name="ranges">Each rank's shards: contiguous, in rank order, together the whole minibatch.</param>
    /// <param name="links">This rank's links; disposed with this.</param>
    /// <param name="patience">How long nothing may move in a phase before it fails.</param>
    /// <param name="time">Measures it.</param>
    /// <exception cref="ArgumentException">The ranges leave out or repeat a shard, or are not one a rank.</exception>
    public CollectiveReduction(IReadOnlyList<ShardRange> ranges, IRankLinks links, TimeSpan patience, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(ranges);
        ArgumentNullException.ThrowIfNull(links);
        if (ranges.Count != links.Ranks)
            throw new ArgumentException($"There are {ranges.Count} ranges for {links.Ranks} ranks.", nameof(ranges));
        _plan = new AllReducePlan(new ReductionTree(ranges[^1].End), ranges);
        _links = links;
        _sum = new TreeAllReduce(_plan, links, patience, time);
    }

    /// <inheritdoc/>
    public ShardRange Held => _plan.Ranges[_links.Rank];

    /// <inheritdoc/>
    public int ShardCount => _plan.Tree.Shards;

    /// <summary>The rank that a wait which has lasted a while is for; null while nothing stands still. From any thread.</summary>
    public int? Awaited => _sum.Awaited;

    /// <summary>
    /// Memory that reducing takes besides the one buffer that comes out, in bytes: a buffer for every further subtree that
    /// covers this rank's shards (none for an aligned power of two, 2·log₂ of the shards at most), the links and the scratch.
    /// </summary>
    /// <param name="elements">Elements of a phase's buffer.</param>
    /// <param name="elementBytes">Bytes of an element.</param>
    public long ExtraBytes(long elements, int elementBytes) =>
        (_plan.Pieces[_links.Rank].Count - 1) * elements * elementBytes + _links.BufferBytes + _sum.ScratchBytes(elementBytes);

    /// <inheritdoc/>
    /// <exception cref="CollectiveException">A rank is gone, silent for too long, or does something else.</exception>
    /// <exception cref="InvalidOperationException">An earlier phase failed; the ranks need new links.</exception>
    public Tensor Reduce(string phase, IReadOnlyList<SubtreeSum<Tensor>> pieces, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(pieces);
        var tensors = pieces.Select(piece => piece.Value).ToList();
        try
        {
            if (_failed)
                throw new InvalidOperationException($"phase {phase}: an earlier phase failed, and these links with it");
            if (!pieces.Select(piece => piece.Node).SequenceEqual(_plan.Pieces[_links.Rank]))
                throw new ArgumentException($"The pieces {string.Join(' ', pieces.Select(piece => piece.Node))} are not those of {Held}.", nameof(pieces));
            if (_links.Ranks > 1)
                Sum(phase, tensors, cancellation);
        }
        catch
        {
            _failed = true;
            tensors.ForEach(tensor => tensor.Dispose());
            throw;
        }
        foreach (var spent in tensors.Skip(1))
            spent.Dispose();
        return tensors[0];
    }

    /// <summary>Leaves the other ranks, whose waits end.</summary>
    public void Dispose() => _links.Dispose();

    /// <summary>Leaves the sum in the first tensor.</summary>
    private void Sum(string phase, List<Tensor> tensors, CancellationToken cancellation)
    {
        if (tensors[0].device_type == TorchSharp.DeviceType.CPU)
        {
            SumOnHost(phase, tensors, cancellation);
            return;
        }
        using var scope = NewDisposeScope();
        var copies = tensors.Select(tensor => tensor.cpu()).ToList();
        SumOnHost(phase, copies, cancellation);
        tensors[0].copy_(copies[0]);
    }

    private void SumOnHost(string phase, List<Tensor> tensors, CancellationToken cancellation)
    {
        var memory = tensors.Select(tensor => new TensorMemory(tensor).Memory).ToList();
        if (memory.Exists(piece => piece.Length != memory[0].Length) || tensors.Exists(tensor => tensor.dtype != tensors[0].dtype))
            throw new ArgumentException($"The pieces differ in length or type: {string.Join(", ", tensors)}.", nameof(tensors));
        switch (tensors[0].dtype)
        {
            case ScalarType.Float32:
                _sum.Run<float>(phase, memory, cancellation);
                break;
            case ScalarType.Float64:
                _sum.Run<double>(phase, memory, cancellation);
                break;
            default:
                throw new ArgumentException($"Sums are of float32 and float64, not of {tensors[0].dtype}.", nameof(tensors));
        }
        // The memory is the tensors' own, known to the collector only through them.
        tensors.ForEach(GC.KeepAlive);
    }
}
