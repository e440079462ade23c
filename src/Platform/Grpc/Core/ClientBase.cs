namespace Grpc.Core;

/// <summary>What generated clients share, without their type.</summary>
public abstract class ClientBase
{
    private readonly CallInvoker? _callInvoker;

    /// <summary>A client for tests that override its methods.</summary>
    protected ClientBase()
    {
    }

    /// <summary>A client as another one was configured.</summary>
    protected ClientBase(ClientBaseConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        _callInvoker = configuration.CallInvoker;
    }

    /// <summary>A client over a channel.</summary>
    public ClientBase(ChannelBase channel)
    {
        ArgumentNullException.ThrowIfNull(channel);
        _callInvoker = channel.CreateCallInvoker();
    }

    /// <summary>A client over an invoker.</summary>
    public ClientBase(CallInvoker callInvoker) => _callInvoker = callInvoker ?? throw new ArgumentNullException(nameof(callInvoker));

    /// <summary>Makes the calls.</summary>
    protected CallInvoker CallInvoker => _callInvoker ?? throw new InvalidOperationException("this client was made without a channel");

    /// <summary>What one client hands to another.</summary>
    protected internal class ClientBaseConfiguration
    {
        internal ClientBaseConfiguration(CallInvoker callInvoker) => CallInvoker = callInvoker;

        internal CallInvoker CallInvoker { get; }
    }
}

/// <summary>What generated clients share.</summary>
/// <typeparam name="T">The generated client.</typeparam>
public abstract class ClientBase<T> : ClientBase
    where T : ClientBase<T>
{
    /// <summary>A client for tests that override its methods.</summary>
    protected ClientBase()
    {
    }

    /// <summary>A client as another one was configured.</summary>
    protected ClientBase(ClientBaseConfiguration configuration)
        : base(configuration)
    {
    }

    /// <summary>A client over a channel.</summary>
    public ClientBase(ChannelBase channel)
        : base(channel)
    {
    }

    /// <summary>A client over an invoker.</summary>
    public ClientBase(CallInvoker callInvoker)
        : base(callInvoker)
    {
    }

    /// <summary>Another client of the type; generated.</summary>
    protected abstract T NewInstance(ClientBaseConfiguration configuration);
}
