using Orleans.Runtime;

namespace Orleans.Storage;

/// <summary>A grain asks for a storage that the silo does not have.</summary>
public sealed class BadProviderConfigException : OrleansException
{
    /// <summary>A missing storage without a description.</summary>
    public BadProviderConfigException()
    {
    }

    /// <summary>Which storage is missing.</summary>
    public BadProviderConfigException(string msg)
        : base(msg)
    {
    }

    /// <summary>Which storage is missing, with the cause.</summary>
    public BadProviderConfigException(string msg, Exception? exc)
        : base(msg, exc)
    {
    }
}
