using static TorchSharp.Interop.Native;

namespace TorchSharp.Interop;

/// <summary>The result of a TorchScript call, in the forms that TorchSharp gives it.</summary>
internal static class ScriptResult
{
    private const int One = 0;
    private const int Tuple = 1;

    /// <summary>Takes the native result's tensors and frees the rest.</summary>
    internal static object? Take(nint result)
    {
        try
        {
            Check(atorch_jit_result_count(result, out var shape, out var count));
            var values = new object?[count];
            for (var i = 0; i < count; i++) values[i] = TakeOne(result, i);
            return shape == One ? values[0] : Shaped(values, shape == Tuple);
        }
        finally
        {
            Check(atorch_jit_result_free(result));
        }
    }

    private static object? TakeOne(nint result, int index)
    {
        Check(atorch_jit_result_take(result, index, out var kind, out var tensor, out var number));
        return kind switch
        {
            ScriptValue.Tensor => new torch.Tensor(tensor),
            ScriptValue.Number => new Scalar(number),
            _ => null,
        };
    }

    private static object Shaped(object?[] values, bool tuple)
    {
        if (values.All(value => value is torch.Tensor)) return Uniform<torch.Tensor>(values, tuple);
        if (values.All(value => value is Scalar)) return Uniform<Scalar>(values, tuple);
        return values;
    }

    private static object Uniform<T>(object?[] values, bool tuple) where T : class
    {
        var all = Array.ConvertAll(values, value => (T)value!);
        return (tuple ? all.Length : 0) switch
        {
            1 => all[0],
            2 => (all[0], all[1]),
            3 => (all[0], all[1], all[2]),
            4 => (all[0], all[1], all[2], all[3]),
            5 => (all[0], all[1], all[2], all[3], all[4]),
            _ => all,
        };
    }
}
