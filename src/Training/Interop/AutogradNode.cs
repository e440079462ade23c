using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using Atelier.Training.Ops;
using TorchSharp;
using static TorchSharp.torch;

namespace Atelier.Training.Interop;

/// <summary>
/// A function of our own in libtorch's graph: what it saves for its backward pass, and that pass. Over the exports that
/// TorchSharp's <c>autograd.Function</c> stands on, without what that one costs: a copy of every output for as long as the
/// graph lives, gradients that nobody asked for, and a process that ends when a callback throws (docs/decisions/0011-torchsharp.md).
/// </summary>
/// <remarks>
/// On the CPU a callback comes on the thread that asked for gradients, on a GPU on libtorch's: nothing here but
/// <see cref="Returned"/> belongs to a thread.
/// </remarks>
internal abstract unsafe class AutogradNode
{
    private const string Library = "LibTorchSharp";

    // The graph refers to a node only by its callbacks.
    private static readonly ConcurrentDictionary<AutogradNode, byte> Alive = new();

    private readonly ApplyCallback _apply;
    private readonly DeleteCallback _delete;
    private readonly DifferentiationScope? _scope = DifferentiationScope.Current;
    private readonly List<nint> _variables = [];
    private readonly List<Tensor> _constants = [];
    private NodePointers _native;
    private nint* _results;
    private int _inputs;
    private bool _released;

    protected AutogradNode()
    {
        _apply = Apply;
        _delete = Delete;
    }

    private delegate TensorArray ApplyCallback(nint* gradients, int count);

    private delegate void DeleteCallback();

    // Handles given to libtorch, which copies what they point to after the callback has returned.
    [field: ThreadStatic]
    private static List<Tensor> Returned => field ??= [];

    /// <summary>Whether gradients of weights are asked for: not while a gradient is taken that is itself differentiated (R1, path length).</summary>
    protected bool WantsWeights => !is_grad_enabled() || _scope is not { OnlyInputs: true };

    /// <summary>Whether an op has to be part of a graph.</summary>
    public static bool IsNeeded(params ReadOnlySpan<Tensor?> inputs)
    {
        if (!is_grad_enabled())
            return false;
        foreach (var input in inputs)
        {
            if (input is { requires_grad: true })
                return true;
        }
        return false;
    }

    /// <summary>Frees what the last callback on this thread gave to libtorch, which has its own hold on it by now.</summary>
    public static void ReleaseReturned()
    {
        foreach (var tensor in Returned)
            tensor.Dispose();
        Returned.Clear();
    }

    /// <summary>Makes this node the function that computed <paramref name="outputs"/>.</summary>
    /// <param name="inputs">The tensors that <see cref="Backward"/> returns gradients of, in its order.</param>
    /// <param name="outputs">Computed without a graph; replaced by tensors that are part of it.</param>
    /// <param name="save">Saves what the backward pass needs.</param>
    public void Attach(ReadOnlySpan<Tensor> inputs, Span<Tensor> outputs, Action save)
    {
        _native = CreateNode(Marshal.GetFunctionPointerForDelegate(_apply), Marshal.GetFunctionPointerForDelegate(_delete));
        Check();
        Alive.TryAdd(this, 0);
        _inputs = inputs.Length;
        _results = (nint*)NativeMemory.AllocZeroed((nuint)inputs.Length, (nuint)sizeof(nint));
        nint* variables = stackalloc nint[inputs.Length];
        for (int i = 0; i < inputs.Length; i++)
            variables[i] = inputs[i].Handle;
        SetNextEdges(_native, new TensorArray(variables, inputs.Length), executable: 1);
        Check();
        save();
        nint* values = stackalloc nint[outputs.Length];
        for (int i = 0; i < outputs.Length; i++)
            values[i] = outputs[i].Handle;
        nint* wrapped = stackalloc nint[outputs.Length];
        _wrapped = wrapped;
        WrapOutputs(new TensorArray(variables, inputs.Length), default, default, new TensorArray(values, outputs.Length), _native, &Wrapped);
        Check();
        for (int i = 0; i < outputs.Length; i++)
        {
            outputs[i].Dispose();
            outputs[i] = Tensor.UnsafeCreateTensor(wrapped[i]);
        }
        // From here the graph owns the node.
        DisposeSharedPointer(_native);
        DisposeWeakPointer(_native);
        _native = default;
        foreach (var input in inputs)
            GC.KeepAlive(input);
    }

    /// <summary>The gradients of the inputs given to <see cref="Attach"/>, null where none is asked for.</summary>
    /// <param name="gradients">Those of the outputs, null where nobody depends on one; disposed after the call.</param>
    protected abstract Tensor?[] Backward(Tensor?[] gradients);

    /// <summary>Saves a tensor with its place in the graph, and returns its number.</summary>
    protected int SaveVariable(Tensor tensor)
    {
        _variables.Add(SaveVariable(tensor.Handle, _native, inplaceOnView: 0));
        Check();
        return _variables.Count - 1;
    }

    /// <summary>Saves a tensor's values, or null, and returns its number.</summary>
    protected int SaveConstant(Tensor? tensor)
    {
        _constants.Add(tensor?.detach().DetachFromDisposeScope()!);
        return _constants.Count - 1;
    }

    /// <summary>A saved tensor as part of the graph.</summary>
    protected Tensor Variable(int number)
    {
        ObjectDisposedException.ThrowIf(_released, typeof(Tensor));
        nint handle = Unpack(_variables[number], default);
        Check();
        return Tensor.UnsafeCreateTensor(handle);
    }

    /// <summary>A saved tensor's values.</summary>
    protected Tensor? Constant(int number)
    {
        ObjectDisposedException.ThrowIf(_released, typeof(Tensor));
        return _constants[number];
    }

    [ThreadStatic]
    private static nint* _wrapped;

    [UnmanagedCallersOnly]
    private static nint* Wrapped(nuint count) => _wrapped;

    private TensorArray Apply(nint* gradients, int count)
    {
        // Not before: where a result of the callback before is this one's argument, it was copied long ago.
        ReleaseReturned();
        new Span<nint>(_results, _inputs).Clear();
        try
        {
            using var entered = _scope?.Enter();
            using var scope = NewDisposeScope();
            var given = new Tensor?[count];
            for (int i = 0; i < count; i++)
                given[i] = gradients[i] == 0 ? null : Tensor.UnsafeCreateTensor(gradients[i]);
            var results = Backward(given);
            for (int i = 0; i < results.Length; i++)
            {
                if (results[i] is { } result)
                {
                    Returned.Add(result.DetachFromDisposeScope());
                    _results[i] = result.Handle;
                }
            }
            if (_scope is { IsLastPass: true })
                Release();
        }
#pragma warning disable CA1031 // an exception that leaves a callback ends the process; it is thrown when the pass has returned
        catch (Exception e)
#pragma warning restore CA1031
        {
            new Span<nint>(_results, _inputs).Clear();
            DifferentiationScope.Failed(ExceptionDispatchInfo.Capture(e));
        }
        return new TensorArray(_results, _inputs);
    }

    private void Delete()
    {
        Release();
        NativeMemory.Free(_results);
        _results = null;
        Alive.TryRemove(this, out _);
    }

    private void Release()
    {
        _released = true;
        foreach (nint variable in _variables)
            DisposeVariable(variable);
        _variables.Clear();
        foreach (var constant in _constants)
            constant?.Dispose();
        _constants.Clear();
    }

    private static void Check()
    {
        nint message = LastError();
        if (message != 0)
            throw new InvalidOperationException($"libtorch: {Marshal.PtrToStringUTF8(message)}");
    }

    private readonly record struct NodePointers(nint Shared, nint Weak);

    [StructLayout(LayoutKind.Sequential)]
    private readonly struct TensorArray(nint* array, long size)
    {
        public readonly nint* Array = array;
        public readonly long Size = size;
    }

#pragma warning disable SYSLIB1054 // blittable, and without the marshaller's stub of a source-generated import
    [DllImport(Library, EntryPoint = "THSAutograd_CSharpNode_ctor")]
    private static extern NodePointers CreateNode(nint apply, nint delete);

    [DllImport(Library, EntryPoint = "THSAutograd_CSharpNode_setNextEdges")]
    private static extern void SetNextEdges(NodePointers node, TensorArray variables, byte executable);

    [DllImport(Library, EntryPoint = "THSAutograd_CSharpNode_disposeSharedPtr")]
    private static extern void DisposeSharedPointer(NodePointers node);

    [DllImport(Library, EntryPoint = "THSAutograd_CSharpNode_disposeWeakPtr")]
    private static extern void DisposeWeakPointer(NodePointers node);

    [DllImport(Library, EntryPoint = "THSAutograd_Function_wrapOutputs")]
    private static extern void WrapOutputs(
        TensorArray variables, TensorArray nonDifferentiable, TensorArray dirty, TensorArray outputs, NodePointers node, delegate* unmanaged<nuint, nint*> allocate);

    [DllImport(Library, EntryPoint = "THSAutograd_SavedVariable_ctor")]
    private static extern nint SaveVariable(nint tensor, NodePointers node, byte inplaceOnView);

    [DllImport(Library, EntryPoint = "THSAutograd_SavedVariable_unpack")]
    private static extern nint Unpack(nint variable, NodePointers node);

    [DllImport(Library, EntryPoint = "THSAutograd_SavedVariable_dispose")]
    private static extern void DisposeVariable(nint variable);

    [DllImport(Library, EntryPoint = "THSTorch_get_and_reset_last_err")]
    private static extern nint LastError();
#pragma warning restore SYSLIB1054
}
