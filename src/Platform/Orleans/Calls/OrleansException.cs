namespace Orleans.Runtime;

/// <summary>A failure of the silo rather than of a grain's code.</summary>
public class OrleansException : Exception
{
    /// <summary>A failure without a description.</summary>
    public OrleansException()
    {
    }

    /// <summary>A failure.</summary>
    public OrleansException(string message)
        : base(message)
    {
    }

    /// <summary>A failure with its cause.</summary>
    public OrleansException(string message, Exception? innerException)
        : base(message, innerException)
    {
    }
}
