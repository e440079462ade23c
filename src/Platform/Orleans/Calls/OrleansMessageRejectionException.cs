namespace Orleans.Runtime;

/// <summary>A call was refused before it reached its grain.</summary>
public class OrleansMessageRejectionException : OrleansException
{
    internal OrleansMessageRejectionException(string message)
        : base(message)
    {
    }

    internal OrleansMessageRejectionException(string message, Exception? innerException)
        : base(message, innerException)
    {
    }
}
