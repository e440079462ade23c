namespace Orleans.Runtime;

/// <summary>The observer that a call was for is gone: its reference was deleted, or nobody kept it alive.</summary>
public sealed class ClientNotAvailableException : OrleansException
{
    internal ClientNotAvailableException(GrainId observer)
        : base($"The observer {observer} is gone.")
    {
    }
}
