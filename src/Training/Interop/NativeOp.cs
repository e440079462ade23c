using Atelier.Training.Ops;

namespace Atelier.Training.Interop;

/// <summary>What every call of a native op shares: handles in, status out, operands alive until it returns.</summary>
internal static class NativeOp
{
    /// <summary>The native handle of an operand, zero for one left out.</summary>
    internal static nint Handle(Tensor? operand) => operand?.Handle ?? 0;

    /// <summary>The tensor that a call returned; its scope is the thread's innermost.</summary>
    /// <param name="op">Named in the error.</param>
    /// <param name="status">What the call returned.</param>
    /// <param name="result">The handle it gave.</param>
    /// <param name="operands">Kept alive up to here; their shapes and dtypes are named in the error.</param>
    /// <exception cref="NativeOpException">The call failed.</exception>
    internal static Tensor Result(string op, int status, nint result, params ReadOnlySpan<Tensor?> operands)
    {
        Check(op, status, operands);
        return Tensor.UnsafeCreateTensor(result);
    }

    /// <summary>Checks a call that returns no tensor.</summary>
    /// <exception cref="NativeOpException">The call failed.</exception>
    internal static void Check(string op, int status, params ReadOnlySpan<Tensor?> operands)
    {
        var reason = status == 0 ? null : OpsLibrary.LastError();
        foreach (var operand in operands)
            GC.KeepAlive(operand);
        if (reason is not null)
            throw NativeOpException.For(op, reason, operands);
    }
}
