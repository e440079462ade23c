using System.Runtime.InteropServices;

namespace TorchSharp.Interop;

/// <summary>Imports of <c>native/torch/autograd.cpp</c>.</summary>
internal static partial class Native
{
    [LibraryImport(Library)]
    internal static partial int atorch_grad_enabled(out Flag result);

    [LibraryImport(Library)]
    internal static partial int atorch_set_grad_enabled(Flag enabled);

    [LibraryImport(Library)]
    internal static partial int atorch_requires_grad(TensorHandle self, out Flag result);

    [LibraryImport(Library)]
    internal static partial int atorch_set_requires_grad(TensorHandle self, Flag requiresGrad);

    [LibraryImport(Library)]
    internal static partial int atorch_is_leaf(TensorHandle self, out Flag result);

    [LibraryImport(Library)]
    internal static partial int atorch_retain_grad(TensorHandle self);

    [LibraryImport(Library)]
    internal static partial int atorch_detach(TensorHandle self, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_detach_(TensorHandle self);

    [LibraryImport(Library)]
    internal static partial int atorch_grad(TensorHandle self, out nint result);

    [LibraryImport(Library)]
    internal static partial int atorch_set_grad(TensorHandle self, TensorHandle gradient);

    [LibraryImport(Library)]
    internal static partial int atorch_autograd_backward(ReadOnlySpan<nint> tensors, int count, ReadOnlySpan<nint> gradients,
        int gradientCount, Flag retainGraph, Flag createGraph, ReadOnlySpan<nint> inputs, int inputCount);

    [LibraryImport(Library)]
    internal static partial int atorch_autograd_grad(ReadOnlySpan<nint> outputs, int outputCount, ReadOnlySpan<nint> inputs,
        int inputCount, ReadOnlySpan<nint> gradients, int gradientCount, Flag retainGraph, Flag createGraph, Flag allowUnused,
        out nint result);
}
