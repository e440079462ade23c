using System.Runtime.CompilerServices;

namespace Atelier.Training.Ops;

/// <summary>An op refused its operands; the message names the op, the reason, and the shapes.</summary>
public sealed class OpException : Exception
{
    /// <summary>An op that failed for a reason that its message tells.</summary>
    public OpException(string message) : base(message)
    {
    }

    /// <summary>An op that failed because of something else.</summary>
    public OpException(string message, Exception innerException) : base(message, innerException)
    {
    }

    /// <summary>An op that failed.</summary>
    public OpException()
    {
    }

    /// <summary>Refuses operands unless <paramref name="fits"/>.</summary>
    /// <param name="fits">The condition.</param>
    /// <param name="message">Only made where it does not hold.</param>
    internal static void Unless(bool fits, [InterpolatedStringHandlerArgument(nameof(fits))] ref Reason message)
    {
        if (!fits)
            throw new OpException(message.ToString());
    }

    /// <summary>[2, 3, 4]</summary>
    internal static string Shape(Tensor tensor) => $"[{string.Join(", ", tensor.shape)}]";

    /// <summary>A message that is not put together when nobody reads it.</summary>
    [InterpolatedStringHandler]
    internal ref struct Reason
    {
        private DefaultInterpolatedStringHandler _text;

        public Reason(int literalLength, int formattedCount, bool fits, out bool enabled)
        {
            enabled = !fits;
            _text = fits ? default : new DefaultInterpolatedStringHandler(literalLength, formattedCount);
        }

        public void AppendLiteral(string text) => _text.AppendLiteral(text);

        public void AppendFormatted<T>(T value)
        {
            if (value is Tensor tensor)
                _text.AppendLiteral($"{tensor.dtype} {Shape(tensor)}");
            else
                _text.AppendFormatted(value);
        }

        public override string ToString() => _text.ToStringAndClear();
    }
}
