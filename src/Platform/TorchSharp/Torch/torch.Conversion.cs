namespace TorchSharp;

public static partial class torch
{
    /// <inheritdoc cref="Tensor.clone"/>
    public static Tensor clone(Tensor input) => input.clone();
}
