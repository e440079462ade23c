using static TorchSharp.torch;

namespace Atelier.Training.Step;

/// <summary>Adam's state for one network (Kingma &amp; Ba 2015).</summary>
public sealed class AdamMoments(long length, ScalarType precision, Device device) : IDisposable
{
    /// <summary>Running mean of the gradient, [ParameterLength].</summary>
    public Tensor First { get; } = zeros([length], precision, device).DetachFromDisposeScope();

    /// <summary>Running mean of the squared gradient, [ParameterLength].</summary>
    public Tensor Second { get; } = zeros([length], precision, device).DetachFromDisposeScope();

    /// <summary>Steps taken, main and regularisation passes together.</summary>
    public long Step { get; internal set; }

    /// <inheritdoc/>
    public void Dispose()
    {
        First.Dispose();
        Second.Dispose();
    }
}
