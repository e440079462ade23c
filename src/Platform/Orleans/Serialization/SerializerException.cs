namespace Orleans.Serialization;

/// <summary>A value cannot be sent.</summary>
public class SerializerException : Exception
{
    /// <summary>A failure without a description.</summary>
    public SerializerException()
    {
    }

    /// <summary>What cannot be sent, and why.</summary>
    public SerializerException(string message)
        : base(message)
    {
    }

    /// <summary>What cannot be sent, with the cause.</summary>
    public SerializerException(string message, Exception? innerException)
        : base(message, innerException)
    {
    }
}
