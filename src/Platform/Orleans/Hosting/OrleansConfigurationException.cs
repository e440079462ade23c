namespace Orleans.Runtime;

/// <summary>The silo cannot start as it is configured.</summary>
public sealed class OrleansConfigurationException : Exception
{
    /// <summary>What is wrong and what to change.</summary>
    public OrleansConfigurationException(string message)
        : base(message)
    {
    }

    /// <summary>What is wrong, with its cause.</summary>
    public OrleansConfigurationException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
