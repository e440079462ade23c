namespace Atelier.Training.Ops;

/// <summary>A native op refused its operands or failed; the message names the op, the reason, and every operand's dtype and shape.</summary>
public sealed class NativeOpException : Exception
{
    /// <summary>An op that failed for a reason that its message tells.</summary>
    public NativeOpException(string message) : base(message)
    {
    }

    /// <summary>An op that failed because of something else.</summary>
    public NativeOpException(string message, Exception innerException) : base(message, innerException)
    {
    }

    /// <summary>An op that failed.</summary>
    public NativeOpException()
    {
    }

    internal static NativeOpException For(string op, string reason, ReadOnlySpan<Tensor?> operands)
    {
        var described = new List<string>();
        foreach (var operand in operands)
            described.Add(operand is null ? "none" : $"{operand.dtype} [{string.Join(", ", operand.shape)}]");
        return new NativeOpException($"{op}({string.Join(", ", described)}): {reason}");
    }
}
