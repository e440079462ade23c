using System.Runtime.InteropServices;

namespace TorchSharp.Interop;

/// <summary>Arguments of a TorchScript call, with the memory that lists of tensors need during it.</summary>
internal sealed class ScriptArguments : IDisposable
{
    private readonly object?[] arguments;
    private readonly ScriptValue[] values;
    private readonly List<GCHandle> pinned = [];

    internal ScriptArguments(object?[] arguments)
    {
        this.arguments = arguments;
        values = new ScriptValue[arguments.Length];
        for (var i = 0; i < values.Length; i++) values[i] = Value(arguments[i]);
    }

    internal ReadOnlySpan<ScriptValue> Values => values;

    public void Dispose()
    {
        foreach (var handle in pinned) handle.Free();
        GC.KeepAlive(arguments);
    }

    private ScriptValue Value(object? argument) => argument switch
    {
        null => default,
        torch.Tensor tensor => new ScriptValue { Kind = ScriptValue.Tensor, Single = tensor.Handle },
        Scalar scalar => Of(scalar),
        double value => Of(value),
        float value => Of(value),
        long value => Of(value),
        int value => Of(value),
        bool value => Of(value),
        IList<torch.Tensor> tensors => List(tensors),
        _ => throw new NotSupportedException($"TorchScript takes no argument of type {argument.GetType().Name} here."),
    };

    private static ScriptValue Of(Scalar scalar) => new() { Kind = ScriptValue.Number, Scalar = scalar.Value };

    private ScriptValue List(IList<torch.Tensor> tensors)
    {
        var handle = GCHandle.Alloc(Results.Pointers(tensors), GCHandleType.Pinned);
        pinned.Add(handle);
        return new ScriptValue { Kind = ScriptValue.Tensors, Many = handle.AddrOfPinnedObject(), Count = tensors.Count };
    }
}
