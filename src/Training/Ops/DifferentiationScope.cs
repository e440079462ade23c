using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;
using Atelier.Training.Interop;
using static TorchSharp.torch;

namespace Atelier.Training.Ops;

/// <summary>
/// One forward computation and the gradients taken of it. Ops that run while it is current know what its passes ask for:
/// which gradients, and whether what they saved is needed again. Without one, ops compute all gradients and keep what they saved.
/// </summary>
public sealed class DifferentiationScope : IDisposable
{
    private static readonly ConcurrentQueue<ExceptionDispatchInfo> Failures = new();

    [ThreadStatic]
    private static DifferentiationScope? _current;

    private readonly DifferentiationScope? _outer;

    /// <summary>Begins a computation on this thread.</summary>
    public DifferentiationScope()
    {
        _outer = _current;
        _current = this;
    }

    internal static DifferentiationScope? Current => _current;

    // Read by callbacks that may come on libtorch's threads, while the thread that set them waits for the pass.
    internal bool OnlyInputs { get; private set; }

    internal bool IsLastPass { get; private set; }

    /// <summary>
    /// d⟨1, <paramref name="output"/>⟩/d <paramref name="input"/> as part of the graph, to be differentiated again; ops compute
    /// nothing for their weights meanwhile.
    /// </summary>
    /// <param name="output">A scalar.</param>
    /// <param name="input">Any tensor that it depends on.</param>
    /// <returns>Of the input's shape.</returns>
    public Tensor InputGradient(Tensor output, Tensor input)
    {
        OnlyInputs = true;
        try
        {
            return Gradients([output], [input], createGraph: true)[0]!;
        }
        finally
        {
            OnlyInputs = false;
        }
    }

    /// <summary>Adds the gradients of <paramref name="loss"/> to those of <paramref name="leaves"/>; the last pass: what ops saved is freed on the way.</summary>
    public void Backward(Tensor loss, IReadOnlyList<Tensor> leaves)
    {
        ArgumentNullException.ThrowIfNull(loss);
        IsLastPass = true;
        try
        {
            loss.backward(grad_tensors: null, retain_graph: false, create_graph: false, inputs: [.. leaves]);
        }
        finally
        {
            IsLastPass = false;
            AutogradNode.ReleaseReturned();
        }
        ThrowIfFailed();
    }

    /// <summary>Gradients of outputs that are no part of a scope, or of which all gradients are wanted.</summary>
    /// <param name="outputs">Tensors.</param>
    /// <param name="inputs">What to differentiate by.</param>
    /// <param name="directions">A cotangent per output; null for scalars.</param>
    /// <param name="createGraph">Whether the gradients are differentiated themselves.</param>
    /// <param name="retainGraph">Whether another pass follows; implied by <paramref name="createGraph"/>.</param>
    /// <returns>One per input; null where an output does not depend on it.</returns>
    public static Tensor?[] Gradients(
        IReadOnlyList<Tensor> outputs, IReadOnlyList<Tensor> inputs, IReadOnlyList<Tensor>? directions = null, bool createGraph = false, bool retainGraph = false)
    {
        // libtorch's own failure in this call would end the process: it must be allowed to find no path.
        var gradients = autograd.grad([.. outputs], [.. inputs], directions is null ? null : [.. directions], retainGraph || createGraph, createGraph, allow_unused: true);
        AutogradNode.ReleaseReturned();
        ThrowIfFailed();
        return [.. gradients.Select(gradient => gradient is null || gradient.IsInvalid ? null : gradient)];
    }

    /// <inheritdoc/>
    public void Dispose() => _current = _outer;

    internal static void Failed(ExceptionDispatchInfo failure) => Failures.Enqueue(failure);

    /// <summary>Makes this scope current for what a callback computes, which is part of the same graph.</summary>
    internal Entered Enter() => new(this);

    private static void ThrowIfFailed()
    {
        if (!Failures.TryDequeue(out var failure))
            return;
        Failures.Clear();
        failure.Throw();
    }

    /// <summary>Restores what was current.</summary>
    internal readonly struct Entered : IDisposable
    {
        private readonly DifferentiationScope? _before;

        public Entered(DifferentiationScope scope)
        {
            _before = _current;
            _current = scope;
        }

        public void Dispose() => _current = _before;
    }
}
