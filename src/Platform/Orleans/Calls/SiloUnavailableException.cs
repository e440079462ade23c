namespace Orleans.Runtime;

/// <summary>The silo has not started, or it stops.</summary>
public sealed class SiloUnavailableException : OrleansMessageRejectionException
{
    /// <summary>A refusal without a description.</summary>
    public SiloUnavailableException()
        : base("The silo is not available.")
    {
    }

    /// <summary>A refusal.</summary>
    public SiloUnavailableException(string msg)
        : base(msg)
    {
    }

    /// <summary>A refusal with its cause.</summary>
    public SiloUnavailableException(string message, Exception? innerException)
        : base(message, innerException)
    {
    }
}
