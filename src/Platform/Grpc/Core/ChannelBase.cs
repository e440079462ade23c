namespace Grpc.Core;

/// <summary>A way to a server.</summary>
public abstract class ChannelBase
{
    /// <summary>For those who implement one.</summary>
    /// <param name="target">Where it leads.</param>
    protected ChannelBase(string target) => Target = target ?? throw new ArgumentNullException(nameof(target));

    /// <summary>Where it leads: host and port.</summary>
    public string Target { get; }

    /// <summary>What generated clients call through.</summary>
    public abstract CallInvoker CreateCallInvoker();
}
