namespace TorchSharp;

public static partial class torch
{
    /// <inheritdoc cref="Tensor.sigmoid"/>
    public static Tensor sigmoid(Tensor input) => input.sigmoid();

    /// <inheritdoc cref="Tensor.sigmoid_"/>
    public static Tensor sigmoid_(Tensor input) => input.sigmoid_();
}
