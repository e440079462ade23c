namespace Atelier.Training.Step;

/// <summary>One shard of a minibatch of real images; converted to tensors only for the phases that look at them.</summary>
/// <param name="count">Images in the shard.</param>
/// <param name="load">Images [n, 3, H, W] in [-1, 1], and labels [n, labelSize] or null; called on the lane's thread.</param>
public sealed class RealShard(int count, Func<(Tensor Images, Tensor? Labels)> load)
{
    /// <summary>Images in the shard.</summary>
    public int Count => count;

    /// <summary>The images [n, 3, H, W] in [-1, 1], and the labels [n, labelSize], or null for an unconditional network.</summary>
    public (Tensor Images, Tensor? Labels) Load() => load();
}
