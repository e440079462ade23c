namespace Atelier.Training.Networks;

/// <summary>
/// Where a network's layers get their tensors from, by their published state-dict names. A network is built once
/// against <see cref="LayoutRecorder"/> to learn which tensors it has, and any number of times against
/// <see cref="NetworkViews"/> to run: one definition serves both.
/// </summary>
public interface INetworkTensors
{
    /// <summary>A trained tensor.</summary>
    /// <param name="name">Name within this scope, e.g. <c>weight</c>.</param>
    /// <param name="shape">Its shape; empty for a scalar.</param>
    /// <param name="initial">How a new network starts.</param>
    /// <param name="trainable">False keeps it as it starts (transfer learning with frozen layers).</param>
    Tensor Parameter(string name, long[] shape, Initial initial, bool trainable = true);

    /// <summary>A tensor that is part of the state but is not trained by gradients (<c>noise_const</c>, <c>w_avg</c>).</summary>
    Tensor Buffer(string name, long[] shape, Initial initial);

    /// <summary>The constant resampling filter [4,4]; in exports, not in the state.</summary>
    Tensor ResampleFilter(string name = "resample_filter");

    /// <summary>The tensors of a child module.</summary>
    INetworkTensors Scope(string name);
}
